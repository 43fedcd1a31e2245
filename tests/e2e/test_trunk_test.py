"""`ntpd112 trunk test`, against telcos that see us through a NAT, take calls, refuse them, or are mute."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from ntpd112.cli.running import KEY_VARIABLE

from .conftest import Stage
from .peers.agent import OUTSIDE, Settings
from .peers.raw import Raw
from .peers.sound import read_wav, tones_in_turn
from .peers.tls_gateway import TlsGateway
from .test_telcos import ANSWERING, NUMBER, SUBSCRIBER, trunk, wait_for_registration

SEEN = "203.0.113.9"


def test_a_trunk_is_tried_from_the_agent_s_own_socket_and_a_nat_shows(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = stage.agent()
    monkeypatch.setenv(KEY_VARIABLE, agent.key)
    telco = Raw(agent.net.telco, agent.sip, 5060)

    def answer() -> str:
        asked = telco.expect("OPTIONS")
        telco.send(telco.answer(asked, 200, "OK").replace(";rport", f";received={SEEN};rport=61000", 1))
        return asked

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(answer)
        said = agent.cli("trunk", "test", "telco")
        assert f"SIP/2.0/UDP {agent.sip}" in asked.result()
    telco.close()
    assert f"It sees us at {SEEN}:61000, we say {agent.sip}: a NAT is between" in said
    assert "tcp: no connection by TCP (Connection refused): nobody listens at that port" in said


ECHO, BARRED = "02150000000", "02150000001"
BEEP_HZ, BEEP_DBFS = 1000, -20.0
"Begins the announcement of a test call, at -9 dBFS."
TO_TELCO = """[[trunk]]
name = "telkom"
peers = ["{network}"]
options = "0s"
to = {gateways}
"""


def telco_of(stage: Stage, *gateways: str) -> Settings:
    return Settings(sections=TO_TELCO.format(network=f"{stage.net.prefix}.248/29", gateways=list(gateways)))


def marks(said: str) -> dict[str, str]:
    """Of the table: the mark and the words by what they are about."""
    rows = re.findall(r"^(ok|-|!) +(\w+(?: \w+)*)  +(.*)$", said, re.MULTILINE)
    return {about: f"{mark} {' '.join(says.split())}" for mark, about, says in rows}


def test_a_test_call_is_made_heard_both_ways_and_told_line_by_line(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = stage.folder / "heard.wav"
    pbx = stage.pbx(
        extensions=f"""
[from-agent]
exten => {ECHO},1,Ringing()
 same => n,Wait(0.5)
 same => n,MixMonitor({stage.folder}/mixed.wav,r({heard}))
 same => n,Answer()
 same => n,Echo()
exten => {BARRED},1,Hangup(21)
"""
    )
    for module in ("app_echo", "app_mixmonitor"):
        assert "Loaded" in pbx.ask(f"module load {module}.so")
    agent = stage.agent(telco_of(stage, f"sip:{stage.net.pbx}"), op1={})
    monkeypatch.setenv(KEY_VARIABLE, agent.key)

    found = marks(agent.cli("trunk", "test", "telkom", "--call", ECHO, "--listen", "6"))
    assert {mark[0] for mark in found.values()} <= {"o", "-"}, found
    assert found["answer"].startswith("ok 200 OK by pbx after")
    assert "it rang after" in found["answer"]
    assert found["codec"] == "ok PCMA, of PCMA, PCMU offered"
    assert found["keys"].startswith("ok telephone-event")
    assert found["heard"] == "ok speech", "the announcement comes back from Echo()"
    assert found["sound to there"].startswith("ok arrives: ")
    assert found["hanging up"] == "ok our BYE was answered 200"
    beep = read_wav(heard)
    (turn,) = tones_in_turn(beep, [BEEP_HZ], BEEP_DBFS)[:1]
    assert turn[0] == BEEP_HZ, "the telco hears us"

    said = agent.cli_finds_fault("trunk", "test", "telkom", "--call", BARRED)
    assert marks(said)["answer"].startswith("! 403 Forbidden: it refuses us")

    assert agent.request("GET", "/cdrs").json()["items"] == []
    made = [one for one in agent.request("GET", "/audit").json()["items"] if "test-calls" in one["action"]]
    assert [one["detail"]["to"] for one in made] == [BARRED, ECHO]


def takes_a_call_without_a_sound(telco: Raw) -> None:
    telco.send(telco.answer(telco.expect("OPTIONS"), 200, "OK"))
    invite = telco.expect("INVITE")
    telco.send(telco.answer(invite, 180, "Ringing"))
    telco.send(telco.answer(invite, 200, "OK", telco.description()))
    telco.send(telco.answer(telco.expect("BYE"), 200, "OK"))


def test_one_way_audio_is_found_at_the_gateway_that_has_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = f"sip:{stage.net.host(77)};transport=tcp"
    agent = stage.agent(telco_of(stage, f"sip:{stage.net.phone(OUTSIDE)}", gone))
    monkeypatch.setenv(KEY_VARIABLE, agent.key)
    mute = Raw(stage.net.phone(OUTSIDE), agent.sip, 5060)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(takes_a_call_without_a_sound, mute)
        said = agent.cli_finds_fault(
            "trunk", "test", "telkom", "--call", ECHO, "--listen", "1", "--all-gateways"
        )
        call.result()
    mute.close()
    first, second = said.split(f"test call to {ECHO} by ")[1:]
    assert marks(first)["sound from there"].startswith("! not one RTP packet came: a firewall")
    assert marks(first)["hanging up"] == "ok our BYE was answered 200"
    assert second.startswith(f"{gone} ")
    assert marks(second)["answer"].startswith("! no connection by TCP (Connection refused): nobody listens")


def test_what_is_wrong_with_tls_is_told_of_each_gateway(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = {
        name: stage.net.host(70 + place)
        for place, name in enumerate(("good", "expired", "unknown", "other", "picky", "plain", "nobody"))
    }
    ways = [f"sip:{host};transport=tls" for host in hosts.values()]
    settings = replace(telco_of(stage, *ways), tls=True)
    agent = stage.agent(settings)
    monkeypatch.setenv(KEY_VARIABLE, agent.key)
    ours, theirs, yesterday = agent.authority, trustme.CA(), datetime.now(UTC) - timedelta(days=1)
    expired = ours.issue_cert(hosts["expired"], not_before=yesterday - timedelta(1), not_after=yesterday)
    gateways = [
        TlsGateway(hosts["good"], ours.issue_cert(hosts["good"])),
        TlsGateway(hosts["expired"], expired),
        TlsGateway(hosts["unknown"], theirs.issue_cert(hosts["unknown"])),
        TlsGateway(hosts["other"], ours.issue_cert("sbc.telkom.example")),
        TlsGateway(hosts["picky"], ours.issue_cert(hosts["picky"]), trusts=theirs),
        TlsGateway(hosts["plain"], None),
    ]
    try:
        said = agent.cli_finds_fault("trunk", "test", "telkom")
    finally:
        for gateway in gateways:
            gateway.close()
    for name, words in {
        "good": "it answers 200 OK",
        "expired": "its certificate has expired",
        "unknown": "its certificate is signed by nobody we trust",
        "other": "its certificate is for another name",
        "picky": "it does not trust who issued our certificate",
        "plain": "it is a port for plain SIP",
        "nobody": "nobody listens at that port",
    }.items():
        (line,) = re.findall(rf"^(?:ok|!) {hosts[name]}:5061 tls .*$", said, re.MULTILINE)
        assert words in line
        assert line.startswith("ok" if name == "good" else "!")


def test_a_telco_where_we_register_is_tested_with_our_password(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.pbx(subscriber=SUBSCRIBER, extensions=ANSWERING)
    keys = f'register = "sip:{stage.net.pbx}"\npassword = "rahasia"'
    line = trunk(stage, keys).replace(stage.net.stranger, f"{stage.net.prefix}.248/29")
    agent = stage.agent(Settings(sections=line))
    wait_for_registration(agent, True)
    monkeypatch.setenv(KEY_VARIABLE, agent.key)
    said = agent.cli("trunk", "test", "telkom", "--call", "110", "--listen", "1")
    assert f"registrar sip:{stage.net.pbx}): it is there; it asks for a password, as for calls" in said
    assert f"ok registered at sip:{stage.net.pbx} until 20" in said
    assert marks(said)["answer"].startswith("ok 200 OK")
    assert f"asserted as sip:{NUMBER}@" in marks(said)["our number"]
    assert marks(said)["heard"].startswith("- no speech"), "a tone is none"
