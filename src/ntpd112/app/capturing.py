"""The calls' SIP messages are kept for `ntpd112 trace`."""

from __future__ import annotations

import sqlite3
import time

import structlog

from ntpd112.config import TraceConfig
from ntpd112.sip.capture import Capture
from ntpd112.sip.endpoint import SipEndpoint
from ntpd112.sip.trunks import Trunks

log = structlog.get_logger("ntpd112.app")


def start_capture(trace: TraceConfig, trunks: Trunks, endpoint: SipEndpoint) -> Capture | None:
    """None if it is switched off, or the disk refuses: that costs no call."""
    if trace.path is None or not trace.max_messages:
        return None
    capture = Capture(
        trace.path, trace.max_messages, lambda host: trunks.match(host) is not None, keep_s=trace.keep
    )
    try:
        capture.start()
    except (OSError, sqlite3.Error) as problem:
        log.error("SIP messages are not kept for `trace`", path=str(trace.path), reason=str(problem))
        return None
    endpoint.tap = lambda way, flow, data: capture.record(time.time(), way, flow, data)
    return capture
