# Shared by the install scripts: progress lines, and what to say when a step needs root.
say() { printf '== %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Debian packages of the list that are not installed yet, one a line.
missing_packages() {
  local package
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || echo "$package"
  done
}

# Installs what is missing of the packages given. Without root it says the one command that does it.
need_packages() {
  local missing install
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  command -v apt-get >/dev/null || die "these are needed: ${missing[*]}. Install them with your system's package manager."
  install="apt-get install -y --no-install-recommends ${missing[*]}"
  [ "$(id -u)" = 0 ] || die "these packages are missing; run:  sudo $install"
  say "installing ${missing[*]}"
  without_services quiet apt-get update
  without_services quiet $install
}

# Runs a command and shows its output only if it fails.
quiet() {
  local log; log=$(mktemp)
  if ! DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1 </dev/null; then
    tail -n 30 "$log" >&2; rm -f "$log"; die "failed: $*"
  fi
  rm -f "$log"
}

# Runs a command with a policy that keeps packages from starting their servers: the tests start what they need
# by themselves, on ports of their own, and a server on port 5060 would be in their way.
without_services() {
  local policy=/usr/sbin/policy-rc.d made=
  if [ ! -e "$policy" ] && [ "$(id -u)" = 0 ]; then
    made=1; printf '#!/bin/sh\nexit 101\n' >"$policy"; chmod +x "$policy"
  fi
  ( "$@" ); local status=$?
  if [ -n "$made" ]; then rm -f "$policy"; fi
  return $status
}
