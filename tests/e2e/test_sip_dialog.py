"""Offer and answer, retransmissions and timers of one call, as SIPp plays them."""

from __future__ import annotations

import pytest

from .conftest import Stage
from .peers.agent import Settings
from .peers.raw import header
from .peers.scenario import (
    SDP,
    ack,
    answered,
    bye,
    confirm,
    expect,
    expect_request,
    hangs_up,
    invite,
    is_hung_up,
    pause,
    picks_up,
    progress,
    request,
    sdp,
)
from .peers.waiting import eventually


def test_late_offer_gets_our_offer_in_the_200(stage: Stage) -> None:
    agent = stage.agent(op1={})
    stage.sipp_phone(agent, "op1", *picks_up(), *is_hung_up())

    stage.caller(
        agent,
        invite(body=""),
        *progress(),
        expect(200, contains="m=audio .* RTP/AVP 8"),
        ack(body=SDP),
        pause(500),
        *hangs_up(),
    ).run()

    (cdr,) = agent.wait_for_cdrs()
    assert cdr["disposition"] == "answered"


def test_ringing_is_sent_reliably_when_the_caller_asks_for_it(stage: Stage) -> None:
    """RFC 3262: a 180 with RSeq, which is repeated until our PRACK."""
    agent = stage.agent(Settings(answer="ring"), op1={})
    stage.sipp_phone(agent, "op1", *picks_up(after_ms=800), *is_hung_up())

    stage.caller(
        agent,
        invite(headers=["Require: 100rel"]),
        expect(100, optional=True),
        expect(180, contains="Require:.*100rel", keep="RSeq"),
        request("PRACK", cseq=2, headers=["RAck:[$4] 1 INVITE"]),
        expect(200),
        expect(200),
        ack(),
        pause(300),
        bye(cseq=3),
        expect(200),
    ).run()

    (cdr,) = agent.wait_for_cdrs()
    assert cdr["disposition"] == "answered"


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_caller_holds_and_resumes(stage: Stage, method: str) -> None:
    agent = stage.agent(op1={})
    stage.sipp_phone(agent, "op1", *picks_up(), *is_hung_up())

    def change(cseq: int, direction: str, answer: str) -> list[str]:
        steps = [
            request(method, cseq=cseq, body=sdp(direction, version=cseq)),
            expect(100, optional=True),
            expect(200, contains=f"a={answer}"),
        ]
        return [*steps, ack(cseq=cseq)] if method == "INVITE" else steps

    caller = stage.caller(
        agent,
        invite(),
        *answered(),
        pause(1500),
        *change(2, "sendonly", "recvonly"),
        pause(1500),
        *change(3, "sendrecv", "sendrecv"),
        pause(1500),
        bye(cseq=4),
        expect(200),
    )
    caller.start()
    agent.wait_for_calls("talking")
    agent.wait_for_calls("held")
    agent.wait_for_calls("talking")
    caller.finish()

    (cdr,) = agent.wait_for_cdrs()
    assert cdr["disposition"] == "answered"


def test_offer_without_a_codec_of_ours_is_refused_and_the_call_goes_on(stage: Stage) -> None:
    agent = stage.agent(op1={})
    stage.sipp_phone(agent, "op1", *picks_up(), *is_hung_up())
    g729 = sdp(version=2).replace("RTP/AVP 8 0 101", "RTP/AVP 18").replace("PCMA", "G729")

    stage.caller(
        agent,
        invite(),
        *answered(),
        request("INVITE", cseq=2, body=g729),
        expect(100, optional=True),
        expect(488),
        request("ACK", cseq=2, branch="invite2"),
        pause(300),
        bye(cseq=3),
        expect(200),
    ).run()

    (cdr,) = agent.wait_for_cdrs()
    assert cdr["disposition"] == "answered"


def test_retransmitted_invite_is_one_call(stage: Stage) -> None:
    agent = stage.agent(op1={})
    stage.sipp_phone(agent, "op1", *picks_up(), *is_hung_up())
    caller = stage.raw_caller(agent)
    call = caller.request("INVITE", 1, body=caller.description())

    for _ in range(3):
        caller.send(call)
    to = header(caller.expect("200 INVITE"), "To")
    caller.send(call)
    caller.send(caller.request("ACK", 1, to=to))
    agent.wait_for_calls("talking")
    caller.send(caller.request("BYE", 2, to=to))
    caller.expect("200 BYE")

    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["disposition"], cdr["offers"]) == ("answered", 1)


def test_retransmitted_200_of_a_phone_is_acknowledged_again(stage: Stage) -> None:
    agent = stage.agent(op1={})
    phone = stage.raw_phone(agent, "op1")
    caller = stage.caller(agent, invite(), *answered(), pause(700), *hangs_up())
    caller.start()
    call = phone.expect("INVITE")

    for _ in range(3):
        phone.send(phone.answer(call, 200, "OK", phone.description()))
        phone.expect("ACK")

    phone.send(phone.answer(phone.expect("BYE"), 200, "OK"))
    caller.finish()


def test_interval_below_the_minimum_is_refused_with_the_minimum(stage: Stage) -> None:
    agent = stage.agent(op1={})

    stage.caller(
        agent,
        invite(headers=["Supported: timer", "Session-Expires: 30"]),
        expect(100, optional=True),
        expect(422, contains="Min-SE: *90"),
        request("ACK", cseq=1, uri="sip:112@[remote_ip]:[remote_port]", branch="invite1"),
    ).run()


def test_dead_callers_are_let_go(stage: Stage) -> None:
    """Three callers at once, since all take their time: one never acknowledges our 200 (64 × T1 = 32 s), one
    lets its session timer run out (90 s, given up 30 s before: RFC 4028 §10) though it answers OPTIONS, and
    one is gone: no sound and no answer."""
    agent = stage.agent(op1={}, op2={}, op3={})
    long_ms = 80_000
    timer = ["Supported: timer", "Session-Expires: 90;refresher=uac"]
    operators = ("op1", "op2", "op3")
    for operator in operators:
        stage.sipp_phone(agent, operator, *picks_up(), expect_request("BYE", timeout_ms=long_ms), confirm())
    silent = stage.caller(
        agent,
        invite(headers=timer),
        *progress(),
        expect(200, contains="Session-Expires: *90;refresher=uac"),
        ack(),
        expect_request("BYE", timeout_ms=long_ms, contains="Reason:"),
        confirm(),
        answers_options=True,
    )
    no_ack = stage.caller(
        agent,
        invite(),
        *progress(),
        expect(200),
        expect_request("BYE", timeout_ms=long_ms),
        confirm(),
    )

    gone = stage.caller(agent, invite(), *answered())

    silent.start()
    gone.run()
    no_ack.run()
    silent.finish()

    cdrs = agent.wait_for_cdrs(3)
    assert {cdr["hangup_by"] for cdr in cdrs} == {"system"}
    assert {cdr["disposition"] for cdr in cdrs} == {"answered"}
    # Phones from which no sound ever came are taken out, all but the last that serves.
    eventually(lambda: all(not agent.operator(one)["call"] for one in operators), "all are free")
