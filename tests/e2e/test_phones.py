"""Operators' softphones on the very file that `ntpd112 operator phone-config` prints for them."""

from __future__ import annotations

import time

from .conftest import CALLER_TONE, OPERATOR_TONE, Stage
from .listening import LISTENED_S, TALK_S, heard, talk, tones_of
from .peers.agent import Agent
from .peers.sound import Sound, read_wav
from .peers.waiting import eventually


def file_for(agent: Agent, kind: str) -> str:
    """Of op1."""
    options = ["--for", kind, "--password-stdin"]
    return agent.cli("operator", "phone-config", "op1", *options, stdin="secret-op1")


def test_baresip_on_the_printed_file_is_rung_and_talks(stage: Stage) -> None:
    agent = stage.agent(op1={})
    phone = stage.softphone("op1", file_for(agent, "baresip"))
    agent.wait_for_operator("op1", "ready")
    telco = stage.telco()
    telco.dial(f"sip:112@{stage.net.agent}")
    phone.wait_for_ring()
    phone.do("accept")
    talk(agent, telco, phone)


def test_linphone_on_the_printed_file_is_rung_holds_talks_hangs_up_and_dials_codes(stage: Stage) -> None:
    agent = stage.agent(op1={})
    phone = stage.linphone("op1", file_for(agent, "linphone"))
    agent.wait_for_operator("op1", "ready")
    telco = stage.telco()
    telco.dial(f"sip:112@{stage.net.agent}")
    phone.pick_up()
    agent.wait_for_calls("talking")
    phone.program.say("pause")
    phone.program.wait_for_log("is now paused")
    agent.wait_for_calls("held")
    phone.program.say("resume")
    agent.wait_for_calls("talking")
    time.sleep(TALK_S)
    phone.program.say("terminate")
    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["operator"], cdr["hangup_by"]) == ("op1", "operator")
    assert heard(telco) == {OPERATOR_TONE}

    def whole() -> Sound | None:
        sound = read_wav(phone.heard)
        return sound if sound.seconds >= LISTENED_S else None

    sound = eventually(whole, "Linphone has written down what it heard")
    assert sound is not None
    assert tones_of(sound.part(-LISTENED_S, -0.5).channels[0], sound.rate) == {CALLER_TONE}
    phone.program.say(f"call sip:*11@{stage.net.agent}")
    agent.wait_for_operator("op1", "break")
