"""What `/metrics` shows of a running agent (docs/metrics.md)."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from ntpd112 import __version__
from ntpd112.access import Gate
from ntpd112.api.metrics import (
    AccessCollector,
    CentreCollector,
    JournalCollector,
    MediaCollector,
    ProcessFigures,
    SipCollector,
    WebhookCollector,
)
from ntpd112.api.metrics.hooks import HookFigures
from ntpd112.api.metrics.inside import SinkFigures
from ntpd112.calls.console import CallCentre
from ntpd112.cdr.projection import CdrProjection
from ntpd112.feed import Feed
from ntpd112.journal import Journal
from ntpd112.media import MediaClient
from ntpd112.sip.agent import UserAgent

from .pauses import Pauses


def metrics_of(
    centre: CallCentre,
    ua: UserAgent,
    media: MediaClient,
    journal: Journal,
    projection: CdrProjection,
    sinks: Mapping[str, SinkFigures],
    webhooks: Mapping[str, HookFigures],
    feed: Feed,
    pauses: Pauses,
    gate: Gate,
) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(CentreCollector(centre))
    registry.register(SipCollector(ua))
    registry.register(MediaCollector(media))
    registry.register(JournalCollector(journal, {"cdrs": projection}, sinks, feed))
    registry.register(WebhookCollector(webhooks))
    registry.register(ProcessFigures(__version__, pauses))
    registry.register(AccessCollector(gate))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry
