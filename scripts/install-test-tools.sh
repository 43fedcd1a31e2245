#!/usr/bin/env bash
# Installs what the tests use beside Python: peers to talk SIP with, a database, a broker, speech for prompts.
# Does nothing where everything is there. usage: install-test-tools.sh [FURTHER PACKAGE ...]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); . "$here/lib.sh"
need_packages ca-certificates curl nodejs sip-tester baresip-core espeak-ng sox postgresql mosquitto mosquitto-clients \
  dnsmasq-base kamailio systemd "$@"
"$here/install-asterisk.sh" >/dev/null
