#!/usr/bin/env bash
# Deploys template.yaml with the release executable to an emulator of AWS.
#
#   localstack/deploy.sh                 start ministack on loopback and deploy to it
#   localstack/deploy.sh ENDPOINT_URL    deploy to an emulator that runs already
#   localstack/deploy.sh --stop          stop what was started
#   localstack/deploy.sh --install       install what it needs, and no more
#
# DEFAULT_INVITE_CODE is the invite that lets players in, 5858 where it is not set.
# Standard output is four assignments: BASE_URL, SOCKET_URL, EVENT_QUEUE_URL, TABLE_NAME.
set -euo pipefail
cd "$(dirname "$0")/.."

work=target/emulator
bin=$PWD/$work/venv/bin
port=${EMULATOR_PORT:-4566}
pid_file=$work/ministack-$port.pid # ministack writes and removes it

say() { echo "$*" >&2; }
die() { say "$*"; exit 1; }
running() { [ -f "$pid_file" ] && kill -0 "$(cat "$pid_file")" 2>/dev/null; }
ministack() { curl -fs --max-time 5 -o /dev/null "$1/_ministack/health"; }

stop() {
  running || { say "Nothing to stop."; return 0; }
  local pid
  pid=$(cat "$pid_file")
  kill "$pid"
  for _ in $(seq 300); do
    # A container may have nobody to reap it, hence the look at its state.
    ps -o stat= -p "$pid" | grep -q '^[^Z]' || { rm -rf "$work/ministack-provided-code-$port"; return 0; }
    sleep 0.1
  done
  die "ministack does not end: process $pid"
}

install() {
  cmp -s localstack/requirements.txt "$work/requirements.txt" && return
  say "Installing localstack/requirements.txt into $work/venv"
  python3 -m venv "$work/venv"
  "$bin/pip" install -q -r localstack/requirements.txt
  cp localstack/requirements.txt "$work/requirements.txt"
}

start() {
  running && return
  ministack "$1" && die "Another emulator answers on $1; pass that address to deploy to it."
  # Functions inherit the emulator's environment, hence an empty one. AUTH makes it enforce each function's role.
  # IOT_MTLS_ENABLED=0 closes a listener that would otherwise be open to the whole network.
  env -i PATH="$PATH" HOME="$HOME" TMPDIR="$PWD/$work" \
    BIND_HOST=127.0.0.1 GATEWAY_PORT="$port" AUTH="${AUTH:-true}" IOT_MTLS_ENABLED=0 \
    AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test \
    nohup "$bin/ministack" >"$work/ministack.log" 2>&1 </dev/null &
  for _ in $(seq 150); do
    kill -0 $! 2>/dev/null || die "ministack ended at once; see $work/ministack.log"
    ministack "$1" && return
    sleep 0.2
  done
  kill $! || true
  die "ministack did not answer on $1; see $work/ministack.log"
}

# An empty table lets nobody in. The item is what croupier_rules::account::Invite looks like there.
offer_invite() {
  "$bin/python" - "$1" "${DEFAULT_INVITE_CODE:-5858}" <<'END'
import datetime, sys, boto3
table, code = sys.argv[1], sys.argv[2].strip().upper()
now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
texts = {"pk": f"INVITE#{code}", "sk": "CODE", "code": code, "created_at": now, "shelf": "INVITES", "name": f"{now}#{code}"}
invite = {name: {"S": text} for name, text in texts.items()} | {"used": {"N": "0"}, "active": {"BOOL": True}}
dynamodb = boto3.client("dynamodb")
try:
    dynamodb.put_item(TableName=table, Item=invite, ConditionExpression="attribute_not_exists(pk)")
except dynamodb.exceptions.ConditionalCheckFailedException:
    pass  # it is there, and keeps the count of its uses
END
}

deploy() {
  local outputs architecture=x86_64 kind=other
  case $(uname -m) in arm64 | aarch64) architecture=arm64 ;; esac
  ministack "$1" && kind=ministack
  "$bin/python" localstack/localise.py "$1" "$kind" <template.yaml >"$work/template.yaml"

  unset AWS_PROFILE AWS_SESSION_TOKEN
  export AWS_ENDPOINT_URL=$1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
  export AWS_DEFAULT_REGION=us-east-1 AWS_REGION=us-east-1 SAM_CLI_TELEMETRY=0
  say "Deploying to $1"
  "$bin/sam" deploy --template-file "$work/template.yaml" --stack-name croupier --resolve-s3 \
    --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND --no-confirm-changeset --no-fail-on-empty-changeset \
    --parameter-overrides Architecture="$architecture" DeletionProtection=false PaymentGateway=sandbox >"$work/deploy.log" 2>&1 ||
    { tail -n 20 "$work/deploy.log" >&2; die "The deployment failed; see $work/deploy.log"; }
  outputs=$("$bin/sam" list stack-outputs --stack-name croupier --output json 2>>"$work/deploy.log" | "$bin/python" -c '
import json, sys
outputs = {each["OutputKey"]: each["OutputValue"] for each in json.load(sys.stdin)}
for name, key in ("BASE_URL", "ApiUrl"), ("SOCKET_URL", "SocketUrl"), ("EVENT_QUEUE_URL", "EventQueueUrl"), ("TABLE_NAME", "TableName"):
    print(f"{name}={outputs[key]}")')
  offer_invite "${outputs##*TABLE_NAME=}"
  echo "$outputs"
}

mkdir -p "$work"
case ${1:-} in
  --stop) stop; exit ;;
  --install) install; exit ;;
  "" | http://* | https://*) ;;
  *) die "Usage: localstack/deploy.sh [ENDPOINT_URL | --stop | --install]" ;;
esac
install
[ -x target/lambda/bootstrap/bootstrap ] ||
  die "target/lambda/bootstrap/bootstrap is missing; build it with: cargo lambda build --release -p croupier-functions"
endpoint=${1:-http://127.0.0.1:$port}
endpoint=${endpoint%/}
[ $# -gt 0 ] || start "$endpoint"
deploy "$endpoint"
