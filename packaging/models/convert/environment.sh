#!/bin/sh
# Build the environment of the conversion: environment.sh [FOLDER], else .venv-convert.
# Needs Python 3.11 on x86-64 Linux and about 2 GB; $PYTHON names another python3.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
venv=${1:-"$root/.venv-convert"}
toolkit=2.5.0

if [ "$(uname -m)" != x86_64 ]; then
  echo "rknn-toolkit2 converts on x86-64 only; this is $(uname -m)." >&2
  exit 1
fi
"${PYTHON:-python3}" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet -r "$here/environment.txt"
"$venv/bin/python" -m pip install --quiet --no-deps "rknn-toolkit2==$toolkit"
# The program's own code does the letterboxing, aligning and judging. Its screens are not needed,
# so a path takes the place of an installation with everything that goes with it.
site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
printf '%s\n%s\n' "$root" "$root/packaging/models" > "$site/door-kiosk-convert.pth"
"$venv/bin/python" -W ignore -c 'import convert.build, kiosk.pipeline, rknn.api'
echo "Ready: $venv/bin/python -m convert --help"
