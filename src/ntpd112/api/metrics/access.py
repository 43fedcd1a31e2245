"""Metrics of who was let in and who was refused."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ntpd112.access import Gate


class AccessCollector(Collector):
    """For a prometheus_client registry."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def collect(self) -> Iterator[Metric]:
        refused = CounterMetricFamily(
            "ntpd112_requests_refused",
            "Over their rate (429), with a wrong key (401), one too many with wrong keys (429).",
            labels=["why"],
        )
        for why, count in self._gate.refused.items():
            refused.add_metric([why], count)
        tries = CounterMetricFamily("ntpd112_sign_ins", "Tries to sign in.", labels=["result"])
        for result, count in self._gate.sign_in.results.items():
            tries.add_metric([result], count)
        yield from (refused, tries)
        yield GaugeMetricFamily("ntpd112_sessions", "People signed in.", value=len(self._gate.sessions))
        yield GaugeMetricFamily(
            "ntpd112_api_keys_ending",
            "API keys that end within 14 days, or have ended in the last 14.",
            value=len(self._gate.ending()),
        )
