#!/usr/bin/env bash
# Plays a journey whose events become rows of ClickHouse's own engine, with answers that get lost and events that come again, and asks
# what the dashboard asks. Where the engine cannot be installed, it says so and checks nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

work=target/analytics
python=$work/venv/bin/python
mkdir -p "$work"

# The engine asks for more packages, for data frames that nobody wants here.
install() {
  cmp -s localstack/analytics-requirements.txt "$work/requirements.txt" && return
  rm -rf "$work/venv"
  python3 -m venv "$work/venv" &&
    "$python" -m pip install -q --disable-pip-version-check --no-deps -r localstack/analytics-requirements.txt &&
    "$python" -c 'import chdb' &&
    cp localstack/analytics-requirements.txt "$work/requirements.txt"
}
if ! install >"$work/install.log" 2>&1; then
  tail -n 3 "$work/install.log" >&2
  echo "SKIPPED: ClickHouse's engine cannot be installed here; see $work/install.log." >&2
  exit
fi

free_port() { "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free_port)
export CLICKHOUSE_URL=http://127.0.0.1:$port CLICKHOUSE_USER=croupier CLICKHOUSE_PASSWORD
CLICKHOUSE_PASSWORD=$("$python" -c 'import secrets; print(secrets.token_urlsafe(16))')
export CLICKHOUSE_SECRET="{\"username\":\"$CLICKHOUSE_USER\",\"password\":\"$CLICKHOUSE_PASSWORD\"}"

# Of one batch, three tables take rows at once: with every fourth, no answer is lost and its repeat as well.
"$python" localstack/clickhouse.py "$port" --lose 4 2>"$work/engine.log" &
engine=$!
trap 'kill "$engine" 2>/dev/null || true' EXIT
for _ in $(seq 150); do
  curl -fsS -o /dev/null "$CLICKHOUSE_URL/" 2>/dev/null && break
  kill -0 "$engine" || { tail -n 5 "$work/engine.log" >&2; exit 1; }
  sleep 0.2
done
cargo test --locked -p croupier-tests --test journeys analytics
