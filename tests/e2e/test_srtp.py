"""Calls secured by SRTP with real softphones: who insists, who would rather, who cannot."""

from __future__ import annotations

import json
import re
import time

import pytest

from .conftest import CALLER_TONE, OPERATOR_TONE, Stage
from .listening import HEARD_DBFS, TALK_S, THIRD_TONE, heard, recorded, talk, tones_of
from .peers.agent import SIPS_PORT, Settings
from .peers.raw import header
from .peers.sound import Sound, read_wav, tone_level, tones_in_turn
from .peers.waiting import eventually
from .test_talking import parties

TLS_TRUNK = '[[trunk]]\nname = "tls"\npeers = ["127.0.0.1"]\nsrtp = "required"\n'
"baresip connects from there, whatever address it listens on."
KEY = re.compile(r"inline:([A-Za-z0-9+/]{40})")


def test_all_insist_on_srtp_over_tls_and_hear_each_other_also_who_listens_in(stage: Stage) -> None:
    settings = Settings(tls=True, phones_srtp="required", sections=TLS_TRUNK)
    agent = stage.agent(settings, op1={}, boss={"supervisor": 1})
    phone, supervisor = (
        stage.operator_phone(agent, who, tone=hz, transport="tls", ca=agent.ca, srtp="srtp-mand")
        for who, hz in (("op1", OPERATOR_TONE), ("boss", THIRD_TONE))
    )
    telco = stage.telco(transport="tls", ca=agent.ca, srtp="srtp-mand")
    telco.dial(f"sip:112@{stage.net.agent}:{SIPS_PORT}")
    (call,) = agent.wait_for_calls("talking")
    agent.command("POST", f"/calls/{call['id']}/supervise", {"supervisor": "boss", "mode": "listen"})
    parties(agent, "op1", "boss")
    time.sleep(TALK_S)
    telco.hang_up()

    assert heard(telco) == {OPERATOR_TONE}
    assert heard(phone) == {CALLER_TONE}
    assert heard(supervisor) == {CALLER_TONE, OPERATOR_TONE}
    (cdr,) = agent.wait_for_cdrs()
    assert recorded(agent, cdr) == ({CALLER_TONE}, {OPERATOR_TONE})
    messages = json.loads(agent.cli("trace", cdr["id"], "--json"))["messages"]
    texts = "".join(json.dumps(message) for message in messages)
    assert "RTP/SAVP" in texts
    assert "AES_CM_128_HMAC_SHA1_80" in texts
    assert not KEY.search(texts)
    assert not KEY.search(agent.program.log())


def test_a_secured_operator_transfers_and_the_next_ones_phone_dies(stage: Stage) -> None:
    agent = stage.agent(Settings(tls=True, phones_srtp="required", trunks_srtp="preferred"), op1={}, op2={})
    operator, colleague = (
        stage.operator_phone(agent, who, tone=hz, transport="tls", ca=agent.ca, srtp="srtp-mand")
        for who, hz in (("op1", OPERATOR_TONE), ("op2", THIRD_TONE))
    )
    telco = stage.telco(srtp="srtp")
    agent.command("PUT", "/operators/op2/state", {"state": "break"})
    telco.dial(f"sip:112@{stage.net.agent}")
    agent.wait_for_calls("talking")
    agent.command("PUT", "/operators/op2/state", {"state": "ready"})
    operator.do("transfer", f"sip:op2@{stage.net.agent}")
    parties(agent, "op2")
    time.sleep(TALK_S)
    colleague.program.kill()
    parties(agent, "op1")
    time.sleep(TALK_S)
    telco.hang_up()

    assert heard(telco) == {OPERATOR_TONE}
    assert heard(operator) == {CALLER_TONE}
    (cdr,) = agent.wait_for_cdrs()
    assert recorded(agent, cdr) == ({CALLER_TONE}, {OPERATOR_TONE})
    said = read_wav(agent.folder / "recordings" / cdr["recording"])
    turns = tones_in_turn(Sound(said.rate, said.channels[1:]), (OPERATOR_TONE, THIRD_TONE), HEARD_DBFS)
    assert [tone for tone, _ in turns][-2:] == [THIRD_TONE, OPERATOR_TONE]


@pytest.mark.parametrize(
    ("caller", "operator"),
    [
        ("srtp-mand", "srtp"),
        ("srtp-mand", ""),
        ("srtp", "srtp"),
        ("srtp", ""),
        ("", "srtp"),
        ("", "srtp-mand"),
    ],
)
def test_where_it_is_preferred_everybody_hears_everybody(stage: Stage, caller: str, operator: str) -> None:
    agent = stage.agent(Settings(phones_srtp="preferred", trunks_srtp="preferred"), op1={})
    phone = stage.operator_phone(agent, "op1", srtp=operator)
    telco = stage.telco(srtp=caller)
    telco.dial(f"sip:112@{stage.net.agent}")
    talk(agent, telco, phone)


def test_a_plain_call_where_srtp_is_required_is_refused_in_words(stage: Stage) -> None:
    agent = stage.agent(Settings(trunks_srtp="required"), op1={})
    telco = stage.telco()
    telco.dial(f"sip:112@{stage.net.agent}")
    telco.wait_for_end()
    assert "488" in telco.program.log()
    assert "SRTP is required here" in agent.program.log()


def test_a_change_of_keys_in_mid_call_and_packets_that_no_key_secures(stage: Stage) -> None:
    """A peer by hand. On the wire nobody hears a tone; with the key that is agreed on it is there."""
    agent = stage.agent(Settings(trunks_srtp="required"), op1={})
    stage.operator_phone(agent, "op1")
    caller, sound = stage.raw_caller(agent), stage.secured_sound(CALLER_TONE)
    caller.send(caller.request("INVITE", 1, body=sound.description()))
    answer = caller.expect("200 INVITE")
    keys = [sound.agree(answer)]
    to, target = header(answer, "To"), header(answer, "Contact").strip("<>")
    caller.send(caller.request("ACK", 1, to=to, uri=target))
    (call,) = agent.wait_for_calls("talking")
    sound.talk(1.0)
    assert tone_level(sound.overheard(), OPERATOR_TONE) < HEARD_DBFS
    assert tones_of(sound.heard()) == {OPERATOR_TONE}

    sound.change_key()
    caller.send(caller.request("INVITE", 2, to=to, uri=target, body=sound.description(2)))
    keys.append(sound.agree(caller.expect("200 INVITE")))
    caller.send(caller.request("ACK", 2, to=to, uri=target))
    sound.talk(TALK_S)
    assert keys[0] != keys[1]
    assert tone_level(sound.overheard(), OPERATOR_TONE) < HEARD_DBFS
    assert tones_of(sound.heard()) == {OPERATOR_TONE}

    sound.repeat(100)
    sound.forget_key()
    sound.talk(1.0)

    def kinds() -> set[str]:
        return {event["kind"] for event in agent.events(call["id"], "media.problem")}

    eventually(lambda: kinds() >= {"replay", "wrong_key"}, "both are events of the call")
    caller.send(caller.request("BYE", 3, to=to, uri=target))
    caller.expect("200 BYE")
    (cdr,) = agent.wait_for_cdrs()
    assert "SRTP packets to the port of" in agent.cli("trace", cdr["id"])
    assert "with another SRTP key than was agreed on" in agent.program.log()
