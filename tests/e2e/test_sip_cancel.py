"""CANCEL and BYE in every state of a call, and hang-ups that cross."""

from __future__ import annotations

from .conftest import Stage
from .peers.agent import Settings
from .peers.raw import header
from .peers.scenario import (
    SDP,
    ack,
    ack_refusal,
    answered,
    cancel,
    expect,
    expect_request,
    hangs_up,
    invite,
    is_hung_up,
    pause,
    phone_hangs_up,
    picks_up,
    reply,
)

RING = Settings(answer="ring")
"So that the INVITE stays unanswered while the call waits and rings."


def test_cancel_right_behind_the_invite(stage: Stage) -> None:
    """Sent before any answer can have come."""
    agent = stage.agent(RING, op1={})
    caller = stage.raw_caller(agent)
    caller.send(caller.request("INVITE", 1, body=caller.description()))
    caller.send(caller.request("CANCEL", 1))

    caller.expect("200 CANCEL")
    refusal = caller.expect("487 INVITE")
    caller.send(caller.request("ACK", 1, to=header(refusal, "To")).replace("ack1", "invite1"))

    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["disposition"], cdr["hangup_by"], cdr["sip_code"]) == ("abandoned", "caller", 487)


def test_cancel_while_the_call_waits(stage: Stage) -> None:
    agent = stage.agent(RING, op1={})
    caller = stage.raw_caller(agent)
    caller.send(caller.request("INVITE", 1, body=caller.description()))
    caller.expect("180 INVITE")
    agent.wait_for_calls("waiting")
    caller.send(caller.request("CANCEL", 1))

    caller.expect("200 CANCEL")
    refusal = caller.expect("487 INVITE")
    caller.send(caller.request("ACK", 1, to=header(refusal, "To")).replace("ack1", "invite1"))

    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["disposition"], cdr["offers"], cdr["operator"]) == ("abandoned", 0, None)


def test_cancel_while_the_operators_phone_rings_stops_it_at_once(stage: Stage) -> None:
    agent = stage.agent(RING, op1={})
    phone = stage.sipp_phone(
        agent,
        "op1",
        expect_request("INVITE"),
        reply(180, "Ringing"),
        expect_request("CANCEL", contains="Reason:"),
        reply(200, "OK"),
    )
    caller = stage.caller(
        agent,
        invite(),
        expect(100),
        expect(180),
        pause(700),
        cancel(),
        expect(200, in_dialog=False),
        expect(487),
        ack_refusal(),
    )
    caller.run()
    phone.finish()

    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["disposition"], cdr["offers"]) == ("abandoned", 1)
    agent.wait_for_operator("op1", "ready")


def test_cancel_that_crosses_the_200_leaves_the_call_up(stage: Stage) -> None:
    """The 200 came before the CANCEL was sent: it has no effect (RFC 3261 §9.2); BYE ends the call."""
    agent = stage.agent(op1={})
    stage.caller(
        agent,
        invite(),
        expect(100, optional=True),
        expect(200),
        cancel(),
        expect(200, in_dialog=False),
        ack(),
        pause(300),
        *hangs_up(),
    ).run()

    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["disposition"], cdr["hangup_by"], cdr["sip_code"]) == ("abandoned", "caller", 200)


def test_caller_hangs_up_while_the_operators_phone_rings(stage: Stage) -> None:
    """The agent answered the caller itself: it is a BYE, and the operator's phone must stop ringing."""
    agent = stage.agent(op1={})
    phone = stage.sipp_phone(
        agent,
        "op1",
        expect_request("INVITE"),
        reply(180, "Ringing"),
        expect_request("CANCEL"),
        reply(200, "OK"),
    )
    caller = stage.caller(agent, invite(), *answered(), pause(700), *hangs_up())
    caller.run()
    phone.finish()

    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["disposition"], cdr["hangup_by"], cdr["answered_at"]) == ("abandoned", "caller", None)
    agent.wait_for_operator("op1", "ready")


def test_operators_bye_crosses_ours(stage: Stage) -> None:
    """The phone's own BYE is sent when ours has come and is not answered yet."""
    agent = stage.agent(op1={})
    phone = stage.raw_phone(agent, "op1")
    caller = stage.caller(agent, invite(), *answered(), pause(700), *hangs_up())
    caller.start()
    call = phone.expect("INVITE")
    phone.send(phone.answer(call, 200, "OK", phone.description()))
    phone.expect("ACK")
    bye_to_us = phone.expect("BYE")
    phone.send(phone.request_back("BYE", 1, call))
    phone.expect("200 BYE")
    phone.send(phone.answer(bye_to_us, 200, "OK"))
    caller.finish()

    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["disposition"], cdr["hangup_by"]) == ("answered", "caller")
    agent.wait_for_operator("op1", "ready")


def test_callers_bye_crosses_ours(stage: Stage) -> None:
    agent = stage.agent(op1={})
    stage.sipp_phone(agent, "op1", *picks_up(), pause(300), *phone_hangs_up())
    caller = stage.raw_caller(agent)
    caller.send(caller.request("INVITE", 1, body=caller.description()))
    answer = caller.expect("200 INVITE")
    to = header(answer, "To")
    caller.send(caller.request("ACK", 1, to=to))
    bye_to_us = caller.expect("BYE")
    caller.send(caller.request("BYE", 2, to=to))
    caller.expect("200 BYE")
    caller.send(caller.answer(bye_to_us, 200, "OK"))

    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["disposition"], cdr["hangup_by"]) == ("answered", "operator")
    agent.wait_for_calls()


def test_callers_bye_while_the_operators_200_is_on_its_way_hangs_up_the_operator(stage: Stage) -> None:
    """The phone answers although the call was withdrawn a moment ago: it gets its ACK and a BYE."""
    agent = stage.agent(op1={})
    phone = stage.sipp_phone(
        agent,
        "op1",
        expect_request("INVITE"),
        reply(180, "Ringing"),
        expect_request("CANCEL"),
        reply(200, "OK"),
        *late_200(),
        expect_request("ACK"),
        *is_hung_up(),
    )
    stage.caller(agent, invite(), *answered(), pause(700), *hangs_up()).run()
    phone.finish()

    (cdr,) = agent.wait_for_cdrs()
    assert cdr["disposition"] == "abandoned"


def late_200() -> list[str]:
    """A 200 to the INVITE although the last request received was its CANCEL."""
    return [reply(200, "OK", body=SDP, retransmit=True).replace("[last_CSeq:]", "CSeq: 1 INVITE")]
