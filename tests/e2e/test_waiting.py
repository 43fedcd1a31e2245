"""What a caller meets who waits: the ladder, screening, flood mode, over real SIP and with sound."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import ntpd112.demo

from .conftest import CALLER_TONE, OPERATOR_TONE, Stage
from .peers.agent import Settings
from .peers.scenario import answered, expect_request, hangs_up, invite, is_hung_up, pause, picks_up, reply
from .peers.sound import read_wav, tone_level, tones_in_turn
from .peers.waiting import eventually

HEARD_DBFS = -25.0
UNHEARD_DBFS = -40.0
TALK_S = 2.0
SPEECH = Path(ntpd112.demo.__file__).parent / "speech" / "caller-fire.wav"
POLICE = """
[[destination]]
name = "police"
kind = "centre"
to = "sip:110@{phone}"
"""
TO_POLICE = """
[[queue.ladder]]
after = "1s"
to = "police"
announce = ""
"""
ANNOUNCEMENT_TONE = 700
RINGBACK_TONE = 425
ANNOUNCING_EXTENSIONS = f"""
[from-agent]
exten => 110,1,Progress()
 same => n,Playtones({ANNOUNCEMENT_TONE})
 same => n,Wait(60)
"""


def heard(file: Path, tone: int) -> float:
    """Of the last second, before the hang-up."""
    sound = read_wav(file)
    return tone_level(sound.part(-1.5, -0.3).channels[0], tone, sound.rate)


def test_call_that_nobody_answers_climbs_to_the_police_and_both_hear_each_other(stage: Stage) -> None:
    agent = stage.agent(Settings(queue=TO_POLICE, sections=POLICE))
    police, telco = stage.outside_phone("110"), stage.telco()

    telco.dial(f"sip:112@{agent.net.agent}")
    police.wait_for_call()
    (call,) = agent.wait_for_calls("talking")
    time.sleep(TALK_S)
    telco.hang_up()

    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["disposition"], cdr["operator"]) == ("overflowed", None)
    assert heard(telco.heard(), OPERATOR_TONE) > HEARD_DBFS
    assert heard(police.heard(), CALLER_TONE) > HEARD_DBFS
    assert agent.events(call["id"], "party.joined")[0]["name"] == "police"


@pytest.mark.parametrize("answer", ["announce", "ring"])
def test_what_the_police_announce_before_they_answer_is_what_the_waiting_caller_hears(
    stage: Stage, answer: str
) -> None:
    """Accepted already, or by early media of our own; and ring-back when nobody there has answered."""
    police = POLICE.replace("{phone}", "{pbx}") + 'ring = "4s"\n'
    agent = stage.agent(Settings(queue=TO_POLICE, sections=police, answer=answer))
    stage.pbx(extensions=ANNOUNCING_EXTENSIONS)
    telco = stage.telco()

    telco.dial(f"sip:112@{agent.net.agent}")
    (call,) = agent.wait_for_calls("ringing")
    eventually(lambda: agent.events(call["id"], "party.failed"), "nobody there answers")
    time.sleep(TALK_S)
    telco.hang_up()
    agent.wait_for_cdrs()
    telco.stop()
    turns = tones_in_turn(read_wav(telco.heard()), (RINGBACK_TONE, ANNOUNCEMENT_TONE), HEARD_DBFS)
    (before, seconds), (after, _) = turns[-2:]
    assert (before, after) == (ANNOUNCEMENT_TONE, RINGBACK_TONE)
    assert seconds > TALK_S, "most of the time that they rang"


def test_operator_who_answers_while_the_police_ring_has_the_call(stage: Stage) -> None:
    agent = stage.agent(Settings(queue=TO_POLICE, sections=POLICE), op1={})
    stage.sipp_phone(agent, "op1", *picks_up(after_ms=2500), *is_hung_up())
    police = stage.sipp_outside(
        expect_request("INVITE"),
        reply(180, "Ringing"),
        expect_request("CANCEL"),
        reply(200, "OK"),
        reply(487, "Request Terminated"),
    )
    caller = stage.caller(agent, invite(), *answered(), pause(3500), *hangs_up())
    caller.run()
    police.finish()

    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["disposition"], cdr["operator"]) == ("answered", "op1")


def test_who_speaks_is_served_before_who_waits_in_silence(stage: Stage) -> None:
    screening = '[queue.screening]\nwhen = "busy"\nwindow = "1s"\n'
    agent = stage.agent(Settings(queue=screening), op1={})
    op1 = stage.sipp_phone(agent, "op1", *picks_up(), *is_hung_up(), calls=2)
    busy = stage.caller(agent, invite(), *answered(), pause(6000), *hangs_up())
    busy.start()
    agent.wait_for_calls("talking")
    silent = stage.caller(agent, invite(), *answered(), pause(20_000), *hangs_up())
    silent.start()
    _, silent_call = agent.wait_for_calls("talking", "waiting")
    speaks = stage.telco(speech=SPEECH)
    speaks.dial(f"sip:112@{agent.net.agent}")
    *_, spoken_call = agent.wait_for_calls("talking", "waiting", "waiting")

    eventually(lambda: agent.events(spoken_call["id"], "call.screened"), "the voice is heard")
    assert agent.events(spoken_call["id"], "call.screened")[0]["result"] == "voice"
    busy.finish()

    agent.wait_for_calls("waiting", "talking")
    assert agent.get(f"/calls/{spoken_call['id']}")["operator"] == "op1"
    assert agent.get(f"/calls/{silent_call['id']}")["place"]["lane"] == "quiet"
    speaks.hang_up()
    op1.finish()


def test_in_a_flood_the_key_for_another_emergency_rings_the_operator_kept_free(stage: Stage) -> None:
    sections = '[flood]\nkept_free = 1\ncall_in = ["sip:home@{phone}"]\n'
    agent = stage.agent(Settings(sections=sections), op1={})
    home = stage.outside_phone("home")
    phone = stage.operator_phone(agent, "op1")
    assert agent.request("PUT", "/flood", {"on": True, "reason": "market fire"}).status_code == 200
    home.wait_for_call()
    telco = stage.telco()
    telco.dial(f"sip:112@{agent.net.agent}")
    (call,) = agent.wait_for_calls("waiting")

    telco.press("1")

    phone.wait_for_call()
    assert [event["about"] for event in agent.events(call["id"], "call.incident")] == [True, False]
    assert agent.get("/flood")["by"] == "api:e2e"
    telco.hang_up()
    agent.wait_for_cdrs()


def test_who_calls_again_after_a_kill_of_the_agent_has_kept_the_place(stage: Stage) -> None:
    agent = stage.agent()
    stage.caller(agent, invite(), *answered(), pause(1500), *hangs_up()).run()
    agent.wait_for_cdrs()
    agent.kill()
    agent.start()
    again = stage.caller(agent, invite(), *answered(), pause(1500), *hangs_up())
    again.start()
    (call,) = agent.wait_for_calls("waiting")
    (queued,) = agent.events(call["id"], "call.queued")
    assert queued["waited_s"] > 1.0
    assert queued["reasons"] == ["caller: place kept, waited 2 s before"]
    again.finish()
