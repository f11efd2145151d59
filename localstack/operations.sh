#!/usr/bin/env bash
# Does on the emulator what docs/operations.md says, by its own commands: makes the first invite and the first admin, opens the shop, has
# the journeys played with that admin, takes the admin's power away, and replaces the key of access tokens. journeys.sh
# deploys, and runs this with BASE_URL, SOCKET_URL and EVENT_QUEUE_URL.
#
#   localstack/operations.sh [ENDPOINT_URL]
set -euo pipefail
cd "$(dirname "$0")/.."

endpoint=${1:-http://127.0.0.1:${EMULATOR_PORT:-4566}}
unset AWS_PROFILE AWS_SESSION_TOKEN
export AWS_ENDPOINT_URL=${endpoint%/} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1
export PATH=$PWD/target/emulator/venv/bin:$PATH

say() { printf '\n── %s\n' "$*"; }
die() { echo "$*" >&2; exit 1; }
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
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
post() { curl -fsS -H 'content-type: application/json' -d "$2" "$BASE_URL$1"; }
status() { curl -s -o /dev/null -w '%{http_code}' "${@:2}" "$BASE_URL$1"; }

name=operator-$(date +%s)
password=$(python3 -c 'import secrets; print(secrets.token_urlsafe(12))')
credentials="{\"site_id\":\"$name\",\"password\":\"$password\"}"
code=FIRST$(date +%s)

run "Deploying"
run "The first invite" "s/WELCOME/$code/"
player=$(post /api/auth/signup "{\"nickname\":\"$name\",\"invite_code\":\"$code\",${credentials#\{}" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["user"]["id"])')
run "The first admin" "s/^PLAYER_ID=.*/PLAYER_ID=$player/"
admin=$(post /api/auth/admin/login "$credentials" | field access_token)
run "Opening the shop" "s/\$ADMIN_TOKEN/$admin/; s|^API_URL=.*|API_URL=$BASE_URL|"

say "Journeys"
ADMIN_SITE_ID=$name ADMIN_PASSWORD=$password cargo test --locked -p croupier-tests --test journeys

# The journeys have logged the admin in so often that the first session has ended.
admin=$(post /api/auth/admin/login "$credentials" | field access_token)
run "Taking it away"
[ "$(status /api/admin/users -H "authorization: Bearer $admin")" = 403 ] || die "Who is no admin any more acts as one."

log_in() { post /api/auth/login "$credentials" | field access_token; }
lets_in() { [ "$(status /api/auth/me -H "authorization: Bearer $1")" = "$2" ] || die "A token is not answered with $2."; }
key_of() { echo "${1%%.*}"; }

tokens=$(post /api/auth/login "$credentials")
old=$(field access_token <<<"$tokens")
refresh() { tokens=$(post /api/auth/refresh "{\"refresh_token\":\"$(field refresh_token <<<"$tokens")\"}"); }

run "Replacing the key of access tokens"
run "1. Make the new key known"
lets_in "$old" 200
[ "$(key_of "$(log_in)")" = "$(key_of "$old")" ] || die "The new key signs before everyone knows it."

run "2. Sign with it"
lets_in "$old" 200
new=$(log_in)
lets_in "$new" 200
[ "$(key_of "$new")" != "$(key_of "$old")" ] || die "The new key does not sign."

run "3. Take the old key away"
lets_in "$old" 401
lets_in "$new" 200
refresh
lets_in "$(field access_token <<<"$tokens")" 200

run "When a key leaked"
lets_in "$new" 401
refresh
lets_in "$(field access_token <<<"$tokens")" 200
