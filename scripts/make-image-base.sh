#!/usr/bin/env bash
# Makes a small root file system of this machine's own Debian or Ubuntu release with Python in it, for the test that
# builds the container image: no registry is asked. Prints the path of its tar file. usage: make-image-base.sh
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); . "$here/lib.sh"
if [ "$(id -u)" = 0 ]; then default=/opt/ntpd112-image; else default=${XDG_CACHE_HOME:-$HOME/.cache}/ntpd112/image; fi
folder=${NTPD112_IMAGE_ROOT:-$default}
. /etc/os-release
made=$folder/${VERSION_CODENAME:?this system does not say which release of Debian or Ubuntu it is}.tar
if [ -e "$made" ]; then echo "$made"; exit 0; fi

exec 3>&1 >&2   # from here on only progress, on stderr; the path goes to 3
need_packages mmdebstrap
components=main; if [ "$ID" = ubuntu ]; then components=main,universe; fi
mirror=${NTPD112_DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' "Release: $VERSION_CODENAME" | head -n 1)}
[ -n "$mirror" ] || die "no mirror in this machine's apt sources; set NTPD112_DEBIAN_MIRROR=http://HOST/debian"
say "making an image of $VERSION_CODENAME with Python"
mkdir -p "$folder"
new=$(mktemp -d "$folder/new.XXXXXX")
trap 'rm -rf "$new"' EXIT
# Packages of wheels need the C++ library; texts for people are of no use in an image. Mirrors that are not refreshed
# daily will do: signatures are checked, the date until which a list is fresh is not.
quiet mmdebstrap --variant=essential --include=python3-venv,passwd,libstdc++6 --components="$components" \
  --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Retries "3"' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  "$VERSION_CODENAME" "$new/base.tar" "$mirror"
mv "$new/base.tar" "$made"
echo "$made" >&3
