"""A transfer does not spoil the call's record: there is one CDR, whose times are those of the whole call, and
whose segments say who had the caller when."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

import pytest

from .conftest import Stage
from .peers.agent import Agent, Json, Settings
from .peers.baresip import Baresip
from .peers.sound import read_wav, tone_level
from .peers.waiting import eventually

HEARD_DBFS = -25.0
"The tones are sent at -6 dBFS."
TALK_S = 2.0
BEFORE_S = 1.2
"Talked to the first operator; baresip says nothing of the end of a call that was shorter than a second."
SECOND_TONE = 700
DOCTOR = """[[queue]]
name = "doctor"
skills = { medical = 1 }
announcement = ""
wrap_up = "0s"
"""
Transfer = Callable[[Agent, str, Baresip], None]


def blind_from_the_phone(agent: Agent, call: str, phone: Baresip) -> None:
    phone.do("transfer", f"sip:op2@{agent.net.agent}")


def attended_from_a_console(agent: Agent, call: str, phone: Baresip) -> None:
    agent.command("POST", f"/calls/{call}/transfer", {"to": "operator:op2", "attended": True})
    eventually(lambda: agent.get(f"/calls/{call}")["transfer"]["answered"], "the two operators talk")
    agent.command("POST", f"/calls/{call}/transfer/complete")


def to_a_queue(agent: Agent, call: str, phone: Baresip) -> None:
    agent.command("POST", f"/calls/{call}/transfer", {"to": "queue:doctor"})


@pytest.mark.parametrize(
    ("transfer", "purpose", "offers"),
    [
        (blind_from_the_phone, "transfer", 1),
        (attended_from_a_console, "transfer", 1),
        (to_a_queue, None, 2),
    ],
)
def test_the_record_of_a_transferred_call_is_that_of_the_whole_call(
    stage: Stage, transfer: Transfer, purpose: str | None, offers: int
) -> None:
    agent = stage.agent(Settings(sections=DOCTOR), op1={}, op2={"medical": 1})
    first = stage.operator_phone(agent, "op1")
    second = stage.operator_phone(agent, "op2", tone=SECOND_TONE)
    telco = stage.telco()
    telco.dial(f"sip:112@{agent.net.agent}")
    (call,) = agent.wait_for_calls("talking")
    time.sleep(BEFORE_S)

    transfer(agent, call["id"], first)

    first.wait_for_end()
    second.wait_for_call()
    (moved,) = agent.wait_for_calls("talking")
    assert (moved["id"], moved["operator"]) == (call["id"], "op2")
    time.sleep(TALK_S)
    telco.hang_up()
    (cdr,) = agent.wait_for_cdrs()
    assert heard(telco, SECOND_TONE) > HEARD_DBFS
    assert (cdr["id"], cdr["disposition"], cdr["hangup_by"]) == (call["id"], "answered", "caller")
    assert (cdr["queue"], cdr["operator"], cdr["offers"]) == ("112", "op2", offers)
    assert_times_are_of_the_whole_call(cdr)
    assert_segments_follow_each_other(cdr, purpose)


def assert_times_are_of_the_whole_call(cdr: Json) -> None:
    """Waiting ended with the first operator's answer and does not begin again."""
    _, first, _ = cdr["segments"]
    assert cdr["answered_at"] == first["answered_at"]
    assert cdr["wait_s"] == pytest.approx(between(cdr["queued_at"], cdr["answered_at"]), abs=0.002)
    assert cdr["ring_s"] == pytest.approx(between(first["started_at"], first["answered_at"]), abs=0.002)
    assert cdr["talk_s"] == pytest.approx(between(cdr["answered_at"], cdr["ended_at"]), abs=0.002)
    assert 0 < cdr["hold_s"] < cdr["talk_s"] - TALK_S / 2, "what the caller waited in the transfer is hold"


def assert_segments_follow_each_other(cdr: Json, purpose: str | None) -> None:
    caller, first, second = cdr["segments"]
    told = [(one["party"], one["name"], one["purpose"], one["outcome"]) for one in (caller, first, second)]
    assert told == [
        ("caller", None, None, "answered"),
        ("operator", "op1", None, "answered"),
        ("operator", "op2", purpose, "answered"),
    ]
    assert cdr["started_at"] <= first["answered_at"] < second["answered_at"]
    assert first["ended_at"] < second["ended_at"]
    assert caller["ended_at"] == second["ended_at"] == cdr["ended_at"]


def heard(phone: Baresip, tone: int) -> float:
    """Level of the tone before the call ended, dBFS."""
    sound = read_wav(phone.heard())
    return tone_level(sound.part(-TALK_S + 0.5, -0.3).channels[0], tone, sound.rate)


def between(start: str, end: str) -> float:
    """Seconds."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
