#!/usr/bin/env bash
# `cargo test` with these arguments, and a failure where no test ran: a name that no test has is no success.
set -euo pipefail
cd "$(dirname "$0")/.."

told=$(mktemp)
trap 'rm -f "$told"' EXIT
cargo test --locked "$@" -- --color never | tee "$told"
grep -q '^test result: ok\. [1-9]' "$told" || { echo "No test ran: cargo test $*" >&2; exit 1; }
