#!/usr/bin/env bash
# Starts the game as a newcomer does, pastes the lines that it prints into a shell, and ends it with Ctrl-C.
set -euo pipefail
cd "$(dirname "$0")/.."

die() { echo "$*" >&2; exit 1; }
# The line that the game has printed with this in it.
line() { grep -F -m 1 "$1" "$printed" || die "The game prints no line with $1."; }

cargo build --locked
printed=$(mktemp)
target/debug/croupier --memory --port 0 >"$printed" &
game=$!
trap 'kill "$game" 2>/dev/null || true; rm -f "$printed"' EXIT

for _ in $(seq 100); do
  ! grep -q 'Ctrl-C ends it' "$printed" || break
  kill -0 "$game" 2>/dev/null || die "The game ended by itself."
  sleep 0.1
done
line 'Ctrl-C ends it' >/dev/null

pasted=$(line 'TOKEN=')
spin=$(bash -c "$pasted")
echo "$spin"
[[ $spin == *'"round_id":"ent_'* ]] || die "Whoever pastes the first line does not spin."

pasted=$(line 'FAILURE_QUEUE_URLS=')
letters=$(bash -c "$pasted")
[ -z "$letters" ] || die "Something could not be taken: $letters"

kill -INT "$game"
wait "$game"
line 'Stopping' >/dev/null
