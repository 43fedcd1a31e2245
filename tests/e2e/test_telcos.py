"""Trunks that lead out, with the real Asterisk as the telco: it asks for a password, restarts, changes it,
and a gateway beside it never answers."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .conftest import OPERATOR_TONE, Stage
from .listening import TALK_S, heard
from .peers.agent import Agent, Json, Settings
from .peers.asterisk import Asterisk, PbxPhone
from .peers.waiting import eventually
from .test_ways_out import TO_POLICE, overflowed

NUMBER = "62318411112"
"Of our line; Asterisk knows who calls by the user in From."
SUBSCRIBER = PbxPhone(NUMBER, "rahasia")
POLICE = """[[destination]]
name = "police"
kind = "centre"
to = "trunk:telkom/110"
ring = "30s"
"""
ANSWERING = f"""
[from-subscriber]
exten => 110,1,Answer()
 same => n,Playtones({OPERATOR_TONE})
 same => n,Wait(120)
"""
BACK_S = 60.0
"Longer than the agent's pause after a refusal, and the time it takes to see a changed file."


def trunk(stage: Stage, keys: str) -> str:
    return f"""[[trunk]]
name = "telkom"
peers = ["{stage.net.stranger}"]
options = "0s"
username = "{NUMBER}"
present = "{NUMBER}"
{keys}
"""


def registered(agent: Agent) -> Json:
    (found,) = [one for one in agent.listed("/trunks") if one["name"] == "telkom"]
    return found


def wait_for_registration(agent: Agent, state: bool) -> Json:
    def look() -> Json | None:
        found = registered(agent)
        assert found["registered"] is state, found["registration"]
        return found

    return eventually(look, f"registered: {state}", within_s=BACK_S) or {}


def contacts(telco: Asterisk) -> bool:
    return f"{NUMBER}/sip:{NUMBER}@" in telco.ask("pjsip show contacts")


@contextmanager
def silent_gateway(host: str) -> Iterator[None]:
    """It takes what is sent to it and says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gateway:
        gateway.bind((host, 5060))
        yield


def test_a_trunk_is_registered_through_the_telcos_restart_and_a_change_of_password(stage: Stage) -> None:
    telco = stage.pbx(subscriber=SUBSCRIBER)
    keys = f'register = "sip:{stage.net.pbx}"\nregister_expires = "4s"\npassword_file = "telco-password"'
    (stage.folder / "agent").mkdir()
    password = stage.folder / "agent" / "telco-password"
    password.write_text("rahasia\n")
    agent = stage.agent(Settings(sections=trunk(stage, keys)))
    wait_for_registration(agent, True)
    assert contacts(telco)

    telco.stop()
    wait_for_registration(agent, False)
    assert "TRUNK NOT REGISTERED" in agent.program.log()
    assert any("telkom" in warning for warning in agent.ready()["warnings"])
    telco.start()
    wait_for_registration(agent, True)

    telco.change(PbxPhone(NUMBER, "baru"))
    said = wait_for_registration(agent, False)["registration"]
    assert said == f'sip:{stage.net.pbx}: username "{NUMBER}" or its password is wrong'
    assert said in agent.program.log()
    password.write_text("baru\n")
    wait_for_registration(agent, True)
    assert "baru" not in agent.program.log()

    agent.stop()
    eventually(lambda: not contacts(telco), "the contact is taken off")


def test_a_call_out_passes_a_gateway_that_never_answers_and_shows_its_password_to_the_next(
    stage: Stage,
) -> None:
    stage.pbx(subscriber=SUBSCRIBER, extensions=ANSWERING)
    dead = stage.net.host(77)
    keys = f'to = ["sip:{dead}", "sip:{stage.net.pbx}"]\npassword = "rahasia"'
    with silent_gateway(dead):
        agent = stage.agent(Settings(queue=TO_POLICE, sections=POLICE + trunk(stage, keys)))
        caller = stage.telco()
        caller.dial(f"sip:112@{stage.net.agent}")
        agent.wait_for_calls("talking")
        assert registered(agent)["calls"] == 1
        time.sleep(TALK_S)
        caller.hang_up()
        assert heard(caller) == {OPERATOR_TONE}
    cdr = overflowed(agent)
    assert "a gateway did not take a call" in agent.program.log()
    said = json.loads(agent.cli("trace", cdr["id"], "--json"))
    assert any("401" in message["message"].partition("\n")[0] for message in said["messages"])
    eventually(lambda: registered(agent)["calls"] == 0, "the line is free again")


def test_a_telco_that_goes_away_in_mid_call_keeps_no_line_and_takes_the_next_call_when_it_is_back(
    stage: Stage,
) -> None:
    telco = stage.pbx(subscriber=SUBSCRIBER, extensions=ANSWERING)
    keys = f'to = "sip:{stage.net.pbx}"\npassword = "rahasia"'
    agent = stage.agent(Settings(queue=TO_POLICE, sections=POLICE + trunk(stage, keys)))
    caller = stage.telco()
    caller.dial(f"sip:112@{stage.net.agent}")
    agent.wait_for_calls("talking")
    telco.program.kill()
    caller.hang_up()
    overflowed(agent)
    assert registered(agent)["calls"] == 0
    telco.start()
    caller.dial(f"sip:112@{stage.net.agent}")
    agent.wait_for_calls("talking")
    caller.hang_up()
    assert [cdr["disposition"] for cdr in agent.wait_for_cdrs(2)] == ["overflowed", "overflowed"]


def test_a_wrong_password_of_a_gateway_is_said(stage: Stage) -> None:
    stage.pbx(subscriber=SUBSCRIBER, extensions=ANSWERING)
    keys = f'to = "sip:{stage.net.pbx}"\npassword = "salah"'
    agent = stage.agent(Settings(queue=TO_POLICE, sections=POLICE + trunk(stage, keys)))
    caller = stage.telco()
    caller.dial(f"sip:112@{stage.net.agent}")
    (call,) = agent.wait_for_calls("waiting")
    eventually(lambda: agent.events(call["id"], "party.failed"), "the telco refuses")
    caller.hang_up()
    assert agent.wait_for_cdrs()[0]["disposition"] == "abandoned"
