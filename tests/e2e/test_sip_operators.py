"""What operators' phones do instead of answering, and who may register."""

from __future__ import annotations

import pytest

from .conftest import Stage
from .peers.agent import Settings
from .peers.registration import Registrar, RegistrationFailed, register
from .peers.scenario import (
    answered,
    expect,
    expect_request,
    hangs_up,
    invite,
    is_hung_up,
    pause,
    picks_up,
    reply,
    send,
)
from .peers.waiting import eventually

REFUSALS = {486: "Busy Here", 480: "Temporarily Unavailable", 603: "Decline"}


@pytest.mark.parametrize("code", REFUSALS)
def test_refusal_by_one_phone_rings_the_next_at_once(stage: Stage, code: int) -> None:
    agent = stage.agent(op1={}, op2={})
    refusing = stage.sipp_phone(
        agent, "op1", expect_request("INVITE"), reply(code, REFUSALS[code]), expect_request("ACK")
    )
    stage.sipp_phone(agent, "op2", *picks_up(), *is_hung_up())

    stage.caller(agent, invite(), *answered(), pause(800), *hangs_up()).run()

    refusing.finish()
    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["disposition"], cdr["operator"], cdr["offers"]) == ("answered", "op2", 2)
    refused = [segment for segment in cdr["segments"] if segment.get("operator") == "op1"]
    assert [segment["sip_code"] for segment in refused] == [code]


def test_silent_phone_is_given_up_after_the_ring_timeout_and_the_next_is_rung(stage: Stage) -> None:
    agent = stage.agent(Settings(ring_timeout="1s"), op1={}, op2={})
    stage.sipp_phone(agent, "op1", expect_request("INVITE"), pause(5000))
    stage.sipp_phone(agent, "op2", *picks_up(), *is_hung_up())

    stage.caller(agent, invite(), *answered(), pause(2500), *hangs_up()).run()

    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["disposition"], cdr["operator"], cdr["offers"]) == ("answered", "op2", 2)
    assert agent.operator("op1")["state"] != "ready"


def test_phone_that_stops_answering_takes_its_operator_out_of_the_queue(stage: Stage) -> None:
    agent = stage.agent(Settings(keepalive="1s"), op1={})
    phone = stage.operator_phone(agent, "op1")
    eventually(lambda: agent.operator("op1")["contacts"][0]["answers_options"], "the phone answers OPTIONS")

    phone.program.kill()

    gone = agent.wait_for_operator("op1", "offline")
    assert gone["reason"] == "unreachable"


def test_phone_that_unregisters_takes_its_operator_out_of_the_queue(stage: Stage) -> None:
    agent = stage.agent(op1={})
    phone = stage.operator_phone(agent, "op1")

    phone.stop()

    agent.wait_for_operator("op1", "offline")


def test_short_registration_runs_out(stage: Stage) -> None:
    agent = stage.agent(op1={})
    registrar = Registrar(stage.net.agent, 5060, stage.net.agent)
    register(registrar, "op1", "secret-op1", stage.net.phone(1), expires=1)
    agent.wait_for_operator("op1", "ready")

    gone = agent.wait_for_operator("op1", "offline")
    assert gone["reason"] == "expired"


@pytest.mark.parametrize(
    ("user", "password"),
    [pytest.param("op1", "wrong", id="wrong password"), pytest.param("ghost", "x", id="unknown user")],
)
def test_registration_with_wrong_credentials_is_refused(stage: Stage, user: str, password: str) -> None:
    """Both look alike from outside, so that nobody learns who exists."""
    agent = stage.agent(op1={})

    def message(cseq: int, authorization: str) -> str:
        return send(
            f"""REGISTER sip:[remote_ip] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK[pid]-[call_number]-{cseq}
From: <sip:{user}@[remote_ip]>;tag=[pid]r[call_number]
To: <sip:{user}@[remote_ip]>
Call-ID: [call_id]
CSeq: {cseq} REGISTER
Contact: <sip:{user}@[local_ip]:[local_port]>
Max-Forwards: 70
Expires: 60
{authorization}Content-Length: 0

"""
        )

    credentials = f"[authentication username={user} password={password}]\n"
    stage.caller(
        agent,
        message(1, ""),
        expect(401, auth=True),
        message(2, credentials),
        expect(403),
        host=stage.net.phone(9),
    ).run()

    assert agent.operator("op1")["state"] == "offline"


def test_operator_added_while_the_agent_runs_can_register(stage: Stage) -> None:
    agent = stage.agent(op1={})
    registrar = Registrar(stage.net.agent, 5060, stage.net.agent)
    with pytest.raises(RegistrationFailed, match="403"):
        register(registrar, "newcomer", "secret-newcomer", stage.net.phone(1))

    agent.add_operator("newcomer")

    stage.operator_phone(agent, "newcomer")
    assert agent.operator("newcomer")["state"] == "ready"
