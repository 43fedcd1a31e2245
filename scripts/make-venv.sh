#!/usr/bin/env bash
# Makes or refreshes the virtual environment .venv with the project in it (editable, so a pull needs no reinstall).
# usage: make-venv.sh [EXTRAS]        EXTRAS as in pyproject.toml, e.g. dev,softphone
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); . "$here/lib.sh"
cd "$here/.."
extras=${1:-}
venv=.venv; mark=$venv/.installed
wanted=$(cksum <pyproject.toml)

# What is already installed stays: `make run` after `make test` must not look anything up again.
if [ -e "$mark" ] && [ "$(head -n 1 "$mark")" = "$wanted" ]; then
  have=$(tail -n 1 "$mark")
  if [ "$have" = "$extras" ] || [ -z "$extras" ]; then exit 0; fi
  extras=$(printf '%s,%s' "$have" "$extras" | tr ',' '\n' | sort -u | grep . | paste -sd,)
  if [ "$have" = "$extras" ]; then exit 0; fi
fi
python=$("$here/find-python.sh")
# A folder that was copied or moved from elsewhere has a Python that no longer starts.
if ! "$venv/bin/python" -c '' 2>/dev/null; then
  say "making $venv with $("$python" -V)"
  "$python" -m venv --clear "$venv"
fi
say "installing ntpd112${extras:+ with $extras}"
quiet "$venv/bin/python" -m pip install --disable-pip-version-check --no-input -e ".${extras:+[$extras]}"
printf '%s\n%s\n' "$wanted" "$extras" >"$mark"
