#!/usr/bin/env bash
# Plays a journey whose events become rows of ClickHouse's own engine, with answers that get lost and events that come again, and asks
# what the dashboard asks. The engine is installed below target/analytics, once.
#
#   localstack/analytics.sh               where it cannot be installed, says SKIPPED and checks nothing
#   localstack/analytics.sh --required    where it cannot be installed, fails
set -euo pipefail
cd "$(dirname "$0")/.."

work=target/analytics

say() { echo "$*" >&2; }
die() { say "$*"; exit 1; }

case "$*" in
  "" | --required) ;;
  *) die "Usage: localstack/analytics.sh [--required]" ;;
esac

# The engine asks for more packages, for data frames that nobody wants here.
if ! python=$(localstack/installed.sh analytics chdb --no-deps); then
  [ -z "$*" ] || die "ClickHouse's engine cannot be installed here."
  say "SKIPPED: ClickHouse's engine cannot be installed here."
  exit
fi

export CLICKHOUSE_URL CLICKHOUSE_SECRET CLICKHOUSE_USER=croupier CLICKHOUSE_PASSWORD
CLICKHOUSE_PASSWORD=$("$python" -c 'import secrets; print(secrets.token_urlsafe(16))')
CLICKHOUSE_SECRET="{\"username\":\"$CLICKHOUSE_USER\",\"password\":\"$CLICKHOUSE_PASSWORD\"}"

# The engine keeps its data in a folder for temporary files: of one of its own nothing is left, however the engine ends.
data=$(mktemp -d "$PWD/$work/data.XXXXXX")
# The address in it is not that of the last engine.
: >"$work/engine.log"
# Of one batch, three tables take rows at once: with every fourth, no answer is lost and its repeat as well.
TMPDIR=$data "$python" localstack/clickhouse.py --lose 4 >"$work/engine.log" 2>&1 &
engine=$!
trap 'kill "$engine" 2>/dev/null || true; wait "$engine" || true; rm -rf "$data"' EXIT
for _ in $(seq 150); do
  CLICKHOUSE_URL=$(grep -m 1 '^http://' "$work/engine.log") && break
  kill -0 "$engine" 2>/dev/null || { tail -n 5 "$work/engine.log" >&2; die "ClickHouse's engine ended at once."; }
  sleep 0.2
done
[ -n "$CLICKHOUSE_URL" ] || die "ClickHouse's engine does not start; see $work/engine.log."

localstack/test.sh -p croupier-tests --test journeys analytics

kill "$engine"
wait "$engine"
told=$(tail -n 1 "$work/engine.log")
echo "ClickHouse's engine tells of $told."
[[ $told =~ ^[1-9][0-9]*" inserts, "[1-9] ]] || die "No row came to it, or no answer was lost."
