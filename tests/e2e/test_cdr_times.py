"""A CDR's times, durations and causes are those that the phones saw, each by its own clock."""

from __future__ import annotations

import time
from datetime import datetime

import pytest

from .conftest import Stage
from .peers.agent import Agent, Json, Settings
from .peers.scenario import (
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
from .peers.sipp import Sipp
from .peers.wire import Wire

TRUE_S = 0.5
"A loaded machine may take as long from an event to its message; a wrong event is farther off."
RING_MS = 800
TALK_MS = 1500
LIVED_S = 1.5
"The time of a death is known from a file that is touched each second."
TO_POLICE = """
[[queue.ladder]]
after = "1s"
to = "police"
announce = ""
"""
POLICE = """
[[destination]]
name = "police"
kind = "centre"
to = "sip:110@{phone}"
"""
LETS_IT_RING = [
    expect_request("INVITE"),
    reply(180, "Ringing"),
    expect_request("CANCEL"),
    reply(200, "OK"),
    reply(487, "Request Terminated"),
]


def true(seconds: float) -> object:
    return pytest.approx(seconds, abs=TRUE_S)


def at(moment: str | None) -> float:
    """Epoch seconds of a CDR's time."""
    assert moment is not None
    return datetime.fromisoformat(moment).timestamp()


def cause(cdr: Json) -> tuple[str, str, int, int]:
    return cdr["disposition"], cdr["hangup_by"], cdr["sip_code"], cdr["q850_cause"]


def legs(cdr: Json) -> list[tuple[str, str | None, str]]:
    """Who beside the caller, why, and what came of it."""
    return [(leg["name"], leg["purpose"], leg["outcome"]) for leg in cdr["segments"][1:]]


def talks(stage: Stage, agent: Agent, ms: int = TALK_MS) -> Sipp:
    return stage.caller(agent, invite(), *answered(), pause(ms), *hangs_up())


@pytest.mark.parametrize("hangs_up_first", ["caller", "operator"])
def test_answered(stage: Stage, hangs_up_first: str) -> None:
    agent = stage.agent(op1={})
    by_caller = hangs_up_first == "caller"
    end = is_hung_up() if by_caller else [pause(TALK_MS), *phone_hangs_up()]
    phone = stage.sipp_phone(agent, "op1", *picks_up(after_ms=RING_MS), *end)
    ends = [pause(RING_MS + TALK_MS), *hangs_up()] if by_caller else is_hung_up()
    caller = stage.caller(agent, invite(), *answered(), *ends)
    caller.run()
    (cdr,) = agent.wait_for_cdrs()
    here, there = Wire(caller), Wire(phone)
    begun, picked_up = here.sent("INVITE"), there.sent("SIP/2.0 200", "INVITE")
    over = here.sent("BYE") if by_caller else there.sent("BYE")
    assert cause(cdr) == ("answered", hangs_up_first, 200, 16)
    assert at(cdr["started_at"]) == true(begun)
    assert at(cdr["answered_at"]) == true(picked_up)
    assert at(cdr["ended_at"]) == true(over)
    assert cdr["wait_s"] == true(picked_up - begun)
    assert cdr["ring_s"] == true(picked_up - there.received("INVITE"))
    assert cdr["talk_s"] == true(over - picked_up)
    assert legs(cdr) == [("op1", None, "answered")]


def test_abandoned_while_waiting(stage: Stage) -> None:
    agent = stage.agent()
    caller = talks(stage, agent)
    caller.run()
    (cdr,) = agent.wait_for_cdrs()
    here = Wire(caller)
    assert cause(cdr) == ("abandoned", "caller", 200, 16)
    assert cdr["wait_s"] == true(here.sent("BYE") - here.sent("INVITE"))
    assert at(cdr["ended_at"]) == true(here.sent("BYE"))
    assert (cdr["answered_at"], cdr["ring_s"], cdr["talk_s"], cdr["offers"]) == (None, 0, 0, 0)


def test_abandoned_while_ringing(stage: Stage) -> None:
    agent = stage.agent(Settings(answer="ring"), op1={})
    phone = stage.sipp_phone(agent, "op1", *LETS_IT_RING)
    caller = stage.caller(
        agent,
        invite(),
        expect(100, optional=True),
        expect(180),
        pause(TALK_MS),
        cancel(),
        expect(200),
        expect(487),
        ack_refusal(),
    )
    caller.run()
    (cdr,) = agent.wait_for_cdrs()
    here, there = Wire(caller), Wire(phone)
    assert cause(cdr) == ("abandoned", "caller", 487, 16)
    assert cdr["wait_s"] == true(here.sent("CANCEL") - here.sent("INVITE"))
    assert cdr["ring_s"] == true(there.received("CANCEL") - there.received("INVITE"))
    assert at(cdr["ended_at"]) == true(here.sent("CANCEL"))
    assert (cdr["answered_at"], cdr["talk_s"]) == (None, 0)
    assert legs(cdr) == [("op1", None, "withdrawn")]


def test_let_ring_by_one_and_answered_by_the_next(stage: Stage) -> None:
    agent = stage.agent(Settings(ring_timeout="1s"), op1={}, op2={})
    first = stage.sipp_phone(agent, "op1", *LETS_IT_RING)
    second = stage.sipp_phone(agent, "op2", *picks_up(after_ms=500), *is_hung_up())
    caller = talks(stage, agent, 1500 + TALK_MS)
    caller.run()
    (cdr,) = agent.wait_for_cdrs()
    here, one, other = Wire(caller), Wire(first), Wire(second)
    picked_up = other.sent("SIP/2.0 200", "INVITE")
    assert cause(cdr) == ("answered", "caller", 200, 16)
    assert cdr["wait_s"] == true(picked_up - here.sent("INVITE"))
    assert cdr["ring_s"] == true(picked_up - other.received("INVITE"))
    assert cdr["talk_s"] == true(here.sent("BYE") - picked_up)
    assert legs(cdr) == [("op1", None, "rona"), ("op2", None, "answered")]
    rang = cdr["segments"][1]
    assert at(rang["started_at"]) == true(one.received("INVITE"))
    assert at(rang["ended_at"]) == true(one.received("CANCEL"))


def test_transferred(stage: Stage) -> None:
    agent = stage.agent(op1={}, op2={})
    first = stage.sipp_phone(agent, "op1", *picks_up(), *is_hung_up())
    caller = talks(stage, agent, 2 * TALK_MS + RING_MS)
    caller.start()
    (call,) = agent.wait_for_calls("talking")
    second = stage.sipp_phone(agent, "op2", *picks_up(after_ms=RING_MS), *is_hung_up())
    asked = time.time()
    agent.command("POST", f"/calls/{call['id']}/transfer", {"to": "operator:op2"})
    obeyed = time.time()
    caller.finish()
    (cdr,) = agent.wait_for_cdrs()
    here, one, other = Wire(caller), Wire(first), Wire(second)
    picked_up, taken_over = one.sent("SIP/2.0 200", "INVITE"), other.sent("SIP/2.0 200", "INVITE")
    assert cause(cdr) == ("answered", "caller", 200, 16)
    assert cdr["operator"] == "op2"
    assert cdr["wait_s"] == true(picked_up - here.sent("INVITE"))
    assert cdr["talk_s"] == true(here.sent("BYE") - picked_up)
    moved = taken_over - cdr["hold_s"]
    assert asked - TRUE_S <= moved <= obeyed + TRUE_S
    assert legs(cdr) == [("op1", None, "answered"), ("op2", "transfer", "answered")]
    _, leg1, leg2 = cdr["segments"]
    assert at(leg1["ended_at"]) == true(one.received("BYE"))
    assert at(leg2["answered_at"]) == true(taken_over)
    assert at(leg2["ended_at"]) == true(other.received("BYE"))


def test_conferenced(stage: Stage) -> None:
    agent = stage.agent(op1={}, op2={})
    first = stage.sipp_phone(agent, "op1", *picks_up(), *is_hung_up())
    caller = talks(stage, agent, 2 * TALK_MS + RING_MS)
    caller.start()
    (call,) = agent.wait_for_calls("talking")
    second = stage.sipp_phone(agent, "op2", *picks_up(after_ms=RING_MS), *is_hung_up())
    agent.command("POST", f"/calls/{call['id']}/parties", {"to": "operator:op2"})
    caller.finish()
    (cdr,) = agent.wait_for_cdrs()
    here, one, other = Wire(caller), Wire(first), Wire(second)
    assert cause(cdr) == ("answered", "caller", 200, 16)
    assert cdr["talk_s"] == true(here.sent("BYE") - one.sent("SIP/2.0 200", "INVITE"))
    assert cdr["hold_s"] == 0
    assert legs(cdr) == [("op1", None, "answered"), ("op2", "conference", "answered")]
    _, leg1, leg2 = cdr["segments"]
    assert at(leg1["ended_at"]) == true(one.received("BYE"))
    assert at(leg2["answered_at"]) == true(other.sent("SIP/2.0 200", "INVITE"))


def test_overflowed(stage: Stage) -> None:
    agent = stage.agent(Settings(queue=TO_POLICE, sections=POLICE))
    police = stage.sipp_outside(*picks_up(after_ms=RING_MS), *is_hung_up())
    caller = talks(stage, agent, 1000 + RING_MS + TALK_MS)
    caller.run()
    (cdr,) = agent.wait_for_cdrs()
    here, there = Wire(caller), Wire(police)
    picked_up = there.sent("SIP/2.0 200", "INVITE")
    assert cause(cdr) == ("overflowed", "caller", 200, 16)
    assert cdr["operator"] is None
    assert cdr["wait_s"] == true(picked_up - here.sent("INVITE"))
    assert cdr["talk_s"] == true(here.sent("BYE") - picked_up)
    assert legs(cdr) == [("police", "ladder", "answered")]


def test_interrupted(stage: Stage) -> None:
    agent = stage.agent(op1={})
    phone = stage.sipp_phone(agent, "op1", *picks_up(), *is_hung_up())
    caller = talks(stage, agent, 60_000)
    caller.start()
    agent.wait_for_calls("talking")
    time.sleep(TALK_MS / 1000)
    killed = time.time()
    agent.kill()
    agent.start()
    (cdr,) = agent.wait_for_cdrs()
    picked_up = Wire(phone).sent("SIP/2.0 200", "INVITE")
    assert cause(cdr)[:2] == ("interrupted", "system")
    assert at(cdr["answered_at"]) == true(picked_up)
    assert at(cdr["ended_at"]) == pytest.approx(killed, abs=LIVED_S)
    assert cdr["talk_s"] == pytest.approx(at(cdr["ended_at"]) - at(cdr["answered_at"]), abs=0.002)
    assert legs(cdr) == [("op1", None, "answered")], "the call was interrupted, the offer was not"


def test_refused(stage: Stage) -> None:
    agent = stage.agent(Settings(no_operator="reject"))
    caller = stage.caller(agent, invite(), expect(100, optional=True), expect(503), ack_refusal())
    caller.run()
    (cdr,) = agent.wait_for_cdrs()
    here = Wire(caller)
    assert cause(cdr) == ("rejected", "system", 503, 20)
    assert at(cdr["started_at"]) == true(here.sent("INVITE"))
    assert at(cdr["ended_at"]) == true(here.received("SIP/2.0 503"))
    assert (cdr["answered_at"], cdr["offers"], cdr["talk_s"]) == (None, 0, 0)
