"""Metrics: what is told, that it is documented, and that nobody from outside can make up more of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import trustme
from prometheus_client import CollectorRegistry, generate_latest
from tests.api.centre import FakeCentre
from tests.api.conftest import Site
from tests.api.hooks import FakeHook
from tests.metrics import documented, faults, scraped

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
from ntpd112.app.capturing import Capturing
from ntpd112.app.certificates import Expiry
from ntpd112.app.retention import REMOVED
from ntpd112.cdr.database import create_engine
from ntpd112.config import TlsConfig
from ntpd112.histogram import Histogram
from ntpd112.journal.events import CallConnected, CallEnded, CallQueued, CallStarted, OfferEnded, OfferMade
from ntpd112.media.events import Closed, NoAudio, Quality
from ntpd112.media.figures import Figures
from ntpd112.media.protocol import Alive
from ntpd112.sip.message import Request
from ntpd112.sip.traffic import Traffic

NO_KEY = {"Authorization": ""}


@dataclass
class Inside:
    """A journal, a projection, a sink, a feed and a loop with trouble."""

    problem: str | None = "disk full"
    commits: Histogram = field(default_factory=lambda: Histogram(0.001))
    last_seq: int = 7
    waiting: int = 2
    dropped: int = 1
    size_bytes: int = 4096
    disk_free_bytes: int = 8192
    written: int = 3
    refused: int = 4
    sent: int = 9
    lag: int = 5
    followers: int = 2
    cut_off: int = 1
    seen: Histogram = field(default_factory=lambda: Histogram(0.001))
    longest_s: float = 0.25


@dataclass
class Sip:
    traffic: Traffic
    open_transactions: int = 6
    open_legs: int = 2


def centre_with_a_call() -> FakeCentre:
    centre = FakeCentre()
    for event in (
        CallStarted(at=1.0, call_id="a", region="35.78", trunk="pbx", dialled="112", caller="+628123456789"),
        CallQueued(at=1.0, call_id="a", queue="112", priority=5),
        OfferMade(at=1.0, call_id="a", offer=1, operator="siti"),
        OfferEnded(at=13.0, call_id="a", offer=1, operator="siti", outcome="answered"),
        CallConnected(at=13.0, call_id="a", offer=1, operator="siti"),
        CallEnded(
            at=60.0, call_id="a", disposition="answered", hangup_by="caller", sip_code=200, q850_cause=16
        ),
    ):
        centre.tally.take(event)
    centre.tally.turn_over(0.004)
    return centre


def traffic() -> Traffic:
    traffic = Traffic()
    traffic.came(Request("INVITE", "sip:112@h"))
    traffic.goes(b"SIP/2.0 486 Busy Here\r\nVia: x\r\nCSeq: 1 INVITE\r\n\r\n")
    traffic.sent_again["INVITE"] += 1
    traffic.refused["unknown source"] += 1
    return traffic


def media() -> Any:
    figures = Figures()
    figures.take(Closed(1, Quality(packets=98, lost=2, jitter_ms=4.0, remote_lost=1, remote_jitter_ms=8.0)))
    figures.take(Closed(2, Quality(packets=0, lost=0, jitter_ms=0.0)))
    figures.take(NoAudio(2, 5.0, never=True))
    load = {0: Alive(legs=2, packets=98, dropped=3, cpu_s=1.5, ports_free=498, ports_resting=1)}
    return SimpleNamespace(figures=figures, load=load)


def everything(tls: TlsConfig) -> CollectorRegistry:
    registry = CollectorRegistry()
    inside = Inside()
    inside.commits.observe(0.000_5)
    registry.register(CentreCollector(centre_with_a_call()))
    registry.register(SipCollector(Sip(traffic())))
    registry.register(MediaCollector(media()))
    registry.register(JournalCollector(inside, {"cdrs": inside}, {"mqtt": inside}, inside))
    registry.register(WebhookCollector({"dispatch": FakeHook(gone=True)}))
    registry.register(ProcessFigures("1.2.3", inside))
    registry.register(REMOVED)
    registry.register(Expiry(tls))
    lost: Any = SimpleNamespace(dropped=3, close=None)
    registry.register(Capturing(lost, lost))
    never_asked = create_engine("sqlite+aiosqlite:///main.db")
    registry.register(AccessCollector(Gate(never_asked, rate=50.0, burst=200, session_s=3600.0)))
    return registry


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TlsConfig:
    """With a certificate that is good."""
    file = tmp_path_factory.mktemp("tls") / "agent.pem"
    trustme.CA().issue_cert("192.0.2.10").private_key_and_cert_chain_pem.write_to_path(str(file))
    return TlsConfig(certificate=file, key=file)


@pytest.fixture
async def text(site: Site, tls: TlsConfig) -> str:
    """A scrape with a sample of every metric, the API's own requests among them."""
    await site.client.get("/api/v1/calls")
    own = (await site.client.get("/metrics", headers=NO_KEY)).text
    http = "".join(f"{line}\n" for line in own.splitlines() if "ntpd112_http_" in line)
    return generate_latest(everything(tls)).decode() + http


async def test_every_metric_is_documented_with_type_and_labels(text: str) -> None:
    shown, told = scraped(text), documented()
    assert shown.keys() == told.keys()
    assert {name: (one.kind, one.labels) for name, one in shown.items()} == {
        name: (one.kind, one.labels) for name, one in told.items()
    }


async def test_names_follow_the_rules_of_prometheus(text: str) -> None:
    assert faults(text) == []


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        (name, told.unit)
        for name, told in documented().items()
        if name.removesuffix("_total").endswith("_seconds")
    ],
)
def test_a_metric_in_seconds_says_so(name: str, unit: str) -> None:
    assert unit == "seconds"


@pytest.mark.parametrize(
    "line",
    [
        'ntpd112_calls{queue="112",state="waiting"} 1.0',
        'ntpd112_calls{queue="112",state="talking"} 0.0',
        'ntpd112_calls_started_total{direction="in",trunk="pbx"} 1.0',
        'ntpd112_calls_ended_total{disposition="answered"} 1.0',
        'ntpd112_calls_ended_total{disposition="abandoned"} 0.0',
        'ntpd112_offers_total{outcome="answered"} 1.0',
        'ntpd112_operators{state="ready"} 1.0',
        'ntpd112_operators{state="talking"} 0.0',
        'ntpd112_phones{reachable="yes"} 2.0',
        'ntpd112_phones{reachable="no"} 1.0',
        "ntpd112_callbacks 2.0",
        'ntpd112_queue_longest_wait_seconds{queue="112"} 4.5',
        'ntpd112_waiting{lane="quiet",queue="112"} 1.0',
        'ntpd112_waiting{lane="held",queue="112"} 0.0',
        'ntpd112_answer_seconds_bucket{le="10",queue="112"} 0.0',
        'ntpd112_answer_seconds_bucket{le="15",queue="112"} 1.0',
        'ntpd112_answer_seconds_sum{queue="112"} 12.0',
        'ntpd112_dispatch_seconds_bucket{le="0.003",trigger="call"} 0.0',
        'ntpd112_dispatch_seconds_bucket{le="0.005",trigger="call"} 1.0',
        'ntpd112_dispatch_seconds_count{trigger="operator"} 0.0',
        'ntpd112_trunk_up{trunk="pbx"} 1.0',
        "ntpd112_ready 1.0",
        'ntpd112_screened_total{result="voice"} 7.0',
        "ntpd112_ladder_climbs_total 4.0",
        "ntpd112_flood 0.0",
        'ntpd112_sip_requests_total{direction="in",method="INVITE"} 1.0',
        'ntpd112_sip_responses_total{code="486",direction="out",method="INVITE"} 1.0',
        'ntpd112_sip_retransmissions_total{direction="out",method="INVITE"} 1.0',
        'ntpd112_sip_refused_total{reason="unknown source"} 1.0',
        "ntpd112_sip_transactions 6.0",
        "ntpd112_sip_legs 2.0",
        'ntpd112_media_ports{state="used",worker="0"} 2.0',
        'ntpd112_rtp_packets_total{worker="0"} 98.0',
        'ntpd112_rtp_lost_total{direction="in"} 2.0',
        'ntpd112_rtp_lost_total{direction="out"} 1.0',
        "ntpd112_media_mute_legs_total 1.0",
        'ntpd112_rtp_loss_ratio_bucket{le="0.01"} 0.0',
        'ntpd112_rtp_loss_ratio_bucket{le="0.02"} 1.0',
        'ntpd112_rtp_jitter_seconds_bucket{le="0.005"} 1.0',
        "ntpd112_rtp_remote_jitter_seconds_sum 0.008",
        'ntpd112_silences_total{kind="never"} 1.0',
        "ntpd112_journal_events_total 7.0",
        "ntpd112_journal_waiting_events 2.0",
        "ntpd112_journal_dropped_total 1.0",
        "ntpd112_journal_failing 1.0",
        "ntpd112_journal_bytes 4096.0",
        "ntpd112_journal_disk_free_bytes 8192.0",
        "ntpd112_journal_commit_seconds_count 1.0",
        'ntpd112_projection_lag_events{projection="cdrs"} 5.0',
        'ntpd112_projection_written_total{projection="cdrs"} 3.0',
        'ntpd112_projection_refused_total{projection="cdrs"} 4.0',
        'ntpd112_projection_failing{projection="cdrs"} 1.0',
        'ntpd112_journal_lag{sink="mqtt"} 5.0',
        'ntpd112_sink_failing{sink="mqtt"} 1.0',
        'ntpd112_sink_messages_total{sink="mqtt"} 9.0',
        'ntpd112_webhook_tries_total{result="taken",webhook="dispatch"} 8.0',
        'ntpd112_webhook_tries_total{result="dead",webhook="dispatch"} 0.0',
        'ntpd112_webhook_pending{webhook="dispatch"} 2.0',
        'ntpd112_webhook_dead{webhook="dispatch"} 1.0',
        'ntpd112_webhook_on{webhook="dispatch"} 0.0',
        "ntpd112_followers 2.0",
        "ntpd112_followers_cut_off_total 1.0",
        "ntpd112_loop_longest_pause_seconds 0.25",
        'ntpd112_build_info{version="1.2.3"} 1.0',
    ],
)
def test_what_is_told(line: str, tls: TlsConfig) -> None:
    assert line in generate_latest(everything(tls)).decode().splitlines()


async def test_no_number_of_a_caller_is_told(text: str) -> None:
    assert "628123456789" not in text


async def test_metrics_need_no_key_and_are_text(site: Site) -> None:
    answer = await site.client.get("/metrics", headers=NO_KEY)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.fixture
async def requests(site: Site) -> Callable[[], list[str]]:
    """Reads the counted requests."""

    def read() -> list[str]:
        lines = generate_latest(site.app.state.metrics).decode().splitlines()
        return [line for line in lines if line.startswith("ntpd112_http_requests_total")]

    return read


def counted(method: str, route: str, status: int, count: int) -> str:
    labels = f'method="{method}",route="{route}",status="{status}"'
    return f"ntpd112_http_requests_total{{{labels}}} {count}.0"


async def test_requests_count_by_the_route_that_serves_them(
    site: Site, requests: Callable[[], list[str]]
) -> None:
    for call in ("a", "b"):
        await site.client.get(f"/api/v1/calls/{call}")
    assert requests() == [counted("GET", "/api/v1/calls/{id}", 404, 2)]


async def test_whatever_is_asked_for_there_is_one_more_series_at_most(
    site: Site, requests: Callable[[], list[str]]
) -> None:
    for number in range(5):
        await site.client.get(f"/.env{number}")
        await site.client.request(f"BREW{number}", f"/coffee{number}")
    shown = requests()
    assert counted("GET", "(none)", 404, 5) in shown
    assert counted("other", "(none)", 404, 5) in shown
    assert len(shown) == 2


async def test_a_mistake_of_ours_counts_as_500(
    site: Site, requests: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(FakeCentre, "calls")
    with pytest.raises(AttributeError):
        await site.client.get("/api/v1/calls")
    assert requests() == [counted("GET", "/api/v1/calls", 500, 1)]


async def test_a_request_refused_before_its_route_counts(
    site: Site, requests: Callable[[], list[str]]
) -> None:
    await site.client.put("/api/v1/operators/siti/state", content=b"x" * 100_000)
    assert requests() == [counted("PUT", "(none)", 413, 1)]
