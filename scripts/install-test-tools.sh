#!/usr/bin/env bash
# Installs what the tests use beside Python: peers to talk SIP with, a database, a broker, speech for prompts, podman
# with a base image of this machine's own release.
# Does nothing where everything is there. usage: install-test-tools.sh [FURTHER PACKAGE ...]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); . "$here/lib.sh"
need_packages ca-certificates curl nodejs sip-tester baresip-core espeak-ng sox postgresql mosquitto mosquitto-clients \
  dnsmasq-base kamailio kamailio-tls-modules linphone-cli systemd podman runc mmdebstrap "$@"
"$here/install-asterisk.sh" >/dev/null
"$here/make-image-base.sh" >/dev/null
