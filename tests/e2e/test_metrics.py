"""What a running agent tells Prometheus after real calls."""

from __future__ import annotations

import socket

from tests.metrics import ALERTS, DASHBOARD, documented, faults, metrics_in, samples, scraped

from .conftest import Stage
from .peers.agent import Agent, Settings, http
from .peers.scenario import answered, hangs_up, invite, is_hung_up, pause, picks_up
from .peers.waiting import eventually

OF_SINKS = {name for name, told in documented().items() if told.labels & {"sink", "webhook"}}
"Have samples only where a broker or a webhook is configured."


def read(agent: Agent) -> str:
    return http.get(f"{agent.url}/metrics").text


def value(text: str, line: str) -> float:
    """Of the sample whose name and labels are `line`."""
    return next(
        (float(one.rpartition(" ")[2]) for one in text.splitlines() if one.startswith(f"{line} ")), 0.0
    )


def test_a_scrape_after_calls_has_what_document_dashboard_and_alerts_name(stage: Stage) -> None:
    agent = stage.agent(Settings(), siti={})
    stage.sipp_phone(agent, "siti", *picks_up(), *is_hung_up())
    caller = stage.caller(agent, invite(), *answered(), pause(1000), *hangs_up())
    caller.start()
    caller.finish()
    agent.wait_for_cdrs()
    agent.get("/calls")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"nonsense", (agent.net.agent, 5060))
    eventually(lambda: value(read(agent), "ntpd112_media_legs_total") == 2, "both legs are closed")

    text = read(agent)
    shown = scraped(text)
    assert shown.keys() == documented().keys()
    assert faults(text) == []
    # Of some nothing was to be told, so that they have no sample yet.
    uneventful = {
        "ntpd112_certificate_expires_seconds",
        "ntpd112_screened_total",
        "ntpd112_sip_retransmissions_total",
        "ntpd112_gateway_up",
        "ntpd112_trunk_refused_total",
        "ntpd112_trunk_registered",
        "ntpd112_trunk_up",
    }
    assert {name for name, one in shown.items() if one.labels is None} <= OF_SINKS | uneventful
    named = metrics_in(DASHBOARD.read_text(encoding="utf-8") + ALERTS.read_text(encoding="utf-8"))
    there = samples(text)
    assert [name for name in named if name not in there and name not in OF_SINKS | uneventful] == []

    for line, least in {
        'ntpd112_calls_started_total{direction="in",trunk="telco"}': 1,
        'ntpd112_calls_ended_total{disposition="answered"}': 1,
        'ntpd112_answer_seconds_count{queue="112"}': 1,
        'ntpd112_dispatch_seconds_count{trigger="call"}': 1,
        'ntpd112_dispatch_seconds_bucket{le="0.5",trigger="call"}': 1,
        'ntpd112_sip_requests_total{direction="in",method="INVITE"}': 1,
        'ntpd112_sip_requests_total{direction="out",method="INVITE"}': 1,
        'ntpd112_sip_responses_total{code="200",direction="in",method="INVITE"}': 1,
        'ntpd112_http_requests_total{method="GET",route="/api/v1/calls",status="200"}': 1,
        'ntpd112_phones{reachable="yes"}': 1,
        "ntpd112_journal_commit_seconds_count": 1,
        "ntpd112_loop_pause_seconds_count": 1,
        "process_cpu_seconds_total": 0,
    }.items():
        assert value(text, line) >= least, line


def test_a_call_that_waits_for_an_operator_shows_as_waiting_and_then_as_freed_by_one(stage: Stage) -> None:
    agent = stage.agent(Settings(), siti={})
    caller = stage.caller(agent, invite(), *answered(), pause(3000), *hangs_up())
    caller.start()
    agent.wait_for_calls("waiting")
    assert value(read(agent), 'ntpd112_waiting{lane="normal",queue="112"}') == 1
    stage.sipp_phone(agent, "siti", *picks_up(), *is_hung_up())
    caller.finish()
    agent.wait_for_cdrs()
    assert value(read(agent), 'ntpd112_dispatch_seconds_count{trigger="operator"}') == 1
