"""Who is rung for whom, and in which order callers are served, with real phones."""

from __future__ import annotations

import time

import pytest

from .conftest import CALLER_TONE, OPERATOR_TONE, Stage
from .peers.agent import Agent, Json, Settings
from .peers.baresip import Baresip
from .peers.scenario import (
    answered,
    hangs_up,
    info_key,
    invite,
    is_hung_up,
    pause,
    phone_hangs_up,
    picks_up,
)
from .peers.sipp import Sipp
from .peers.sound import read_wav, sine, tone_level, write_wav
from .peers.waiting import eventually

TALK_S = 2.0
HEARD_DBFS = -25.0
"The tones are sent at -6 dBFS."
UNHEARD_DBFS = -45.0
OTHER_TONE = 700
FIRST, SECOND, THIRD = "+628111111111", "+628222222222", "+628333333333"
"Callers who are told apart."
ANONYMOUS = ""
FIRE = """[[queue]]
name = "fire"
numbers = ["113"]
priority = 1
announcement = ""
wrap_up = "0s"
"""


def rings(agent: Agent, *operators: str) -> None:
    """Waits until exactly these operators' phones ring."""

    def look() -> bool:
        found = [one["id"] for one in agent.listed("/operators") if one["state"] == "ringing"]
        assert sorted(found) == sorted(operators), f"these ring: {found}"
        return True

    eventually(look, f"the phones of {operators} ring")


def heard(phone: Baresip, tone: int) -> float:
    """Level of the tone before the phone's last call ended, dBFS."""
    sound = read_wav(phone.heard())
    return tone_level(sound.part(-TALK_S + 0.5, -0.3).channels[0], tone, sound.rate)


def offers(cdr: Json) -> dict[str, str]:
    """What became of each operator's phone."""
    return {segment["operator"]: segment["outcome"] for segment in cdr["segments"] if segment["operator"]}


def dials(number: str, dialled: str = "112") -> str:
    sender = f"{number}@[local_ip]:[local_port]" if number else "anonymous@anonymous.invalid"
    return invite(number=dialled, sender=f"sip:{sender}")


def waits(stage: Stage, agent: Agent, number: str, *, dialled: str = "112", keys: str = "") -> Sipp:
    """A caller who waits, having pressed the keys, until an operator has taken the call and hung up."""
    presses = [step for cseq, key in enumerate(keys, start=2) for step in info_key(key, cseq=cseq)]
    caller = stage.caller(agent, dials(number, dialled), *answered(), *presses, *is_hung_up())
    caller.start()
    return caller


# ---- whose phone rings


@pytest.mark.parametrize("strategy", ["ring-all", "progressive"])
def test_of_several_phones_that_ring_the_first_to_answer_has_the_call_and_nobody_is_blamed(
    stage: Stage, strategy: str
) -> None:
    queue = f'strategy = "{strategy}"\nring_step = "1s"\n'
    agent = stage.agent(Settings(queue=queue, ring_timeout="60s"), op1={}, op2={}, op3={})
    phones = {
        "op1": stage.operator_phone(agent, "op1", answers=False),
        "op2": stage.operator_phone(agent, "op2", answers=False, tone=OTHER_TONE),
        "op3": stage.operator_phone(agent, "op3", answers=False),
    }
    telco = stage.telco()
    telco.dial(f"sip:112@{agent.net.agent}")
    for phone in phones.values():
        phone.wait_for_ring()
    rings(agent, *phones)
    (call,) = agent.calls()

    phones["op2"].do("accept")

    agent.wait_for_calls("talking")
    for other in ("op1", "op3"):
        phones[other].wait_for_end()
        assert agent.wait_for_operator(other, "ready")["reason"] == "answered elsewhere"
    time.sleep(TALK_S)
    telco.hang_up()
    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["disposition"], cdr["operator"]) == ("answered", "op2")
    assert offers(cdr) == {"op1": "withdrawn", "op2": "answered", "op3": "withdrawn"}
    assert heard(telco, OTHER_TONE) > HEARD_DBFS
    assert heard(telco, OPERATOR_TONE) < UNHEARD_DBFS
    assert heard(phones["op2"], CALLER_TONE) > HEARD_DBFS
    made = agent.events(call["id"], "offer.made")
    assert [offer["operator"] for offer in made] == ["op1", "op2", "op3"], "the longest idle first"
    waited_ms = [offer["why"]["waited_ms"] for offer in made]
    if strategy == "progressive":
        assert waited_ms[1] >= 1000, "the second phone rang before its step"
        assert waited_ms[2] >= 2000, "the third phone rang before its step"
    else:
        assert len(set(waited_ms)) == 1, "the phones rang one after the other"


def test_the_last_operator_who_lets_it_ring_stays_and_the_supervisor_is_rung(stage: Stage) -> None:
    ladder = '[[queue.ladder]]\nafter = "10m"\ninclude = ["supervisor"]\n'
    settings = Settings(queue=ladder, ring_timeout="1s")
    agent = stage.agent(settings, op1={}, boss={"supervisor": 1})
    stage.operator_phone(agent, "op1", answers=False)
    boss = stage.operator_phone(agent, "boss", tone=OTHER_TONE)
    telco = stage.telco()

    telco.dial(f"sip:112@{agent.net.agent}")

    boss.wait_for_call()
    (call,) = agent.wait_for_calls("talking")
    assert call["operator"] == "boss"
    assert agent.wait_for_operator("op1", "ready")
    time.sleep(TALK_S)
    telco.hang_up()
    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["disposition"], cdr["operator"]) == ("answered", "boss")
    assert offers(cdr) == {"op1": "rona", "boss": "answered"}
    assert heard(telco, OTHER_TONE) > HEARD_DBFS
    assert [event["operator"] for event in agent.events(call["id"], "operator.last")] == ["op1"]
    (relaxed,) = agent.events(call["id"], "call.relaxed")
    assert (relaxed["reason"], relaxed["excluded"]) == ("last operator let it ring", ["reserve"])


def test_who_calls_again_goes_to_the_operator_they_spoke_to_and_not_to_the_longest_idle(
    stage: Stage,
) -> None:
    agent = stage.agent(op1={}, op2={})
    for operator in ("op1", "op2"):
        stage.sipp_phone(agent, operator, *picks_up(), pause(200), *phone_hangs_up(), calls=2)

    served = []
    for count, number in enumerate((FIRST, FIRST, SECOND), start=1):
        waits(stage, agent, number).finish()
        newest, *_ = agent.wait_for_cdrs(count)
        served.append((newest["caller"], newest["operator"]))

    assert served == [(FIRST, "op1"), (FIRST, "op1"), (SECOND, "op2")]
    (offer,) = agent.events(agent.cdrs()[1]["id"], "offer.made")
    assert offer["why"]["chosen_by"] == "sticky"


# ---- who is served first


def serve(stage: Stage, agent: Agent, count: int) -> list[str]:
    """An operator comes and takes so many calls, one after the other: their callers, in that order."""
    operator = stage.sipp_phone(agent, "op1", *picks_up(), pause(200), *phone_hangs_up(), calls=count)
    operator.finish()

    def look() -> list[Json]:
        served = [cdr for cdr in agent.cdrs() if cdr["disposition"] == "answered"]
        assert len(served) == count, f"{len(served)} callers were served"
        return served

    served = eventually(look, f"{count} callers are served")
    return [cdr["caller"] for cdr in sorted(served, key=lambda cdr: str(cdr["answered_at"]))]


def test_who_hung_up_and_calls_again_keeps_the_place_but_an_anonymous_caller_has_none(stage: Stage) -> None:
    agent = stage.agent(op1={})
    impatient = [
        stage.caller(agent, dials(number), *answered(), pause(4000), *hangs_up())
        for number in (FIRST, ANONYMOUS)
    ]
    for caller in impatient:
        caller.start()
    agent.wait_for_calls("waiting", "waiting")
    for caller in impatient:
        caller.finish()
    agent.wait_for_cdrs(2)

    again = []
    for count, number in enumerate((SECOND, FIRST, ANONYMOUS), start=1):
        again.append(waits(stage, agent, number))
        agent.wait_for_calls(*["waiting"] * count)

    assert serve(stage, agent, 3) == [FIRST, SECOND, ANONYMOUS]
    for caller in again:
        caller.finish()


def test_a_call_that_a_supervisor_lifted_goes_before_an_urgent_one_and_that_before_an_older_one(
    stage: Stage,
) -> None:
    agent = stage.agent(Settings(sections=FIRE), op1={})
    callers = []
    for count, (number, dialled) in enumerate(((FIRST, "112"), (SECOND, "113"), (THIRD, "112")), start=1):
        callers.append(waits(stage, agent, number, dialled=dialled))
        *_, newest = agent.wait_for_calls(*["waiting"] * count)

    lifted = agent.command("POST", f"/calls/{newest['id']}/lift")

    assert lifted["place"]["lane"] == "lifted"
    assert serve(stage, agent, 3) == [THIRD, SECOND, FIRST]
    for caller in callers:
        caller.finish()


def test_a_silent_caller_who_presses_the_panic_keys_goes_before_an_earlier_caller_who_spoke_up(
    stage: Stage,
) -> None:
    screening = '[queue.screening]\nwhen = "busy"\nprompt = "beep"\nwindow = "1s"\n'
    agent = stage.agent(Settings(queue=screening), op1={})
    earlier = waits(stage, agent, FIRST, keys="1")
    agent.wait_for_calls("waiting")
    wait_for_lane(agent, 0, "normal")
    nothing = stage.folder / "silence.wav"
    write_wav(nothing, sine(CALLER_TONE, 30.0, amplitude=0.0))
    silent = stage.telco(SECOND, speech=nothing)
    silent.dial(f"sip:112@{agent.net.agent}")
    _, call = agent.wait_for_calls("waiting", "waiting")
    eventually(lambda: agent.events(call["id"], "call.screened"), "the silence is noticed")
    wait_for_lane(agent, 1, "quiet")

    silent.press("5")
    silent.press("5")

    wait_for_lane(agent, 1, "lifted")
    assert serve(stage, agent, 2) == [SECOND, FIRST]
    results = [event["result"] for event in agent.events(call["id"], "call.screened")]
    assert (results[0], results[-1]) == ("silent", "panic")
    earlier.finish()


def wait_for_lane(agent: Agent, position: int, lane: str) -> None:
    """Of the n-th call, oldest first."""

    def look() -> bool:
        calls = sorted(agent.calls(), key=lambda call: str(call["created_at"]))
        return bool(calls[position]["place"]["lane"] == lane)

    eventually(look, f"the call is in the {lane} lane")
