#!/usr/bin/env bash
# Starts the game as a newcomer does, pastes the lines that it prints into a shell, and ends it with Ctrl-C.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --locked
printed=$(mktemp)
target/debug/croupier --memory --port 0 >"$printed" &
game=$!
trap 'kill "$game" 2>/dev/null || true; rm -f "$printed"' EXIT

for _ in $(seq 100); do
  grep -q 'Ctrl-C ends it' "$printed" && break
  sleep 0.1
done
line=$(grep 'TOKEN=' "$printed")
spin=$(bash -c "$line")
echo "$spin"
grep -q '"round_id":"ent_' <<<"$spin"
letters=$(bash -c "$(grep 'FAILURE_QUEUE_URLS=' "$printed")")
[ -z "$letters" ]

kill -INT "$game"
wait "$game"
grep -q 'Stopping' "$printed"
