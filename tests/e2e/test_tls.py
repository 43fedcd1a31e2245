"""SIP over TLS with a real softphone."""

from __future__ import annotations

import json

import trustme

from .conftest import CALLER_TONE, Stage
from .listening import heard, talk
from .peers.agent import Settings
from .peers.waiting import eventually


def test_an_operators_phone_over_tls_registers_is_rung_and_talks(stage: Stage) -> None:
    agent = stage.agent(Settings(tls=True), op1={})
    phone = stage.operator_phone(agent, "op1", transport="tls", ca=agent.ca)
    telco = stage.telco()
    telco.dial(f"sip:112@{stage.net.agent}")
    talk(agent, telco, phone)
    said = json.loads(agent.cli("trace", agent.wait_for_cdrs()[0]["id"], "--json"))
    assert {message["transport"] for message in said["messages"]} == {"udp", "tls"}


def test_a_renewed_certificate_is_taken_over_while_calls_go_on(stage: Stage) -> None:
    agent = stage.agent(Settings(tls=True), op1={})
    phone = stage.operator_phone(agent, "op1", transport="tls", ca=agent.ca)
    telco = stage.telco()
    telco.dial(f"sip:112@{stage.net.agent}")
    agent.wait_for_calls("talking")
    trustme.CA().issue_cert(stage.net.agent).private_key_and_cert_chain_pem.write_to_path(
        str(agent.folder / "agent.pem")
    )
    eventually(lambda: "TLS certificate renewed" in agent.program.log(), "it is noticed", within_s=60)
    assert len(agent.wait_for_calls("talking")) == 1
    telco.hang_up()
    assert heard(phone) == {CALLER_TONE}
