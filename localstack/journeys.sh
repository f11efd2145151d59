#!/usr/bin/env bash
# Checks the template, builds the release executable, deploys both to an emulator, and plays there what `cargo test`
# plays on the embedded stack. The commands of docs/operations.md make the admin and replace the key of access tokens.
# What it needs of Python's packages, a gigabyte, is installed below target/emulator by the first run.
#
#   localstack/journeys.sh                 on an emulator that is started for this, on a free port, and stopped again
#   localstack/journeys.sh ENDPOINT_URL    on an emulator that runs already
set -euo pipefail
cd "$(dirname "$0")/.."

most_bytes=$((16 * 1024 * 1024))
executable=target/lambda/bootstrap/bootstrap

localstack/deploy.sh --install
export PATH=$PWD/target/emulator/venv/bin:$PATH

cfn-lint template.yaml
AWS_DEFAULT_REGION=us-east-1 SAM_CLI_TELEMETRY=0 sam validate --lint

cargo lambda build --release --locked -p croupier-functions
bytes=$(wc -c <"$executable")
zipped=$(python3 -c 'import sys, zlib; print(len(zlib.compress(open(sys.argv[1], "rb").read(), 9)))' "$executable")
echo "The executable has $bytes bytes, $zipped zipped."
[ "$bytes" -le "$most_bytes" ] || { echo "That is more than $most_bytes." >&2; exit 1; }
BOOTSTRAP=$PWD/$executable localstack/test.sh -p croupier-tests --test contract bootstrap

if [ $# = 0 ]; then
  EMULATOR_PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  export EMULATOR_PORT
  trap 'localstack/deploy.sh --stop' EXIT
fi
# Whoever tried another deployment before may have exported where that one is.
unset BASE_URL SOCKET_URL EVENT_QUEUE_URL TABLE_NAME
places=$(localstack/deploy.sh "$@")
echo "$places"
export $places
localstack/operations.sh "$@"
localstack/restore.sh "$@"
