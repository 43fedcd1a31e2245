"""The ways out of a queue whose operators do not answer: to the Asterisk of `asterisk-config/`."""

from __future__ import annotations

import time
from itertools import pairwise

from .conftest import CALLER_TONE, OPERATOR_TONE, Stage
from .peers.agent import Agent, Json, Settings
from .peers.baresip import Baresip
from .peers.sound import read_wav, tone_level

TALK_S = 2.0
HEARD_DBFS = -25.0
"The tones are sent at -6 dBFS."
TO_HUNT_GROUP = """[[queue.ladder]]
after = "1s"
to = "hunt-group"
announce = ""
"""
HUNT_GROUP = """[[destination]]
name = "hunt-group"
kind = "phone"
to = "sip:fallback@{pbx}"
ring = "2m"
"""
TO_POLICE = TO_HUNT_GROUP.replace("hunt-group", "police")
POLICE = """[[destination]]
name = "police"
title = "Polisi 110"
kind = "centre"
to = ["sip:polres@{pbx}", "sip:polda@{pbx}", "sip:mabes@{pbx}"]
ring = "1s"
"""
POLICE_EXTENSIONS = """
[from-agent]
exten => polres,1,Ringing()
 same => n,Wait(60)
exten => polda,1,Ringing()
 same => n,Wait(60)
exten => mabes,1,Dial(PJSIP/mabes)
"""


def both_hear_each_other(caller: Baresip, called: Baresip) -> None:
    """At the end of their call, which is over."""
    for phone, tone in ((caller, OPERATOR_TONE), (called, CALLER_TONE)):
        sound = read_wav(phone.heard())
        level = tone_level(sound.part(-TALK_S + 0.5, -0.5).channels[0], tone, sound.rate)
        assert level > HEARD_DBFS, f"the {'caller' if phone is caller else 'other'} hears nobody"


def overflowed(agent: Agent) -> Json:
    """The only CDR."""
    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["disposition"], cdr["hangup_by"]) == ("overflowed", "caller")
    assert (cdr["queue"], cdr["operator"]) == ("112", None)
    return cdr


def test_a_call_that_no_operator_answers_goes_to_the_hunt_group_of_the_pbx_it_came_from(stage: Stage) -> None:
    agent = stage.agent(Settings(queue=TO_HUNT_GROUP, sections=HUNT_GROUP), op1={})
    stage.pbx("guard")
    sleeper = stage.operator_phone(agent, "op1", answers=False)
    guard = stage.pbx_phone("guard")
    telco = stage.telco()

    telco.dial(f"sip:112@{stage.net.pbx}")
    sleeper.wait_for_ring()
    guard.wait_for_call()
    (call,) = agent.wait_for_calls("talking")
    sleeper.wait_for_end()
    agent.wait_for_operator("op1", "ready")
    time.sleep(TALK_S)
    telco.hang_up()

    cdr = overflowed(agent)
    guard.wait_for_end()
    both_hear_each_other(telco, guard)
    assert cdr["id"] == call["id"]
    told = [(one["party"], one["name"], one["outcome"]) for one in cdr["segments"]]
    assert told == [
        ("caller", None, "overflowed"),
        ("operator", "op1", "withdrawn"),
        ("phone", "hunt-group", "answered"),
    ]


def test_police_110_climbs_from_the_local_station_to_headquarters_within_one_call(stage: Stage) -> None:
    agent = stage.agent(Settings(queue=TO_POLICE, sections=POLICE))
    stage.pbx("mabes", extensions=POLICE_EXTENSIONS)
    headquarters = stage.pbx_phone("mabes")
    telco = stage.telco()

    telco.dial(f"sip:112@{stage.net.pbx}")
    headquarters.wait_for_call()
    (call,) = agent.wait_for_calls("talking")
    time.sleep(TALK_S)
    telco.hang_up()

    cdr = overflowed(agent)
    both_hear_each_other(telco, headquarters)
    rung = agent.events(call["id"], "party.rings")
    stations = [event["target"].partition("@")[0] for event in rung]
    assert stations == ["sip:polres", "sip:polda", "sip:mabes"]
    caller, *police = cdr["segments"]
    assert caller["outcome"] == "overflowed"
    assert [one["outcome"] for one in police] == ["no_answer", "no_answer", "answered"]
    assert {(one["party"], one["name"], one["purpose"]) for one in police} == {("centre", "police", "ladder")}
    for before, after in pairwise(police):
        assert before["number"] < after["number"]
        assert before["ended_at"] <= after["started_at"], "two stations rang at once"
    assert cdr["answered_at"] == police[-1]["answered_at"]
