"""Metrics for Prometheus, read off the live call centre when asked for: nothing is counted twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Protocol, get_args

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ntpd112.calls.console import CallCentre
from ntpd112.calls.views import By, OperatorState
from ntpd112.journal.events import Lane

LEVELS_BY: tuple[By, ...] = ("all", "queue", "trunk")
OUTCOMES = ("offered", "answered", "abandoned", "abandoned_short", "elsewhere", "failed", "refused")
"Counts of a service level."


class JournalFigures(Protocol):
    """What the metrics show of the journal."""

    problem: str | None

    @property
    def last_seq(self) -> int: ...

    @property
    def waiting(self) -> int: ...

    @property
    def dropped(self) -> int: ...


class ProjectionFigures(Protocol):
    """What the metrics show of a projection."""

    problem: str | None
    written: int
    refused: int

    @property
    def lag(self) -> int: ...


class SipFigures(Protocol):
    """What the metrics show of the SIP user agent."""

    @property
    def open_transactions(self) -> int: ...

    @property
    def open_legs(self) -> int: ...


class FeedFigures(Protocol):
    """What the metrics show of the live feed."""

    cut_off: int

    @property
    def followers(self) -> int: ...


class SinkFigures(Protocol):
    """What the metrics show of a sink that tells the journal to others."""

    problem: str | None
    sent: int

    @property
    def lag(self) -> int: ...


class CentreCollector(Collector):
    """For a prometheus_client registry."""

    def __init__(
        self,
        centre: CallCentre,
        journal: JournalFigures | None = None,
        projections: dict[str, ProjectionFigures] | None = None,
        sip: SipFigures | None = None,
        feed: FeedFigures | None = None,
        sinks: Mapping[str, SinkFigures] | None = None,
    ) -> None:
        self._told = sinks or {}
        self._feed = feed
        self._centre = centre
        self._sip = sip
        self._journal = journal
        self._projections = projections or {}

    def collect(self) -> Iterator[Metric]:
        yield from self._calls()
        yield from self._queues()
        yield from self._trunks()
        yield from self._levels()
        yield from self._waiting()
        if self._sip is not None:
            yield GaugeMetricFamily(
                "ntpd112_sip_transactions", "SIP transactions in memory.", value=self._sip.open_transactions
            )
            yield GaugeMetricFamily("ntpd112_sip_legs", "SIP dialogs of calls.", value=self._sip.open_legs)
        if self._feed is not None:
            yield GaugeMetricFamily("ntpd112_followers", "Of the live feed.", value=self._feed.followers)
            yield CounterMetricFamily(
                "ntpd112_followers_cut_off", "That did not keep up.", value=self._feed.cut_off
            )
        if self._journal is not None:
            yield from _journal(self._journal)
        yield from self._sinks()

    def _calls(self) -> Iterator[Metric]:
        calls = GaugeMetricFamily(
            "ntpd112_calls", "Live calls by state and queue.", labels=["state", "queue"]
        )
        for (state, queue), count in Counter((c.state, c.queue) for c in self._centre.calls()).items():
            calls.add_metric([state, queue], count)
        yield calls
        states = Counter(operator.state for operator in self._centre.operators())
        operators = GaugeMetricFamily("ntpd112_operators", "Operators by state.", labels=["state"])
        for state in get_args(OperatorState):
            operators.add_metric([state], states[state])
        yield operators

    def _queues(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily("ntpd112_queue_waiting", "Calls waiting.", labels=["queue"])
        longest = GaugeMetricFamily(
            "ntpd112_queue_longest_wait_seconds",
            "How long the longest waiting call has waited.",
            labels=["queue"],
        )
        ready = GaugeMetricFamily(
            "ntpd112_queue_operators_ready", "Operators who could take a call now.", labels=["queue"]
        )
        for queue in self._centre.queues():
            waiting.add_metric([queue.name], queue.waiting)
            longest.add_metric([queue.name], queue.longest_wait_s)
            ready.add_metric([queue.name], queue.operators_ready)
        yield from (waiting, longest, ready)

    def _waiting(self) -> Iterator[Metric]:
        figures = self._centre.figures()
        lanes = GaugeMetricFamily("ntpd112_waiting", "Calls that ring nowhere, by lane.", labels=["lane"])
        for lane in get_args(Lane):
            lanes.add_metric([lane], figures.lanes.get(lane, 0))
        screened = CounterMetricFamily(
            "ntpd112_screened", "Callers asked to speak or press a key, by what they did.", labels=["result"]
        )
        for result, count in figures.screened.items():
            screened.add_metric([result], count)
        yield from (lanes, screened)
        yield CounterMetricFamily(
            "ntpd112_ladder_climbs", "Destinations rung because nobody answered.", value=figures.climbs
        )
        yield GaugeMetricFamily("ntpd112_flood", "1: flood mode is on.", value=figures.flood)
        yield CounterMetricFamily("ntpd112_floods", "Times flood mode was switched on.", value=figures.floods)
        yield CounterMetricFamily(
            "ntpd112_repairs", "Books that did not agree, put right by the watchdog.", value=figures.repairs
        )

    def _trunks(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("ntpd112_trunk_up", "1: answers OPTIONS, 0: does not.", labels=["trunk"])
        calls = GaugeMetricFamily("ntpd112_trunk_calls", "Live calls of the trunk.", labels=["trunk"])
        limit = GaugeMetricFamily("ntpd112_trunk_max_calls", "Calls the trunk may have.", labels=["trunk"])
        for trunk in self._centre.trunks():
            if trunk.up is not None:
                up.add_metric([trunk.name], trunk.up)
            calls.add_metric([trunk.name], trunk.calls)
            limit.add_metric([trunk.name], trunk.max_calls)
        yield from (up, calls, limit)
        yield GaugeMetricFamily(
            "ntpd112_ready", "1: calls would be handled well.", value=self._centre.health().ready
        )

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

    def _sinks(self) -> Iterator[Metric]:
        label = ["projection"]
        lag = GaugeMetricFamily("ntpd112_projection_lag_events", "Events not yet dealt with.", labels=label)
        failing = GaugeMetricFamily("ntpd112_projection_failing", "1: its database fails.", labels=label)
        written = CounterMetricFamily("ntpd112_projection_written", "Records written.", labels=label)
        refused = CounterMetricFamily(
            "ntpd112_projection_refused", "Records the database refused.", labels=label
        )
        for name, projection in self._projections.items():
            lag.add_metric([name], projection.lag)
            failing.add_metric([name], projection.problem is not None)
            written.add_metric([name], projection.written)
            refused.add_metric([name], projection.refused)
        yield from (lag, failing, written, refused)
        yield from self._telling()

    def _telling(self) -> Iterator[Metric]:
        label = ["sink"]
        lag = GaugeMetricFamily("ntpd112_journal_lag", "Events of the journal not yet told.", labels=label)
        failing = GaugeMetricFamily("ntpd112_sink_failing", "1: nothing can be told now.", labels=label)
        sent = CounterMetricFamily("ntpd112_sink_messages", "Messages acknowledged.", labels=label)
        for name, sink in self._told.items():
            lag.add_metric([name], sink.lag)
            failing.add_metric([name], sink.problem is not None)
            sent.add_metric([name], sink.sent)
        yield from (lag, failing, sent)


def _journal(journal: JournalFigures) -> Iterator[Metric]:
    yield CounterMetricFamily("ntpd112_journal_events", "Events ever written.", value=journal.last_seq)
    yield CounterMetricFamily(
        "ntpd112_journal_dropped", "Events lost to a failing disk.", value=journal.dropped
    )
    yield GaugeMetricFamily(
        "ntpd112_journal_waiting_events", "Events not yet in the journal.", value=journal.waiting
    )
    yield GaugeMetricFamily(
        "ntpd112_journal_failing", "1: the journal cannot be written.", value=journal.problem is not None
    )
