"""Webhooks. That they are sinks too is in `inside.py`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Protocol

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from ntpd112.api.routes.webhooks import Counts

from .families import counters, gauges

RESULTS = ("taken", "again", "dead", "gone")
"What comes of a try."


class HookFigures(Protocol):
    """What the metrics show of a webhook."""

    @property
    def counts(self) -> Counts: ...
    @property
    def results(self) -> Mapping[str, int]: ...
    @property
    def gone(self) -> bool: ...


class WebhookCollector(Collector):
    """Webhooks by name."""

    def __init__(self, hooks: Mapping[str, HookFigures]) -> None:
        self._hooks = hooks

    def collect(self) -> Iterator[Metric]:
        label, hooks, now = ["webhook"], self._hooks, time.time()
        tries = {(name, result): hooks[name].results.get(result, 0) for name in hooks for result in RESULTS}
        pending = {name: hook.counts.pending for name, hook in hooks.items()}
        oldest = {
            name: max(0.0, now - hook.counts.oldest_at) if hook.counts.oldest_at else 0.0
            for name, hook in hooks.items()
        }
        dead = {name: hook.counts.dead for name, hook in hooks.items()}
        on = {name: float(not hook.gone) for name, hook in hooks.items()}
        yield counters("ntpd112_webhook_tries", "Requests, by what came of them.", [*label, "result"], tries)
        yield gauges("ntpd112_webhook_pending", "Deliveries that wait.", label, pending)
        yield gauges("ntpd112_webhook_oldest_seconds", "How long the oldest has waited.", label, oldest)
        yield gauges("ntpd112_webhook_dead", "Deliveries that were given up.", label, dead)
        yield gauges("ntpd112_webhook_on", "0: its receiver has answered 410.", label, on)
