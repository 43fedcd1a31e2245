#!/usr/bin/env bash
# Prints the path of a Python 3.11 or newer that can make virtual environments; installs one from the system's
# packages if there is none. usage: find-python.sh
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); . "$here/lib.sh"

candidates() {
  [ -z "${PYTHON:-}" ] || command -v "$PYTHON" || die "PYTHON=$PYTHON: no such command"
  local name
  for name in python3 python3.13 python3.12 python3.11 python3.14 /usr/bin/python3; do command -v "$name" || true; done
}
find_python() {  # $1: modules that it must have
  local python
  while read -r python; do
    "$python" -c "import sys, $1; sys.exit(sys.version_info < (3, 11))" 2>/dev/null && echo "$python" && return 0
  done < <(candidates)
  return 1
}
newest_package() { apt-cache pkgnames python3.1 2>/dev/null | grep -E '^python3\.1[1-9]$' | sort -V | tail -n 1 || true; }

find_python "venv, ensurepip" && exit 0
if python=$(find_python sys); then   # Debian keeps venv in a package of its own
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  need_packages "python$version-venv" >&2
else
  newest=$(newest_package)
  if [ -z "$newest" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then  # no lists yet, as in an image
    without_services quiet apt-get update
    newest=$(newest_package)
  fi
  [ -n "$newest" ] || die "Python 3.11 or newer is needed and this system has no package of it; set PYTHON=/path/to/python3"
  need_packages "$newest" "$newest-venv" >&2
fi
find_python "venv, ensurepip" || die "no Python 3.11 or newer with venv was found; set PYTHON=/path/to/python3"
