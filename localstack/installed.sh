#!/usr/bin/env bash
# Installs what localstack/NAME-requirements.txt lists below target/NAME, unless it is there, and prints the Python that has it.
#
#   localstack/installed.sh NAME MODULES [OPTION OF PIP...]     MODULES is what must be importable then
set -euo pipefail
cd "$(dirname "$0")/.."

work=target/$1
modules=$2
wanted=localstack/$1-requirements.txt
shift 2
python=$work/venv/bin/python
mkdir -p "$work"

say() { echo "$*" >&2; }
works() { "$python" -c "import $modules"; }
installed() { cmp -s "$wanted" "$work/requirements.txt" && works; }
install() {
  rm -rf "$work/venv" "$work/requirements.txt" &&
    python3 -m venv "$work/venv" &&
    "$python" -m pip install -q --disable-pip-version-check "$@" -r "$wanted" &&
    works &&
    cp "$wanted" "$work/requirements.txt"
}

if ! installed 2>/dev/null; then
  say "Installing $wanted into $work/venv"
  if ! install "$@" >"$work/install.log" 2>&1; then
    tail -n 3 "$work/install.log" >&2
    say "It cannot be installed here; see $work/install.log."
    exit 1
  fi
fi
echo "$python"
