"""The guides of `docs/guides/`: what they print is run as it stands, at addresses of the session."""

from __future__ import annotations

from pathlib import Path

import pytest

from ntpd112.cli.running import KEY_VARIABLE

from .conftest import Stage
from .listening import talk
from .peers.agent import REALM, Settings
from .peers.asterisk import PbxPhone
from .peers.guides import blocks, placed
from .peers.waiting import eventually

TELCO, ASTERISK = "guides/telco.md", "guides/asterisk.md"


def placed_here(stage: Stage, text: str) -> str:
    """At the session's addresses, with its realm and ports."""
    net = stage.net
    places = {
        "10.1.0.1": net.agent,
        "127.0.0.1": net.agent,
        "192.0.2.10": net.agent,
        "10.1.0.4": net.pbx,
        "198.51.100.5": net.telco,
        "203.0.113.7": net.pbx,
    }
    text = placed(text, places)
    return text.replace("112.example.go.id", REALM).replace("20000-29999", net.media_ports)


def test_a_telco_straight_to_the_agent(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one known by its address calls by a number of the rules, the other one has us registered."""
    whole, registering = (placed_here(stage, text) for text in blocks(TELCO, "toml"))
    telco = stage.pbx(subscriber=PbxPhone("62318411112", "rahasia"))
    (stage.folder / "agent").mkdir()
    (stage.folder / "agent" / "indosat-password").write_text("rahasia\n")
    agent = stage.agent(Settings(whole=whole + registering), op1={})
    phone = stage.operator_phone(agent, "op1")
    caller = stage.telco()
    caller.dial(f"sip:0351112@{stage.net.agent}")
    talk(agent, caller, phone)
    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["trunk"], cdr["queue"], cdr["dialled"]) == ("telkom", "112", "0351112")
    eventually(lambda: "62318411112/sip" in telco.ask("pjsip show contacts"), "we are registered")
    monkeypatch.setenv(KEY_VARIABLE, agent.key)
    said = agent.cli("trunk", "test", "telkom")
    assert f"ok {stage.net.telco}:5060 udp (gateway sip:{stage.net.telco}): it is there" in said


def test_asterisk_in_front_and_the_phones_without_the_agent(stage: Stage) -> None:
    """With the guide's own file and command; then the agent dies."""
    (whole,) = blocks(ASTERISK, "toml")
    agent = stage.agent(Settings(whole=placed_here(stage, whole)), op1={})
    (command,) = (line for line in blocks(ASTERISK, "console")[0].splitlines() if "asterisk-config" in line)
    agent.cli(*placed_here(stage, command.removeprefix("$ ntpd112 ")).split())
    folder = agent.folder / "asterisk"
    telco, pbx = stage.telco(), stage.pbx_of(folder)
    phone = stage.operator_phone(agent, "op1", with_pbx=password_in(folder))
    telco.dial(f"sip:112@{stage.net.pbx}")
    talk(agent, telco, phone)
    assert agent.wait_for_cdrs()[0]["trunk"] == "pbx"
    assert "agent/sip:" in pbx.ask("pjsip show contacts")

    agent.kill()
    telco.dial(f"sip:112@{stage.net.pbx}")
    phone.wait_for_call(times=2)
    phone.program.kill()  # or it would long say goodbye to the dead agent


def password_in(folder: Path) -> str:
    """Of the only operator's account at the PBX."""
    return (folder / "pjsip-operators.conf").read_text().partition("password = ")[2].split()[0]
