#!/usr/bin/env bash
# Puts a real Asterisk where the tests and the benchmark find it, and prints the path of a command that runs it.
# usage: install-asterisk.sh
#
# Debian 12 and 13 have no asterisk package; Debian's next release has Asterisk 22. Its packages and all libraries
# they need (80 MB) are fetched with apt, checked against Debian's keys, and unpacked into a folder of their own,
# $NTPD112_ASTERISK_ROOT. Nothing is installed: no root, no chroot, no service, and the system's own packages are
# not touched. `bin/asterisk` in that folder starts it with its own C library. Where a system Asterisk is installed
# already, that one is used; Ubuntu has a package (18 or 20), which is installed without starting its service.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); . "$here/lib.sh"
suite=${NTPD112_ASTERISK_SUITE:-forky}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
if [ "$(id -u)" = 0 ]; then default=/opt/ntpd112-asterisk; else default=${XDG_CACHE_HOME:-$HOME/.cache}/ntpd112/asterisk; fi
root=${NTPD112_ASTERISK_ROOT:-$default}
launcher=$root/bin/asterisk

works() { "$1" -V 2>/dev/null | grep -qE '^Asterisk (1[89]|[2-9][0-9])'; }

if works "$launcher"; then echo "$launcher"; exit 0; fi
if [ -z "${NTPD112_ASTERISK_ROOT:-}" ] && system=$(command -v asterisk) && works "$system"; then echo "$system"; exit 0; fi

exec 3>&1 >&2   # from here on only progress, on stderr; the path goes to 3
if (. /etc/os-release && [ "$ID" = ubuntu ]); then
  need_packages asterisk
  system=$(command -v asterisk) && works "$system" || die "the asterisk package of this system is too old: 18 is needed"
  if [ -d /run/systemd/system ]; then quiet systemctl disable --now asterisk; fi
  echo "$system" >&3; exit 0
fi

# The mirror is the one this machine gets its own packages from.
mirror=${NTPD112_DEBIAN_MIRROR:-$(. /etc/os-release &&
  apt-get indextargets --format '$(REPO_URI)' "Release: ${VERSION_CODENAME:-none}" | head -n 1)}
[ -n "$mirror" ] || die "no Debian mirror in this machine's apt sources; set NTPD112_DEBIAN_MIRROR=http://HOST/debian"
need_packages debian-archive-keyring
say "fetching Asterisk from Debian $suite"
new=$root.new
rm -rf "$new"; mkdir -p "$new/apt/lists/partial" "$new/apt/archives/partial"
: >"$new/apt/status"
echo "deb [signed-by=$keyring] $mirror $suite main" >"$new/apt/sources.list"
# An apt of its own: own lists, own (empty) list of installed packages, so that every library is fetched. Mirrors
# that are not refreshed daily will do: signatures are checked, the date until which a list is fresh is not.
cat >"$new/apt/apt.conf" <<CONF
Dir::State "$new/apt";
Dir::State::status "$new/apt/status";
Dir::Cache "$new/apt";
Dir::Etc::sourcelist "$new/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Install-Recommends "false";
APT::Get::Download-Only "true";
APT::Sandbox::User "";
Acquire::Retries "3";
Acquire::Check-Valid-Until "false";
CONF
export APT_CONFIG=$new/apt/apt.conf
quiet apt-get update
quiet apt-get install -y asterisk
say "unpacking into $root"
for package in "$new"/apt/archives/*.deb; do dpkg-deb -x "$package" "$new"; done
rm -rf "$new/apt"

# The C library's loader is in lib64 on amd64 and in lib on arm64.
loader=$(cd "$new" && find usr/lib64 usr/lib -maxdepth 1 -name 'ld-linux*.so.*' 2>/dev/null | head -n 1 || true)
libraries=$(cd "$new" && find usr/lib -maxdepth 2 -name asterisk -printf '%h\n' | head -n 1)
[ -n "$loader" ] && [ -n "$libraries" ] || die "the packages of $suite are laid out otherwise than expected in $new"
mkdir -p "$new/bin"
cat >"$new/bin/asterisk" <<SH
#!/bin/sh
exec "$root/$loader" --library-path "$root/$libraries:$root/$libraries/asterisk:$root/usr/lib" "$root/usr/sbin/asterisk" "\$@"
SH
chmod +x "$new/bin/asterisk"
rm -rf "$root"; mv "$new" "$root"
works "$launcher" || die "the unpacked Asterisk does not start: $("$launcher" -V 2>&1 | head -n 3)"
say "$("$launcher" -V)"
echo "$launcher" >&3
