"""Calls secured by SRTP with real softphones: who insists, who would rather, who cannot."""

from __future__ import annotations

import json
import re
import time

import pytest

from .conftest import CALLER_TONE, OPERATOR_TONE, Stage
from .peers.agent import SIPS_PORT, Settings
from .test_talking import TALK_S, heard

TLS_TRUNK = '[[trunk]]\nname = "tls"\npeers = ["127.0.0.1"]\nsrtp = "required"\n'
"baresip connects from there, whatever address it listens on."
KEY = re.compile(r"inline:([A-Za-z0-9+/]{40})")


def test_caller_and_operator_insist_on_srtp_over_tls_and_hear_each_other(stage: Stage) -> None:
    agent = stage.agent(Settings(tls=True, phones_srtp="required", sections=TLS_TRUNK), op1={})
    phone = stage.operator_phone(agent, "op1", transport="tls", ca=agent.ca, srtp="srtp-mand")
    telco = stage.telco(transport="tls", ca=agent.ca, srtp="srtp-mand")
    telco.dial(f"sip:112@{stage.net.agent}:{SIPS_PORT}")
    agent.wait_for_calls("talking")
    time.sleep(TALK_S)
    telco.hang_up()

    assert heard(telco) == {OPERATOR_TONE}
    assert heard(phone) == {CALLER_TONE}
    call = agent.wait_for_cdrs()[0]["id"]
    messages = json.loads(agent.cli("trace", call, "--json"))["messages"]
    texts = "".join(json.dumps(message) for message in messages)
    assert "RTP/SAVP" in texts
    assert "AES_CM_128_HMAC_SHA1_80" in texts
    assert not KEY.search(texts)
    assert not KEY.search(agent.program.log())


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
    agent.wait_for_calls("talking")
    time.sleep(TALK_S)
    telco.hang_up()
    assert heard(telco) == {OPERATOR_TONE}
    assert heard(phone) == {CALLER_TONE}


def test_a_plain_call_where_srtp_is_required_is_refused_in_words(stage: Stage) -> None:
    agent = stage.agent(Settings(trunks_srtp="required"), op1={})
    telco = stage.telco()
    telco.dial(f"sip:112@{stage.net.agent}")
    telco.wait_for_end()
    assert "488" in telco.program.log()
    assert "SRTP is required here" in agent.program.log()
