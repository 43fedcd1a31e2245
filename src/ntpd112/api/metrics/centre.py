"""Calls, queues, operators and trunks, read off the live centre."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ntpd112.calls.console import CallCentre
from ntpd112.calls.tally import Tally
from ntpd112.calls.views import By, CallState, Figures, OperatorState
from ntpd112.journal.events import Disposition, Lane, OfferOutcome, SoundKind

from .families import counter, counters, gauge, gauges, histograms

LEVELS_BY: tuple[By, ...] = ("all", "queue", "trunk")
OUTCOMES = ("offered", "answered", "abandoned", "abandoned_short", "elsewhere", "failed", "refused")
"Counts of a service level."


class CentreCollector(Collector):
    """For a prometheus_client registry."""

    def __init__(self, centre: CallCentre) -> None:
        self._centre = centre

    def collect(self) -> Iterator[Metric]:
        figures = self._centre.figures()
        yield from _now(figures)
        yield from _queues(figures)
        yield from _since_start(figures.tally)
        yield from self._trunks()
        yield from self._levels()

    def _trunks(self) -> Iterator[Metric]:
        trunks = self._centre.trunks()
        up = {trunk.name: float(trunk.up) for trunk in trunks if trunk.up is not None}
        registered = {t.name: float(t.registered) for t in trunks if t.registered is not None}
        gateways = {
            (trunk.name, gateway.uri, gateway.address): float(gateway.up)
            for trunk in trunks
            for gateway in trunk.gateways
            if gateway.up is not None
        }
        calls = {trunk.name: trunk.calls for trunk in trunks}
        limit = {trunk.name: trunk.max_calls for trunk in trunks}
        yield gauges("ntpd112_trunk_up", "1: answers OPTIONS, 0: does not.", ["trunk"], up)
        closed = {trunk.name: float(trunk.maintenance is not None) for trunk in trunks}
        yield gauges("ntpd112_trunk_maintenance", "1: new calls are refused.", ["trunk"], closed)
        yield gauges(
            "ntpd112_trunk_registered", "1: we are registered at the telco, 0: not.", ["trunk"], registered
        )
        label = ["trunk", "gateway", "address"]
        yield gauges("ntpd112_gateway_up", "1: answers OPTIONS, 0: does not.", label, gateways)
        yield gauges("ntpd112_trunk_calls", "Live calls of the trunk.", ["trunk"], calls)
        lines = {(trunk.name, kind): count for trunk in trunks for kind, count in trunk.lines.items()}
        yield gauges("ntpd112_trunk_lines", "Of these, by what they do.", ["trunk", "held_by"], lines)
        peaks = {trunk.name: trunk.peak for trunk in trunks}
        yield gauges("ntpd112_trunk_peak_calls", "The most at once since the start.", ["trunk"], peaks)
        yield gauges("ntpd112_trunk_max_calls", "Calls the trunk may have.", ["trunk"], limit)
        refused = {(trunk.name, why): count for trunk in trunks for why, count in trunk.refused.items()}
        yield counters(
            "ntpd112_trunk_refused",
            "New calls that got 503, by why.",
            ["trunk", "reason"],
            refused,
        )
        yield gauge("ntpd112_ready", "1: calls would be handled well.", self._centre.health().ready)

    def _levels(self) -> Iterator[Metric]:
        """Of the last 15 to 30 minutes. Operators' are left to REST: a series each would be many."""
        label = ["per", "name"]
        share = GaugeMetricFamily(
            "ntpd112_service_level",
            "Share of the recent calls that an operator answered within so many seconds.",
            labels=[*label, "within"],
        )
        calls = GaugeMetricFamily("ntpd112_recent_calls", "Recent calls.", labels=[*label, "outcome"])
        mean = GaugeMetricFamily(
            "ntpd112_recent_mean_wait_seconds", "Wait of the recent calls that were answered.", labels=label
        )
        longest = GaugeMetricFamily(
            "ntpd112_recent_longest_wait_seconds", "Longest wait of the recent calls.", labels=label
        )
        for by in LEVELS_BY:
            for level in self._centre.remembered.live_levels(by):
                within = {"10": level.level_10, "15": level.level_15, "20": level.level_20}
                for seconds, reached in within.items():
                    if reached is not None:
                        share.add_metric([by, level.name, seconds], reached)
                for outcome in OUTCOMES:
                    calls.add_metric([by, level.name, outcome], getattr(level, outcome))
                if level.mean_wait_s is not None:
                    mean.add_metric([by, level.name], level.mean_wait_s)
                longest.add_metric([by, level.name], level.longest_wait_s)
        yield from (share, calls, mean, longest)


def _now(figures: Figures) -> Iterator[Metric]:
    calls = {(state, queue): 0.0 for state in get_args(CallState) for queue in figures.queues}
    operators = {state: float(figures.operators.get(state, 0)) for state in get_args(OperatorState)}
    reachable = figures.phones - figures.phones_unreachable
    phones = {"yes": reachable, "no": figures.phones_unreachable}
    yield gauges("ntpd112_calls", "Live calls.", ["state", "queue"], {**calls, **figures.calls})
    yield gauges("ntpd112_operators", "Operators.", ["state"], operators)
    yield gauges("ntpd112_phones", "Phones that are registered.", ["reachable"], phones)
    yield gauge("ntpd112_callbacks", "Callers on the call-back list.", figures.callbacks)
    yield gauge("ntpd112_flood", "1: flood mode is on.", figures.flood)


def _queues(figures: Figures) -> Iterator[Metric]:
    lanes = {(queue, lane): 0.0 for queue in figures.queues for lane in get_args(Lane)}
    unanswered = {name: queue.unanswered for name, queue in figures.queues.items()}
    longest = {name: queue.longest_wait_s for name, queue in figures.queues.items()}
    ready = {name: queue.ready for name, queue in figures.queues.items()}
    yield gauges(
        "ntpd112_waiting", "Calls that wait and ring nowhere.", ["queue", "lane"], {**lanes, **figures.lanes}
    )
    yield gauges("ntpd112_queue_waiting", "Calls that no operator has answered yet.", ["queue"], unanswered)
    yield gauges(
        "ntpd112_queue_longest_wait_seconds", "Wait of the longest waiting call.", ["queue"], longest
    )
    yield gauges("ntpd112_queue_operators_ready", "Operators who could take a call now.", ["queue"], ready)


def _since_start(tally: Tally) -> Iterator[Metric]:
    ended = {disposition: tally.ended[disposition] for disposition in get_args(Disposition)}
    offers = {outcome: tally.offers[outcome] for outcome in get_args(OfferOutcome)}
    yield counters("ntpd112_calls_started", "Calls begun.", ["direction", "trunk"], tally.started)
    yield counters("ntpd112_calls_ended", "Calls that are over.", ["disposition"], ended)
    yield counters("ntpd112_offers", "Offers to operators that are over.", ["outcome"], offers)
    yield histograms(
        "ntpd112_answer_seconds",
        "From a caller's INVITE until an operator and the caller heard each other, by first queue.",
        "queue",
        tally.answered,
    )
    yield histograms(
        "ntpd112_dispatch_seconds",
        "From what made an offer possible (a call came, an operator became free) until its INVITE was out.",
        "trigger",
        tally.dispatched,
    )
    yield counters(
        "ntpd112_screened",
        "Callers asked to speak or press a key, by what they did.",
        ["result"],
        tally.screened,
    )
    yield counter("ntpd112_ladder_climbs", "Destinations rung because nobody answered.", tally.climbs)
    yield counter("ntpd112_floods", "Times flood mode was switched on.", tally.floods)
    yield counters(
        "ntpd112_media_problems",
        "What was wrong with a party's sound in a call.",
        ["kind"],
        {kind: tally.media_problems[kind] for kind in get_args(SoundKind)},
    )
    yield counter("ntpd112_repairs", "Books that did not agree, put right by the watchdog.", tally.repairs)
