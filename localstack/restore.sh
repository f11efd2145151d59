#!/usr/bin/env bash
# Proves on the emulator what docs/operations.md says of restoring the table, by its own commands: players play, a backup is made, they play
# on, the table is lost and restored, every item is compared, and they go on from where the backup was. That the comparison sees a single
# coin is tried as well. journeys.sh deploys, and runs this with BASE_URL, EVENT_QUEUE_URL and TABLE_NAME.
#
#   localstack/restore.sh [ENDPOINT_URL]
set -euo pipefail
cd "$(dirname "$0")/.."

. localstack/documented.sh
: "${BASE_URL:?}" "${EVENT_QUEUE_URL:?}" "${TABLE_NAME:?}"
post() { curl -fsS -H 'content-type: application/json' ${3:+-H "authorization: Bearer $3"} -d "$2" "$BASE_URL$1"; }
spin() { post /api/games/slot/spin '{"bet_amount":10}' "$1"; }
items() { python3 localstack/items.py "$TABLE_NAME"; }
sequence() { curl -fsS -H "authorization: Bearer $1" "$BASE_URL/api/users/balance" | field sequence; }

say "Players play"
run=$(date +%s)
tokens=()
for name in ann bob cid; do
  newcomer="{\"site_id\":\"$name-$run\",\"nickname\":\"$name $run\",\"password\":\"lemon-cherry-7\","
  newcomer+="\"invite_code\":\"${DEFAULT_INVITE_CODE:-5858}\"}"
  tokens+=("$(post /api/auth/signup "$newcomer" | field access_token)")
done
for token in "${tokens[@]}"; do
  for _ in 1 2 3; do spin "$token" >/dev/null; done
  post /api/games/gacha/pull '{"pull_count":2}' "$token" >/dev/null
done
ann=${tokens[0]}
player=$(curl -fsS -H "authorization: Bearer $ann" "$BASE_URL/api/auth/me" | field id)

say "A backup"
expected=$(items)
# Boards follow the players: what is compared must have come to rest.
for _ in $(seq 30); do
  sleep 1
  before=$expected
  expected=$(items)
  [ "$expected" != "$before" ] || break
done
BACKUP_ARN=$(aws dynamodb create-backup --table-name "$TABLE_NAME" --backup-name "try-$run" --query BackupDetails.BackupArn --output text)
[ "$(items)" = "$expected" ] || die "The table does not come to rest."
[[ $expected == *"  PLAYER#$player  PLAYER"* ]] || die "Who has played is not among the items."
echo "$(wc -l <<<"$expected") items"
reached=$(sequence "$ann")

say "They play on, and the table is lost"
lost=$(spin "$ann" | field round_id)
trap 'rm -rf "${NOTES:-}"' EXIT
run "Deploying"
run "1. Stop the consumers"
[ -n "$STREAM_READERS" ] || die "Nobody reads the stream."
aws dynamodb update-table --table-name "$TABLE_NAME" --no-deletion-protection-enabled --query TableDescription.TableStatus
aws dynamodb delete-table --table-name "$TABLE_NAME" --query TableDescription.TableStatus
printf '%s\n' "$expected" >"$NOTES/items-expected"

run "2. Restore"
run "3. Compare every item"

say "One coin more is seen"
coins() {
  aws dynamodb update-item --table-name "$TABLE_NAME" --key "pk={S=PLAYER#$player},sk={S=PLAYER}" \
    --update-expression 'SET coins = coins + :more' --expression-attribute-values ":more={N=$1}"
}
coins 1
# It fails, and so it would if the items could not be read: what counts is that it tells of this one, and of no other.
differences=$(run "3. Compare every item" || true)
echo "$differences"
differences=$(sed -n 's/^\([<>]\) [0-9a-f]\{64\}  /\1 /p' <<<"$differences")
[ "$differences" = "< PLAYER#$player  PLAYER"$'\n'"> PLAYER#$player  PLAYER" ] ||
  die "The comparison does not say which item has one coin more."
coins -1
run "3. Compare every item"

run "4. Make it whole"
run "5. Let consumers read it"

say "They go on from where the backup was"
[ "$(sequence "$ann")" = "$reached" ] || die "The ledger is not where the backup was."
again=$(spin "$ann")
[ "$(field sequence <<<"$again")" = $((reached + 1)) ] || die "The ledger does not go on."
round=$(field round_id <<<"$again")
[ "$round" != "$lost" ] || die "Two rounds have one id."
told "$EVENT_QUEUE_URL" "$round"
echo "Restored, compared, and readers of events are told of what is played now."
