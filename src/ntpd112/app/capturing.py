"""The calls' SIP messages are kept for `ntpd112 trace`, and told to a Homer server."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator

import structlog
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from ntpd112.api.metrics.families import counters
from ntpd112.config import TraceConfig
from ntpd112.sip.capture import Capture
from ntpd112.sip.endpoint import SipEndpoint
from ntpd112.sip.hep import HepSender
from ntpd112.sip.trunks import Trunks

log = structlog.get_logger("ntpd112.app")


class Capturing(Collector):
    """What is under way, and the metric that says what of it was lost."""

    def __init__(self, capture: Capture, homer: HepSender | None) -> None:
        self._capture = capture
        self._homer = homer
        self.close = capture.close

    def collect(self) -> Iterator[Metric]:
        lost = {"trace": self._capture.dropped}
        if self._homer is not None:
            lost["homer"] = self._homer.dropped
        yield counters("ntpd112_sip_messages_lost", "SIP messages neither kept nor told.", ["for"], lost)


def start_capture(trace: TraceConfig, trunks: Trunks, endpoint: SipEndpoint) -> Capturing | None:
    """None if it is switched off, or the disk refuses: that costs no call."""
    if trace.path is None or not trace.max_messages:
        return None
    homer = None
    if trace.hep is not None:
        homer = HepSender(trace.hep.host, trace.hep.port, trace.hep_id, trace.hep_password)
    capture = Capture(
        trace.path,
        trace.max_messages,
        lambda host: trunks.match(host) is not None,
        keep_s=trace.keep,
        tell=homer.send if homer is not None else None,
    )
    try:
        capture.start()
    except (OSError, sqlite3.Error) as problem:
        log.error("SIP messages are not kept for `trace`", path=str(trace.path), reason=str(problem))
        return None
    endpoint.tap = lambda way, flow, data: capture.record(time.time(), way, flow, data)
    return Capturing(capture, homer)
