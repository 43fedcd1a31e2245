"""Trunks by host name, with a real name server (dnsmasq), a real Asterisk and real softphones."""

from __future__ import annotations

import time

from .conftest import OPERATOR_TONE, Stage
from .peers.agent import OUTSIDE, Agent, Settings
from .peers.baresip import Baresip
from .peers.waiting import eventually
from .test_talking import TALK_S, THIRD_TONE, heard
from .test_telcos import ANSWERING, POLICE, SUBSCRIBER, registered, trunk, wait_for_registration
from .test_ways_out import TO_POLICE

UDP = "srv-host=_sip._udp.telkom.example"
BY_NAME = 'to = "sip:telkom.example"\npassword = "rahasia"'


def addresses(agent: Agent) -> list[str]:
    """Of the gateways."""
    return [gateway["address"] for gateway in registered(agent)["gateways"]]


def call(stage: Stage, agent: Agent, caller: Baresip) -> set[int]:
    """The tones that a caller hears whose call goes out by the trunk."""
    caller.dial(f"sip:112@{stage.net.agent}")
    agent.wait_for_calls("talking")
    time.sleep(TALK_S)
    caller.hang_up()
    return heard(caller)


def test_a_call_goes_out_by_name_past_a_server_that_is_dead(stage: Stage) -> None:
    stage.pbx(subscriber=SUBSCRIBER, extensions=ANSWERING)
    names = stage.name_server(
        "naptr-record=telkom.example,20,10,s,SIP+D2T,,_sip._tcp.telkom.example",
        "naptr-record=telkom.example,10,10,s,SIP+D2U,,_sip._udp.telkom.example",
        f"{UDP},dead.telkom.example,5060,10,0",
        f"{UDP},sbc.telkom.example,5060,20,0",
        f"host-record=dead.telkom.example,{stage.net.host(77)}",
        f"host-record=sbc.telkom.example,{stage.net.pbx}",
    )
    keys = f'{BY_NAME}\nregister = "sip:telkom.example"'
    agent = stage.agent(Settings(queue=TO_POLICE, sections=names.section + POLICE + trunk(stage, keys)))
    eventually(
        lambda: addresses(agent) == [f"{stage.net.host(77)}:5060/udp", f"{stage.net.pbx}:5060/udp"],
        "the name is resolved, first by its preferred transport",
    )
    assert call(stage, agent, stage.telco()) == {OPERATOR_TONE}
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
    assert call(stage, agent, caller) == {OPERATOR_TONE}
    eventually(lambda: any("telkom.example" in one for one in agent.ready()["warnings"]), "it is said")

    there = stage.outside_phone("110", tone=THIRD_TONE)
    names.has(f"{UDP},sbc.telkom.example,5060", f"host-record=sbc.telkom.example,{stage.net.phone(OUTSIDE)}")
    eventually(lambda: addresses(agent) == [f"{there.host}:5060/udp"], "the new address", within_s=60)
    agent.wait_for_cdrs()
    caller.stop()
    assert call(stage, agent, stage.telco()) == {THIRD_TONE}
