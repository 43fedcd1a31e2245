"""Calls over IPv6, whole or in part: signalling and sound. Loopback has one address of it, so that ports tell
who is who."""

from __future__ import annotations

from .conftest import CALLER_TONE, OPERATOR_TONE, Stage
from .listening import TALK_S, heard, talk, tones_of
from .peers.agent import Settings
from .peers.loopback import free_port
from .peers.raw import header
from .test_secured_pbx import POLICE
from .test_ways_out import TO_POLICE, overflowed


def test_an_ipv4_caller_and_an_ipv6_operator_hear_each_other(stage: Stage) -> None:
    agent = stage.agent(Settings(ipv6=True, advertise=True), op1={})
    phone = stage.operator_phone(agent, "op1", host="::1", registrar=f"[::1]:{agent.port6}")
    telco = stage.telco()
    telco.dial(f"sip:112@{stage.net.agent}")
    talk(agent, telco, phone)


def test_a_caller_whose_sip_is_ipv4_and_whose_sound_is_ipv6(stage: Stage) -> None:
    agent = stage.agent(Settings(ipv6=True, trunks_srtp="required"), op1={})
    phone = stage.operator_phone(agent, "op1")
    caller, sound = stage.raw_caller(agent), stage.secured_sound(CALLER_TONE, "::1")
    caller.send(caller.request("INVITE", 1, body=sound.description()))
    answer = caller.expect("200 INVITE")
    sound.agree(answer)
    to, target = header(answer, "To"), header(answer, "Contact").strip("<>")
    caller.send(caller.request("ACK", 1, to=to, uri=target))
    agent.wait_for_calls("talking")
    sound.talk(TALK_S)
    caller.send(caller.request("BYE", 2, to=to, uri=target))
    caller.expect("200 BYE")
    assert tones_of(sound.heard()) == {OPERATOR_TONE}
    assert heard(phone) == {CALLER_TONE}


def test_a_call_over_tls_with_srtp_leaves_by_a_gateway_all_over_ipv6(stage: Stage) -> None:
    police = stage.outside_phone("110", host="::1")
    settings = Settings(
        ipv6=True,
        ipv6_trunk="pbx",
        tls=True,
        trunks_srtp="preferred",
        pbx_to=f"sip:[::1]:{police.sip_port}",
        queue=TO_POLICE,
        sections=POLICE,
    )
    agent = stage.agent(settings)
    telco = stage.telco(host="::1", transport="tls", ca=agent.ca, srtp="srtp-mand")
    telco.dial(f"sip:112@[::1]:{agent.port6_tls}")
    talk(agent, telco, police)
    overflowed(agent)


def test_a_call_through_an_asterisk_that_speaks_ipv6_with_the_agent(stage: Stage) -> None:
    port = free_port()
    settings = Settings(ipv6=True, ipv6_trunk="pbx", pbx_to=f"sip:[::1]:{port}")
    agent = stage.agent(settings, op1={})
    phone = stage.operator_phone(agent, "op1")
    to_telco = f"[udp4]\ntype = transport\nprotocol = udp\nbind = {stage.net.pbx}:5060\n"
    stage.printed_pbx(agent, changed={"[site-udp](!)": f"{to_telco}[site-udp](!)"})
    telco = stage.telco()
    telco.dial(f"sip:112@{stage.net.pbx}")
    talk(agent, telco, phone)
