"""What operators do from real phones alone: feature codes, calls to each other, call-backs."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from .conftest import CALLER_TONE, OPERATOR_TONE, Stage
from .peers.agent import Settings
from .peers.baresip import Baresip
from .peers.pyvoip import PyVoipPhone
from .peers.sound import Sound, read_wav, tone_level
from .peers.waiting import eventually

TALK_S = 3.0
HEARD_DBFS = -25.0
"The tones are sent at -6 dBFS; pyVoIP's arrive 10 dB weaker, because its clock wanders."
UNHEARD_DBFS = -40.0
SPOKEN_DBFS = -45.0
"Above it is speech: the prompts are at about -20 dBFS while words last."
COLLEAGUE_TONE = 700


def loudest(sound: Sound) -> float:
    """Level of the loudest fifth of a second, dBFS."""
    size = sound.rate // 5
    samples = sound.channels[0]
    parts = [samples[start : start + size] for start in range(0, len(samples) - size, size)]
    return max((20 * np.log10(max(float(np.sqrt(np.mean(part**2))), 1e-6)) for part in parts), default=-120.0)


def level(file: Path, tone: int) -> float:
    sound = read_wav(file)
    return tone_level(sound.part(-TALK_S + 0.5, -0.5).channels[0], tone, sound.rate)


def test_codes_change_the_operators_state_and_are_confirmed_by_a_spoken_prompt(stage: Stage) -> None:
    agent = stage.agent(op1={})
    phone = stage.operator_phone(agent, "op1")
    codes = {"*11": "break", "*12": "offline", "*10": "ready"}
    for times, (code, state) in enumerate(codes.items(), start=1):
        phone.dial(f"sip:{code}@{stage.net.agent}")
        phone.wait_for_end(times=times)

        assert agent.wait_for_operator("op1", state)["reason"] in ("code", "finished")
        assert loudest(read_wav(phone.heard())) > SPOKEN_DBFS, f"{code} is confirmed in silence"
    assert agent.cdrs() == [], "a code is no call"


def test_a_code_is_obeyed_though_the_phone_acknowledges_it_wrongly(stage: Stage) -> None:
    """pyVoIP gives its second INVITE the branch of the first, and its ACK a tag of its own."""
    agent = stage.agent(op1={})
    phone = stage.pyvoip_phone(agent, "op1")
    for code, state in (("*11", "break"), ("*12", "offline")):
        phone.dial(code)
        assert agent.wait_for_operator("op1", state)["reason"] == "code"


def test_a_code_classifies_the_last_call(stage: Stage) -> None:
    agent = stage.agent(op1={})
    phone = stage.operator_phone(agent, "op1")
    telco = stage.telco()
    telco.dial(f"sip:112@{stage.net.agent}")
    agent.wait_for_calls("talking")
    telco.hang_up()
    agent.wait_for_cdrs()

    phone.dial(f"sip:*24@{stage.net.agent}")
    phone.wait_for_end(times=2)

    eventually(lambda: agent.cdrs()[0]["classification"] == "prank", "the record says so")


def test_an_operator_calls_a_colleague_and_both_hear_each_other(stage: Stage) -> None:
    agent = stage.agent(op1={}, op2={})
    phone = stage.operator_phone(agent, "op1")
    colleague = stage.operator_phone(agent, "op2", tone=COLLEAGUE_TONE)

    phone.dial(f"sip:op2@{stage.net.agent}")
    phone.wait_for_call()
    time.sleep(TALK_S)
    phone.hang_up()

    agent.wait_for_cdrs()
    colleague.wait_for_end()
    assert level(phone.heard(), COLLEAGUE_TONE) > HEARD_DBFS
    assert level(colleague.heard(), OPERATOR_TONE) > HEARD_DBFS
    assert agent.wait_for_operator("op1", "ready")
    assert agent.wait_for_operator("op2", "ready")


def test_a_supervisor_listens_by_a_code_and_is_not_heard(stage: Stage) -> None:
    agent = stage.agent(op1={}, sup={"supervisor": 1})
    operator = stage.operator_phone(agent, "op1")
    supervisor = stage.operator_phone(agent, "sup", tone=COLLEAGUE_TONE)
    telco = stage.telco()
    telco.dial(f"sip:112@{stage.net.agent}")
    agent.wait_for_calls("talking")

    supervisor.dial(f"sip:*51op1@{stage.net.agent}")
    supervisor.wait_for_call()
    time.sleep(TALK_S)
    telco.hang_up()

    agent.wait_for_cdrs()
    supervisor.wait_for_end()
    assert level(supervisor.heard(), CALLER_TONE) > HEARD_DBFS
    assert level(supervisor.heard(), OPERATOR_TONE) > HEARD_DBFS
    for other in (telco, operator):
        assert level(other.heard(), COLLEAGUE_TONE) < UNHEARD_DBFS, "who listens is heard"


def test_a_number_that_nobody_has_is_refused_to_the_phone(stage: Stage) -> None:
    agent = stage.agent(op1={})
    phone = stage.operator_phone(agent, "op1")

    phone.dial(f"sip:999@{stage.net.agent}")

    phone.program.wait_for_log("404")
    assert agent.calls() == []


@pytest.mark.parametrize("way", ["click, to pyVoIP", "code, from baresip"])
def test_a_lost_caller_is_called_back_and_both_hear_each_other(stage: Stage, way: str) -> None:
    agent = stage.agent(Settings(callbacks_to=f"sip:{{number}}@{stage.net.telco}"), op1={})
    telco = stage.telco("+628123456789")
    telco.dial(f"sip:112@{stage.net.agent}")
    agent.wait_for_calls("waiting")
    telco.hang_up()
    agent.wait_for_cdrs()
    (entry,) = agent.listed("/callbacks")
    assert (entry["number"], entry["attempts"]) == ("+628123456789", 0)

    phone: Baresip | PyVoipPhone
    if way.startswith("click"):
        phone = stage.pyvoip_phone(agent, "op1")
        answer = agent.request("POST", f"/callbacks/{entry['id']}/call", {"operator": "op1"})
        assert answer.status_code == 202, answer.text
    else:
        phone = keys = stage.operator_phone(agent, "op1")
        keys.dial(f"sip:*30@{stage.net.agent}")
    telco.wait_for_call(times=2)
    (call,) = agent.wait_for_calls("talking")
    assert (call["caller"], call["operator"]) == ("+628123456789", "op1")
    time.sleep(TALK_S)
    telco.hang_up()

    back, first = agent.wait_for_cdrs(2)
    assert first["id"] == entry["id"]
    assert (back["disposition"], back["operator"]) == ("answered", "op1")
    assert agent.listed("/callbacks") == []
    assert level(telco.heard(), OPERATOR_TONE) > HEARD_DBFS
    assert level(telco.heard(), CALLER_TONE) < UNHEARD_DBFS, "the citizen hears an echo"
    assert level(phone.heard(), CALLER_TONE) > HEARD_DBFS
    recording = stage.folder / "recording.wav"
    recording.write_bytes(agent.request("GET", f"/cdrs/{back['id']}/recording").content)
    talk = read_wav(recording).part(-TALK_S + 0.5, -0.5)
    citizen, operator = talk.channels
    assert tone_level(citizen, CALLER_TONE) > HEARD_DBFS, "the citizen is not on the left"
    assert tone_level(operator, OPERATOR_TONE) > HEARD_DBFS, "the operator is not on the right"
