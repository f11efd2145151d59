#!/usr/bin/env bash
# Makes src/common_passwords.txt anew from the list that Django ships; needs Python's pip.
#
#   shared/rules/common_passwords.sh VERSION
set -euo pipefail
cd "$(dirname "$0")"
version=${1:?which version of Django}
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
python3 -m pip download -q --no-deps -d "$folder" "django==$version"
python3 - "$folder"/*.whl "$version" >"$folder/list" <<'END'
import gzip, sys, zipfile
source = "django/contrib/auth/common-passwords.txt.gz"
lines = gzip.decompress(zipfile.ZipFile(sys.argv[1]).read(source)).decode().split("\n")
print(f"""# The most common passwords of at least 8 characters, in lower case and in order. Source: the list that Django ships
# ({source}, version {sys.argv[2]}, BSD-3-Clause), compiled by Royce Williams.
# shared/rules/common_passwords.sh makes this file anew.""")
print("\n".join(sorted({line.strip() for line in lines if len(line.strip()) >= 8})))
END
mv "$folder/list" src/common_passwords.txt
