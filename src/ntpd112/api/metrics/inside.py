"""The journal and those who read it, the API itself, and the process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from prometheus_client.core import InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from ntpd112.api.counting import Requests
from ntpd112.histogram import Histogram

from .families import counter, counters, gauge, gauges, histogram, histograms


class JournalFigures(Protocol):
    """What the metrics show of the journal."""

    @property
    def problem(self) -> str | None: ...
    @property
    def commits(self) -> Histogram: ...
    @property
    def last_seq(self) -> int: ...
    @property
    def waiting(self) -> int: ...
    @property
    def dropped(self) -> int: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def disk_free_bytes(self) -> int: ...


class ProjectionFigures(Protocol):
    """What the metrics show of a projection."""

    problem: str | None
    written: int
    refused: int

    @property
    def lag(self) -> int: ...


class SinkFigures(Protocol):
    """What the metrics show of a sink that tells the journal to others."""

    @property
    def problem(self) -> str | None: ...
    @property
    def sent(self) -> int: ...
    @property
    def lag(self) -> int: ...


class FeedFigures(Protocol):
    """What the metrics show of the live feed."""

    cut_off: int

    @property
    def followers(self) -> int: ...


class JournalCollector(Collector):
    """The journal, its projections and sinks by name, and the live feed."""

    def __init__(
        self,
        journal: JournalFigures,
        projections: Mapping[str, ProjectionFigures],
        sinks: Mapping[str, SinkFigures],
        feed: FeedFigures,
    ) -> None:
        self._journal = journal
        self._projections = projections
        self._sinks = sinks
        self._feed = feed

    def collect(self) -> Iterator[Metric]:
        journal, feed = self._journal, self._feed
        yield counter("ntpd112_journal_events", "Events ever written.", journal.last_seq)
        yield counter("ntpd112_journal_dropped", "Events lost to a failing disk.", journal.dropped)
        yield gauge("ntpd112_journal_waiting_events", "Events not yet in the journal.", journal.waiting)
        yield gauge("ntpd112_journal_failing", "1: it cannot be written.", journal.problem is not None)
        yield gauge("ntpd112_journal_bytes", "Its files on the disk.", journal.size_bytes)
        yield gauge("ntpd112_journal_disk_free_bytes", "Left where it is.", journal.disk_free_bytes)
        yield histogram("ntpd112_journal_commit_seconds", "Time of a commit.", journal.commits)
        yield from _projections(self._projections)
        yield from _sinks(self._sinks)
        yield gauge("ntpd112_followers", "Of the live feed.", feed.followers)
        yield counter("ntpd112_followers_cut_off", "That did not keep up.", feed.cut_off)


def _projections(projections: Mapping[str, ProjectionFigures]) -> Iterator[Metric]:
    label = ["projection"]
    lag = {name: one.lag for name, one in projections.items()}
    failing = {name: float(one.problem is not None) for name, one in projections.items()}
    written = {name: one.written for name, one in projections.items()}
    refused = {name: one.refused for name, one in projections.items()}
    yield gauges("ntpd112_projection_lag_events", "Events not yet dealt with.", label, lag)
    yield gauges("ntpd112_projection_failing", "1: its database fails.", label, failing)
    yield counters("ntpd112_projection_written", "Records written.", label, written)
    yield counters("ntpd112_projection_refused", "Records the database refused.", label, refused)


def _sinks(sinks: Mapping[str, SinkFigures]) -> Iterator[Metric]:
    label = ["sink"]
    lag = {name: one.lag for name, one in sinks.items()}
    failing = {name: float(one.problem is not None) for name, one in sinks.items()}
    sent = {name: one.sent for name, one in sinks.items()}
    yield gauges("ntpd112_journal_lag", "Events of the journal not yet told.", label, lag)
    yield gauges("ntpd112_sink_failing", "1: nothing can be told now.", label, failing)
    yield counters("ntpd112_sink_messages", "Messages acknowledged.", label, sent)


class HttpCollector(Collector):
    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def collect(self) -> Iterator[Metric]:
        answered = {
            (method, route, str(status)): count
            for (method, route, status), count in self._requests.answered.items()
        }
        yield counters(
            "ntpd112_http_requests", "HTTP requests answered.", ["method", "route", "status"], answered
        )
        yield histograms(
            "ntpd112_http_request_seconds",
            "Time from a request's head to the last of its answer.",
            "route",
            self._requests.durations,
        )


class LoopFigures(Protocol):
    """What the metrics show of the event loop."""

    @property
    def seen(self) -> Histogram: ...
    @property
    def longest_s(self) -> float: ...


class ProcessFigures(Collector):
    """The version, and the pauses of the event loop."""

    def __init__(self, version: str, pauses: LoopFigures) -> None:
        self._version = version
        self._pauses = pauses

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("ntpd112_build", "What runs.", {"version": self._version})
        yield histogram("ntpd112_loop_pause_seconds", "How late the event loop was.", self._pauses.seen)
        yield gauge(
            "ntpd112_loop_longest_pause_seconds",
            "The longest pause of the event loop in the last minute.",
            self._pauses.longest_s,
        )
