"""Trunks by host name, with a real name server (dnsmasq), a real Asterisk and real softphones."""

from __future__ import annotations

import time
from dataclasses import replace

from .conftest import CALLER_TONE, OPERATOR_TONE, Stage
from .listening import TALK_S, THIRD_TONE, heard
from .peers.agent import OUTSIDE, Agent, Settings
from .peers.baresip import Baresip
from .peers.waiting import eventually
from .test_secured_pbx import TO_OP1
from .test_telcos import ANSWERING, NUMBER, POLICE, SUBSCRIBER, registered, trunk, wait_for_registration
from .test_ways_out import TO_POLICE

UDP = "srv-host=_sip._udp.telkom.example"
BY_NAME = 'to = "sip:telkom.example"\npassword = "rahasia"'


USERNAME = f'username = "{NUMBER}"\n'
BY_TLS = Settings(
    tls=True, trunks_srtp="required", pbx_to="sips:telkom.example", pbx_options="1s", queue=TO_POLICE
)


def addresses(agent: Agent) -> list[str]:
    """Of the gateways."""
    return [gateway["address"] for gateway in registered(agent)["gateways"]]


def call(agent: Agent, caller: Baresip, by: str) -> set[int]:
    """The tones that a caller hears who comes by this address and whose call goes out by the trunk."""
    caller.dial(f"sip:112@{by}")
    agent.wait_for_calls("talking")
    time.sleep(TALK_S)
    caller.hang_up()
    return heard(caller)


def test_a_call_comes_in_by_name_and_goes_out_by_name_past_a_dead_server(
    stage: Stage,
) -> None:
    stage.pbx(subscriber=SUBSCRIBER, extensions=ANSWERING)
    names = stage.name_server(
        "naptr-record=telkom.example,20,10,s,SIP+D2T,,_sip._tcp.telkom.example",
        "naptr-record=telkom.example,10,10,s,SIP+D2U,,_sip._udp.telkom.example",
        f"{UDP},dead.telkom.example,5060,10,0",
        f"{UDP},sbc.telkom.example,5060,20,0",
        f"host-record=dead.telkom.example,{stage.net.host(77)}",
        f"host-record=sbc.telkom.example,{stage.net.pbx}",
        f"host-record=in.telkom.example,{stage.net.stranger}",
    )
    keys = f'{BY_NAME}\nregister = "sip:telkom.example"'
    by_name = trunk(stage, keys).replace(stage.net.stranger, "in.telkom.example")
    agent = stage.agent(Settings(queue=TO_POLICE, sections=names.section + POLICE + by_name))
    eventually(
        lambda: addresses(agent) == [f"{stage.net.host(77)}:5060/udp", f"{stage.net.pbx}:5060/udp"],
        "the name is resolved, first by its preferred transport",
    )
    eventually(lambda: registered(agent)["peers"] == [stage.net.stranger], "the peer's name is too")
    assert call(agent, stage.telco(host=stage.net.stranger), stage.net.agent) == {OPERATOR_TONE}
    assert agent.wait_for_cdrs()[0]["trunk"] == "telkom"
    log = agent.program.log()
    assert "a gateway did not take a call" in log
    assert f"sip:telkom.example ({stage.net.host(77)}:5060/udp)" in log
    wait_for_registration(agent, True)


def test_calls_go_out_while_the_name_server_is_away_also_after_a_restart_and_follow_it_when_it_is_back(
    stage: Stage,
) -> None:
    stage.pbx(subscriber=SUBSCRIBER, extensions=ANSWERING)
    names = stage.name_server(
        f"{UDP},sbc.telkom.example,5060", f"host-record=sbc.telkom.example,{stage.net.pbx}"
    )
    agent = stage.agent(Settings(queue=TO_POLICE, sections=names.section + POLICE + trunk(stage, BY_NAME)))
    eventually(lambda: addresses(agent) == [f"{stage.net.pbx}:5060/udp"], "the name is resolved")
    names.stop()
    agent.program.wait_for_log("NAME CANNOT BE LOOKED UP")
    agent.kill()
    agent.start()
    caller = stage.telco()
    assert call(agent, caller, stage.net.agent) == {OPERATOR_TONE}
    eventually(lambda: any("telkom.example" in one for one in agent.ready()["warnings"]), "it is said")

    there = stage.outside_phone("110", tone=THIRD_TONE)
    names.has(f"{UDP},sbc.telkom.example,5060", f"host-record=sbc.telkom.example,{stage.net.phone(OUTSIDE)}")
    eventually(lambda: addresses(agent) == [f"{there.host}:5060/udp"], "the new address", within_s=60)
    agent.wait_for_cdrs()
    caller.stop()
    assert call(agent, stage.telco(), stage.net.agent) == {THIRD_TONE}


def test_a_call_by_name_over_tls_goes_to_who_has_the_certificate_for_the_name(stage: Stage) -> None:
    names = stage.name_server(
        "srv-host=_sips._tcp.telkom.example,sbc.elsewhere.example,5061",
        f"host-record=sbc.elsewhere.example,{stage.net.pbx}",
    )
    agent = stage.agent(replace(BY_TLS, sections=names.section + POLICE.replace("telkom", "pbx")))
    pbx = stage.printed_pbx(agent, extensions=TO_OP1)
    refused = f"telkom.example ({stage.net.pbx}) failed: Hostname mismatch"
    eventually(lambda: refused in agent.program.log(), "its certificate is for its address only")

    papers = agent.authority.issue_cert("telkom.example").private_key_and_cert_chain_pem
    papers.write_to_path(str(agent.folder / "pbx.pem"))
    pbx.stop()
    pbx.start()
    police = stage.printed_phone()
    agent.program.wait_for_log("gateway answers")
    caller = stage.telco()
    assert call(agent, caller, stage.net.pbx) == {OPERATOR_TONE}
    assert heard(police) == {CALLER_TONE}


def test_a_call_whose_ipv4_gateway_is_dead_goes_out_by_the_ipv6_one_of_the_same_name(stage: Stage) -> None:
    police = stage.outside_phone("110", host="::1")
    names = stage.name_server(
        f"{UDP},dead.telkom.example,5060,10,0",
        f"{UDP},sbc.telkom.example,{police.sip_port},20,0",
        f"host-record=dead.telkom.example,{stage.net.host(77)}",
        "host-record=sbc.telkom.example,::1",
    )
    sections = names.section + POLICE + trunk(stage, 'to = "sip:telkom.example"').replace(USERNAME, "")
    agent = stage.agent(Settings(ipv6=True, queue=TO_POLICE, sections=sections))
    both = [f"{stage.net.host(77)}:5060/udp", f"[::1]:{police.sip_port}/udp"]
    eventually(lambda: addresses(agent) == both, "the name is resolved")
    assert call(agent, stage.telco(), stage.net.agent) == {OPERATOR_TONE}
    assert heard(police) == {CALLER_TONE}
