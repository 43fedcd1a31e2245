"""The real Asterisk in front, over TLS and SRTP, with just what `ntpd112 asterisk-config` prints for it."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
import trustme

from .conftest import CALLER_TONE, OPERATOR_TONE, Stage
from .listening import TALK_S, heard, talk
from .peers.agent import Agent, Json, Settings
from .peers.waiting import eventually
from .test_ways_out import TO_POLICE, overflowed

POLICE = """[[destination]]
name = "police"
kind = "centre"
to = "trunk:pbx/110"
ring = "30s"
"""
TO_OP1 = """
[from-agent]
exten => 110,1,Dial(PJSIP/op1)
"""
SECURE = Settings(tls=True, trunks_srtp="required", pbx_to="sip:{pbx};transport=tls")


def messages_of(agent: Agent, call: Json, kind: str) -> list[str]:
    """With the PBX, each of which went over TLS."""
    said = json.loads(agent.cli("trace", call["id"], "--json"))["messages"]
    with_pbx = [one for one in said if one["remote"].startswith(agent.net.pbx)]
    assert {one["transport"] for one in with_pbx} == {"tls"}
    return [one["message"] for one in with_pbx if one["message"].startswith(kind)]


@pytest.mark.parametrize("who", ["operator", "caller"])
def test_a_call_from_the_pbx_is_secured_and_goes_on_so_after_a_hold(stage: Stage, who: str) -> None:
    """The PBX passes the caller's hold on by a re-INVITE with its key again. baresip writes nothing down
    after a hold of its own, so it is the other who listens."""
    agent = stage.agent(replace(SECURE, phones_srtp="required"), op1={})
    phone = stage.operator_phone(agent, "op1", transport="tls", ca=agent.ca, srtp="srtp-mand")
    stage.printed_pbx(agent, changed={"rtp_timeout = 20\n": "rtp_timeout = 20\nmoh_passthrough = yes\n"})
    telco = stage.telco()
    telco.dial(f"sip:112@{stage.net.pbx}")
    agent.wait_for_calls("talking")
    holder = phone if who == "operator" else telco
    holder.do("hold")
    agent.wait_for_calls("held")
    holder.do("resume")
    agent.wait_for_calls("talking")
    time.sleep(TALK_S)
    telco.hang_up()

    assert heard(phone if who == "caller" else telco) == {CALLER_TONE if who == "caller" else OPERATOR_TONE}
    (cdr,) = agent.wait_for_cdrs()
    offers = messages_of(agent, cdr, "INVITE")
    assert len(offers) == (3 if who == "caller" else 1)
    assert all("RTP/SAVP" in offer for offer in offers)


@pytest.mark.parametrize(("policy", "profile"), [("required", "RTP/SAVP"), ("preferred", "RTP/AVP")])
def test_a_call_that_comes_and_leaves_by_the_pbx_is_secured_both_ways(
    stage: Stage, policy: str, profile: str
) -> None:
    """Each side shows its certificate and looks at the other's."""
    settings = replace(SECURE, trunks_srtp=policy, tls_clients="required")
    agent = stage.agent(replace(settings, queue=TO_POLICE, sections=POLICE))
    stage.printed_pbx(agent, extensions=TO_OP1)
    police = stage.printed_phone()
    telco = stage.telco()
    telco.dial(f"sip:112@{stage.net.pbx}")
    talk(agent, telco, police)
    cdr = overflowed(agent)
    descriptions = [*messages_of(agent, cdr, "INVITE"), *messages_of(agent, cdr, "SIP/2.0 200 OK")[:2]]
    assert len(descriptions) == 4
    assert all(f" {profile} " in one and "a=crypto:" in one for one in descriptions)


def test_a_pbx_that_speaks_plain_where_srtp_is_required_is_told_and_rings_the_phones_itself(
    stage: Stage,
) -> None:
    agent = stage.agent(SECURE, op1={})
    stage.printed_pbx(agent, changed={"media_encryption = sdes\n": ""})
    guard = stage.printed_phone()
    telco = stage.telco()
    telco.dial(f"sip:112@{stage.net.pbx}")
    guard.wait_for_call()
    telco.hang_up()
    assert "sip_code=488 reason='SRTP is required here" in agent.program.log()
    assert agent.cdrs() == []


def test_a_pbx_whose_certificate_nobody_we_trust_has_signed_is_named_in_the_log(stage: Stage) -> None:
    agent = stage.agent(SECURE)
    papers = trustme.CA().issue_cert(stage.net.pbx).private_key_and_cert_chain_pem
    papers.write_to_path(str(agent.folder / "pbx.pem"))
    stage.printed_pbx(agent)
    said = f"SIP over TLS: connection with {stage.net.pbx} failed: unable to get local issuer certificate"
    eventually(lambda: said in agent.program.log(), "it is said")
