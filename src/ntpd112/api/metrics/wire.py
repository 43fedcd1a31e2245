"""SIP messages and media."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from ntpd112.histogram import Histogram

from .families import counter, counters, gauge, gauges, histogram


class Traffic(Protocol):
    """What was counted of SIP: methods and codes in the order of the labels."""

    @property
    def received(self) -> Mapping[tuple[str, str], int]: ...
    @property
    def sent(self) -> Mapping[tuple[str, str], int]: ...
    @property
    def received_again(self) -> Mapping[str, int]: ...
    @property
    def sent_again(self) -> Mapping[str, int]: ...
    @property
    def refused(self) -> Mapping[Any, int]: ...


class SipFigures(Protocol):
    """What the metrics show of the SIP user agent."""

    @property
    def traffic(self) -> Traffic: ...

    @property
    def open_transactions(self) -> int: ...

    @property
    def open_legs(self) -> int: ...


class SipCollector(Collector):
    def __init__(self, sip: SipFigures) -> None:
        self._sip = sip

    def collect(self) -> Iterator[Metric]:
        sip, traffic = self._sip, self._sip.traffic
        ways = {"in": traffic.received, "out": traffic.sent}
        requests: dict[tuple[str, ...], float] = {}
        responses: dict[tuple[str, ...], float] = {}
        for way, counted in ways.items():
            requests |= {(way, method): count for (method, code), count in counted.items() if not code}
            responses |= {(way, *kind): count for kind, count in counted.items() if kind[1]}
        again = {("in", method): count for method, count in traffic.received_again.items()}
        again |= {("out", method): count for method, count in traffic.sent_again.items()}
        yield counters("ntpd112_sip_requests", "SIP requests.", ["direction", "method"], requests)
        yield counters("ntpd112_sip_responses", "SIP responses.", ["direction", "method", "code"], responses)
        yield counters(
            "ntpd112_sip_retransmissions",
            "Of these, what had been sent before: a sign of loss.",
            ["direction", "method"],
            again,
        )
        yield counters(
            "ntpd112_sip_refused",
            "What came over SIP and did not get what it wanted.",
            ["reason"],
            dict(traffic.refused),
        )
        yield gauge("ntpd112_sip_transactions", "SIP transactions in memory.", sip.open_transactions)
        yield gauge("ntpd112_sip_legs", "SIP dialogs of calls.", sip.open_legs)


class WorkerLoad(Protocol):
    """What a worker reports of itself."""

    @property
    def legs(self) -> int: ...
    @property
    def packets(self) -> int: ...
    @property
    def dropped(self) -> int: ...
    @property
    def cpu_s(self) -> float: ...
    @property
    def ports_free(self) -> int: ...
    @property
    def ports_resting(self) -> int: ...


class Quality(Protocol):
    """What was counted of legs that are closed."""

    @property
    def legs(self) -> int: ...
    @property
    def mute(self) -> int: ...
    @property
    def lost(self) -> int: ...
    @property
    def remote_lost(self) -> int: ...
    @property
    def jitter(self) -> Histogram: ...
    @property
    def remote_jitter(self) -> Histogram: ...
    @property
    def loss(self) -> Histogram: ...
    @property
    def silent(self) -> int: ...
    @property
    def never_heard(self) -> int: ...
    @property
    def unauthentic(self) -> int: ...
    @property
    def workers_lost(self) -> int: ...


class MediaFigures(Protocol):
    """What the metrics show of the media workers."""

    @property
    def load(self) -> Mapping[int, WorkerLoad]: ...

    @property
    def figures(self) -> Quality: ...


class MediaCollector(Collector):
    def __init__(self, media: MediaFigures) -> None:
        self._media = media

    def collect(self) -> Iterator[Metric]:
        yield from _workers({str(number): load for number, load in self._media.load.items()})
        yield from _quality(self._media.figures)


def _workers(load: Mapping[str, WorkerLoad]) -> Iterator[Metric]:
    label = ["worker"]
    packets = {number: one.packets for number, one in load.items()}
    dropped = {number: one.dropped for number, one in load.items()}
    cpu = {number: one.cpu_s for number, one in load.items()}
    ports: dict[tuple[str, ...], float] = {}
    for number, one in load.items():
        ports[number, "used"] = one.legs
        ports[number, "free"] = one.ports_free
        ports[number, "resting"] = one.ports_resting
    yield gauge("ntpd112_media_workers", "Media workers that are up.", len(load))
    yield gauges(
        "ntpd112_media_ports",
        "Pairs of media ports. Resting: given back less than a moment ago.",
        ["worker", "state"],
        ports,
    )
    yield counters("ntpd112_rtp_packets", "RTP packets received and taken.", label, packets)
    yield counters("ntpd112_rtp_dropped", "RTP packets of strangers, or garbled.", label, dropped)
    yield counters("ntpd112_media_cpu_seconds", "CPU time of the media worker.", label, cpu)


def _quality(quality: Quality) -> Iterator[Metric]:
    lost = {"in": quality.lost, "out": quality.remote_lost}
    silences = {"never": quality.never_heard, "stopped": quality.silent}
    yield counter("ntpd112_media_worker_losses", "Media workers that died or hung.", quality.workers_lost)
    yield counter("ntpd112_media_legs", "Media legs that are closed.", quality.legs)
    yield counter("ntpd112_media_mute_legs", "Of these, such as not one RTP packet came from.", quality.mute)
    yield counters(
        "ntpd112_rtp_lost",
        "RTP packets lost in legs that are closed. Out: as the peers' RTCP tells.",
        ["direction"],
        lost,
    )
    yield counter(
        "ntpd112_rtp_unauthentic",
        "Packets to legs with SRTP that were not secured by the peer's key; of legs that are closed.",
        quality.unauthentic,
    )
    yield histogram("ntpd112_rtp_loss_ratio", "Share of a leg's packets that was lost.", quality.loss)
    yield histogram(
        "ntpd112_rtp_jitter_seconds", "A leg's jitter (RFC 3550) as we received it.", quality.jitter
    )
    yield histogram(
        "ntpd112_rtp_remote_jitter_seconds",
        "A leg's jitter as its peer received ours, by RTCP.",
        quality.remote_jitter,
    )
    yield counters(
        "ntpd112_silences",
        "Legs that no sound came from for seconds. Never: from the first, which is one-way audio.",
        ["kind"],
        silences,
    )
