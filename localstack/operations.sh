#!/usr/bin/env bash
# Does on the emulator what docs/operations.md says, by its own commands: makes the first invite and the first admin, opens the shop, has
# the journeys played with that admin, takes the admin's power away, replaces the key of access tokens, and replays a dead letter.
# journeys.sh deploys, and runs this with BASE_URL, SOCKET_URL and EVENT_QUEUE_URL.
#
#   localstack/operations.sh [ENDPOINT_URL]
set -euo pipefail
cd "$(dirname "$0")/.."

. localstack/documented.sh
export BASE_URL=${BASE_URL:?} SOCKET_URL=${SOCKET_URL:?} EVENT_QUEUE_URL=${EVENT_QUEUE_URL:?}
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
ADMIN_SITE_ID=$name ADMIN_PASSWORD=$password localstack/test.sh -p croupier-tests --test journeys

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

say "An entry that makes no event"
# A player whom nobody is, and an entry that says nothing.
nobody=${player%?}$([ "${player: -1}" = 0 ] && echo 1 || echo 0)
key="pk={S=PLAYER#$nobody},sk={S=TX#n#poison}"
aws dynamodb put-item --table-name "$TABLE_NAME" --item "$key"
run "Dead letters"
dead_letters() { cargo run -q --locked --bin dead-letters -- "$@"; }
for _ in $(seq 60); do
  letters=$(dead_letters list)
  [[ $letters != *$nobody* ]] || break
  sleep 1
done
echo "$letters"
[[ $letters == *"$nobody TX#n#poison: missing field"* ]] || die "The dead letter is not there, or without its cause."
if answer=$(dead_letters replay --all); then die "What is not mended is taken."; fi
echo "$answer"
[[ $answer == *"NOT taken: it was put aside again"* ]] || die "What is not mended is not said to be put aside again."

say "Mended: it says what the first entry of a real player says"
aws dynamodb query --table-name "$TABLE_NAME" --index-name by_number --key-condition-expression 'pk = :pk AND #n = :n' \
  --expression-attribute-names '{"#n":"number"}' --expression-attribute-values "{\":pk\":{\"S\":\"PLAYER#$player\"},\":n\":{\"N\":\"1\"}}" \
  --query 'Items[0]' | sed "s/$player/$nobody/" |
  python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin) | {"sk": {"S": "TX#n#poison"}}))' >target/emulator/mended.json
aws dynamodb put-item --table-name "$TABLE_NAME" --item file://target/emulator/mended.json
dead_letters replay --all
letters=$(dead_letters list)
[ -z "$letters" ] || die "What was taken is still there: $letters"
told "$EVENT_QUEUE_URL" "$nobody"
aws dynamodb delete-item --table-name "$TABLE_NAME" --key "$key"
