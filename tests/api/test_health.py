"""Health and metrics."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from tests.api.centre import FakeCentre
from tests.api.conftest import Site

from ntpd112.api import CentreCollector
from ntpd112.calls.views import Health

NO_KEY = {"Authorization": ""}


async def test_the_process_lives(site: Site) -> None:
    answer = await site.client.get("/healthz", headers=NO_KEY)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_ready_with_warnings_is_still_ready(site: Site) -> None:
    site.app.state.warnings = lambda: ["CDRs wait in the journal"]
    answer = await site.client.get("/readyz", headers=NO_KEY)
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "problems": [], "warnings": ["CDRs wait in the journal"]}


async def test_not_ready_is_503_and_says_why(site: Site) -> None:
    site.centre.now = Health(ready=False, problems=["no operator is registered"])
    answer = await site.client.get("/readyz", headers=NO_KEY)
    assert answer.status_code == 503
    assert answer.json()["problems"] == ["no operator is registered"]


async def test_metrics_show_the_centre_and_no_caller(site: Site) -> None:
    answer = await site.client.get("/metrics", headers=NO_KEY)
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    assert 'ntpd112_calls{queue="112",state="waiting"} 1.0' in lines
    assert 'ntpd112_operators{state="ready"} 1.0' in lines
    assert 'ntpd112_operators{state="talking"} 0.0' in lines
    assert 'ntpd112_queue_longest_wait_seconds{queue="112"} 4.5' in lines
    assert 'ntpd112_trunk_up{trunk="pbx"} 1.0' in lines
    assert "ntpd112_ready 1.0" in lines
    assert 'ntpd112_waiting{lane="quiet"} 1.0' in lines
    assert 'ntpd112_waiting{lane="held"} 0.0' in lines
    assert 'ntpd112_screened_total{result="voice"} 7.0' in lines
    assert "ntpd112_ladder_climbs_total 4.0" in lines
    assert "ntpd112_flood 0.0" in lines
    assert "+628123456789" not in answer.text


@dataclass
class Figures:
    problem: str | None = "disk full"
    last_seq: int = 7
    waiting: int = 2
    dropped: int = 1
    written: int = 3
    refused: int = 4
    sent: int = 9
    lag: int = 5
    open_transactions: int = 6
    open_legs: int = 2


def test_metrics_show_journal_projections_and_sip() -> None:
    registry = CollectorRegistry()
    registry.register(
        CentreCollector(FakeCentre(), Figures(), {"cdrs": Figures()}, Figures(), sinks={"mqtt": Figures()})
    )
    lines = generate_latest(registry).decode().splitlines()
    for line in (
        "ntpd112_journal_events_total 7.0",
        "ntpd112_sip_transactions 6.0",
        "ntpd112_sip_legs 2.0",
        "ntpd112_journal_waiting_events 2.0",
        "ntpd112_journal_dropped_total 1.0",
        "ntpd112_journal_failing 1.0",
        'ntpd112_projection_lag_events{projection="cdrs"} 5.0',
        'ntpd112_projection_written_total{projection="cdrs"} 3.0',
        'ntpd112_projection_refused_total{projection="cdrs"} 4.0',
        'ntpd112_projection_failing{projection="cdrs"} 1.0',
        'ntpd112_journal_lag{sink="mqtt"} 5.0',
        'ntpd112_sink_failing{sink="mqtt"} 1.0',
        'ntpd112_sink_messages_total{sink="mqtt"} 9.0',
    ):
        assert line in lines
