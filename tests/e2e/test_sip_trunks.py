"""Who may bring calls, how many, and over which transport."""

from __future__ import annotations

import pytest

from .conftest import Stage
from .peers.agent import Settings
from .peers.scenario import (
    ack_refusal,
    answered,
    expect,
    hangs_up,
    invite,
    is_hung_up,
    pause,
    picks_up,
    request,
)
from .peers.waiting import eventually


def test_call_from_an_unknown_address_is_refused_and_leaves_nothing_behind(stage: Stage) -> None:
    agent = stage.agent(op1={})

    stage.caller(agent, invite(), expect(403), ack_refusal(), host=stage.net.stranger).run()

    assert agent.cdrs() == []
    assert agent.calls() == []


def test_trunk_over_its_limit_gets_503_with_retry_after(stage: Stage) -> None:
    agent = stage.agent()
    host = stage.net.narrow_trunk
    inside = [
        stage.caller(agent, invite(), *answered(), pause(2500), *hangs_up(), host=host) for _ in range(2)
    ]
    for caller in inside:
        caller.start()
    agent.wait_for_calls("waiting", "waiting")

    stage.caller(
        agent,
        invite(),
        expect(100, optional=True),
        expect(503, contains="Retry-After: *[0-9]"),
        ack_refusal(),
        host=host,
    ).run()

    for caller in inside:
        caller.finish()
    agent.wait_for_calls()
    stage.caller(agent, invite(), *answered(), pause(200), *hangs_up(), host=host).run()
    assert {trunk["name"]: trunk["calls"] for trunk in agent.listed("/trunks")}["narrow"] == 0


@pytest.mark.parametrize("transport", ["u1", "t1"], ids=["udp", "tcp"])
@pytest.mark.parametrize("version", ["ipv4", "ipv6"])
def test_call_over_each_transport(stage: Stage, transport: str, version: str) -> None:
    agent = stage.agent(Settings(ipv6=True), op1={})
    stage.sipp_phone(agent, "op1", *picks_up(), *is_hung_up())
    target = f"[::1]:{agent.port6}" if version == "ipv6" else agent.sip

    stage.caller(
        agent,
        invite(),
        *answered(),
        pause(500),
        *hangs_up(),
        transport=transport,
        host="::1" if version == "ipv6" else "",
        target=target,
    ).run()

    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["disposition"], cdr["caller"]) == ("answered", "+628123456789")


def test_options_are_answered(stage: Stage) -> None:
    agent = stage.agent()
    uri = "sip:[remote_ip]:[remote_port]"

    stage.caller(
        agent, request("OPTIONS", cseq=1, uri=uri, to_tag=False), expect(200, contains="Allow:.*INVITE")
    ).run()


def test_health_of_the_pbx_is_kept_by_options(stage: Stage) -> None:
    agent = stage.agent()
    pbx = stage.pbx("op1")

    def pbx_is(up: bool) -> None:
        eventually(
            lambda: {trunk["name"]: trunk["up"] for trunk in agent.listed("/trunks")}["pbx"] is up,
            f"trunk pbx is {'up' if up else 'down'}",
            within_s=40,
        )

    pbx_is(True)
    pbx.stop()
    pbx_is(False)
