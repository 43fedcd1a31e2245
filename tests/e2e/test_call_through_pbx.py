"""The main job: a 112 call through a real Asterisk reaches an operator, and both hear each other."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest

from .conftest import CALLER_TONE, OPERATOR_TONE, Stage
from .peers.agent import Agent, Json
from .peers.sound import Sound, read_wav, tone_level

TALK_S = 3.0
"How long they talk: enough for a dozen windows to measure a tone in."
HEARD_DBFS = -25.0
"The tones are sent at -6 dBFS; pyVoIP's arrive 10 dB weaker, because its clock wanders."
UNHEARD_DBFS = -40.0


@pytest.mark.parametrize("kind", ["pyvoip", "baresip"])
def test_call_through_asterisk_is_heard_on_both_sides_and_recorded(stage: Stage, kind: str) -> None:
    agent = stage.agent(op1={})
    stage.pbx("op1")
    phone = stage.pyvoip_phone(agent, "op1") if kind == "pyvoip" else stage.operator_phone(agent, "op1")
    telco = stage.telco()

    telco.dial(f"sip:112@{stage.net.pbx}")
    phone.wait_for_call()
    (call,) = agent.wait_for_calls("talking")
    assert call["caller"] == "+628123456789"
    time.sleep(TALK_S)
    telco.hang_up()
    (cdr,) = agent.wait_for_cdrs()

    operator_heard, caller_heard = read_wav(phone.heard()), read_wav(telco.heard())
    assert level(operator_heard, CALLER_TONE) > HEARD_DBFS
    assert level(operator_heard, OPERATOR_TONE) < UNHEARD_DBFS, "the operator hears an echo"
    assert level(caller_heard, OPERATOR_TONE) > HEARD_DBFS
    assert level(caller_heard, CALLER_TONE) < UNHEARD_DBFS, "the caller hears an echo"
    assert_cdr_of_an_answered_call(cdr)
    assert_recording_has_each_on_its_channel(agent, cdr, stage.folder)


def level(sound: Sound, tone: int, channel: int = 0) -> float:
    """Of the middle of the call: at its edges there are ring-back tone and clicks."""
    return tone_level(sound.part(0.5, sound.seconds - 0.5).channels[channel], tone, sound.rate)


def assert_cdr_of_an_answered_call(cdr: Json) -> None:
    assert cdr["disposition"] == "answered"
    assert cdr["caller"] == "+628123456789"
    assert (cdr["trunk"], cdr["queue"], cdr["operator"]) == ("pbx", "112", "op1")
    assert (cdr["hangup_by"], cdr["sip_code"], cdr["q850_cause"]) == ("caller", 200, 16)
    assert cdr["offers"] == 1
    assert cdr["talk_s"] == pytest.approx(TALK_S, abs=2.0)


def assert_recording_has_each_on_its_channel(agent: Agent, cdr: Json, folder: Path) -> None:
    """Caller left, operator right."""
    response = agent.request("GET", f"/cdrs/{cdr['id']}/recording")
    assert response.status_code == httpx.codes.OK, response.text
    file = folder / "recording.wav"
    file.write_bytes(response.content)
    # Before the operator answered only the caller was there.
    talk = read_wav(file).part(-TALK_S + 0.5, -0.5)
    levels = [
        [tone_level(channel, tone) for tone in (CALLER_TONE, OPERATOR_TONE)] for channel in talk.channels
    ]
    assert levels[0][0] > HEARD_DBFS, f"the caller is not on the left: {levels}"
    assert levels[1][1] > HEARD_DBFS, f"the operator is not on the right: {levels}"
    assert levels[0][1] < UNHEARD_DBFS, f"the operator is on the left too: {levels}"
    assert levels[1][0] < UNHEARD_DBFS, f"the caller is on the right too: {levels}"


def test_operator_hangs_up_and_the_telco_is_told(stage: Stage) -> None:
    agent = stage.agent(op1={})
    stage.pbx("op1")
    phone = stage.operator_phone(agent, "op1")
    telco = stage.telco()

    telco.dial(f"sip:112@{stage.net.pbx}")
    agent.wait_for_calls("talking")
    phone.hang_up()

    telco.wait_for_end()
    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["disposition"], cdr["hangup_by"]) == ("answered", "operator")


def test_hold_and_resume_by_the_operator(stage: Stage) -> None:
    agent = stage.agent(op1={})
    stage.pbx("op1")
    phone = stage.operator_phone(agent, "op1")
    telco = stage.telco()

    telco.dial(f"sip:112@{stage.net.pbx}")
    agent.wait_for_calls("talking")
    phone.do("hold")
    agent.wait_for_calls("held")
    phone.do("resume")
    agent.wait_for_calls("talking")
    time.sleep(TALK_S)
    telco.hang_up()

    agent.wait_for_cdrs()
    caller_heard = read_wav(telco.heard())
    end = caller_heard.part(-TALK_S + 1.0, -0.5)
    assert tone_level(end.channels[0], OPERATOR_TONE, end.rate) > HEARD_DBFS, "no sound after the hold"
