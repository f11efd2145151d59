# What the scripts have in common that run the commands of docs/operations.md. Source it in the root of the repository: the first argument of
# the script is the emulator's URL.

endpoint=${1:-http://127.0.0.1:${EMULATOR_PORT:-4566}}
unset AWS_PROFILE AWS_SESSION_TOKEN
export AWS_ENDPOINT_URL=${endpoint%/} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1
export PATH=$PWD/target/emulator/venv/bin:$PATH

say() { printf '\n── %s\n' "$*"; }
die() { echo "$*" >&2; exit 1; }
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
documented() { awk -v heading="$1" '
  /^```/ { inside = !inside; shell = inside && here && $0 == "```sh"; next }
  !inside && /^#/ { sub(/^#+ /, ""); here = $0 == heading }
  shell { print; any = 1 }
  END { if (!any) { print "docs/operations.md has no commands under: " heading >"/dev/stderr"; exit 1 } }' docs/operations.md; }
# Runs the commands under a heading, with other values for what stands there as an example.
run() {
  say "$1"
  local commands
  commands=$(documented "$1" | sed "${2:-}")
  eval "$commands"
}
# Reads a queue of events until one of them says this, for a minute at most, and deletes what it reads: of each player the queue hands out nothing
# before what is in the way is deleted.
told() {
  python3 - "$@" <<'END'
import os, sys, time, boto3
queue, wanted = sys.argv[1:]
sqs = boto3.client("sqs", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
until = time.time() + 60
while time.time() < until:
    for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", []):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        if wanted in message["Body"]:
            sys.exit()
sys.exit(f"Readers of events are not told of {wanted}.")
END
}
