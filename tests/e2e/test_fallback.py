"""No 112 call dies with our process: what the PBX of `asterisk-config/` does when the agent is away."""

from __future__ import annotations

import os
import signal
import time

from .conftest import CALLER_TONE, OPERATOR_TONE, Stage
from .peers.agent import Settings
from .peers.scenario import answered, hangs_up, invite, is_hung_up, pause, picks_up
from .peers.sound import read_wav, tone_level
from .peers.waiting import eventually


def test_killed_while_a_call_waits_and_one_talks_then_calls_fall_back_and_no_cdr_is_lost(
    stage: Stage,
) -> None:
    agent = stage.agent(op1={})
    pbx = stage.pbx("op1", agent_silence_s=2)
    phone = stage.operator_phone(agent, "op1", with_pbx=True)
    telco = stage.telco()

    telco.dial(f"sip:112@{stage.net.pbx}")
    agent.wait_for_calls("talking")
    waiting = stage.caller(agent, invite(), *answered(), *is_hung_up(), host=stage.net.telco)
    waiting.start()
    talking, waiting_call = agent.wait_for_calls("talking", "waiting")
    agent.kill()

    # The one who talked: the PBX notices the silence and rings the phone itself, on its second account.
    phone.wait_for_call(times=2)
    assert "the agent did not keep the call of 08123456789: ANSWER 44" in pbx.messages()
    telco.hang_up()
    phone.wait_for_end(times=1)

    # The next call goes to the fallback too.
    telco.dial(f"sip:112@{stage.net.pbx}")
    phone.wait_for_call(times=3)
    time.sleep(2.0)
    telco.hang_up()
    assert tone_level(read_wav(phone.heard()).channels[0], CALLER_TONE) > -25
    assert tone_level(read_wav(telco.heard()).channels[0], OPERATOR_TONE) > -25

    agent.start()
    cdrs = {cdr["id"]: cdr for cdr in agent.wait_for_cdrs(2)}
    assert {cdr["disposition"] for cdr in cdrs.values()} == {"interrupted"}
    assert cdrs[talking["id"]]["operator"] == "op1"
    assert cdrs[talking["id"]]["answered_at"]
    assert cdrs[waiting_call["id"]]["answered_at"] is None
    assert all(cdr["ended_at"] for cdr in cdrs.values())
    assert agent.request("GET", f"/cdrs/{talking['id']}/recording").status_code == 200
    waiting.stop()


def test_restarted_agent_takes_calls_again(stage: Stage) -> None:
    agent = stage.agent(op1={})
    pbx = stage.pbx("op1")
    stage.operator_phone(agent, "op1", with_pbx=True, register_every_s=3)
    agent.kill()
    eventually(lambda: "Unavail" in pbx.ask("pjsip show contacts"), "the PBX sees that the agent is gone")
    agent.start()
    eventually(lambda: _agent_is_up(pbx.ask("pjsip show contacts")), "the PBX sees that the agent is back")
    agent.wait_for_operator("op1", "ready")

    telco = stage.telco()
    telco.dial(f"sip:112@{stage.net.pbx}")
    agent.wait_for_calls("talking")
    telco.hang_up()
    agent.wait_for_cdrs()


def test_phones_registered_before_a_kill_ring_again_without_registering_anew(stage: Stage) -> None:
    agent = stage.agent(op1={})
    pbx = stage.pbx("op1")
    stage.operator_phone(agent, "op1", register_every_s=600)
    agent.wait_for_saved_phones("op1")
    agent.kill()
    agent.start()
    agent.wait_for_operator("op1", "ready")
    eventually(lambda: _agent_is_up(pbx.ask("pjsip show contacts")), "the PBX sees that the agent is back")

    telco = stage.telco()
    telco.dial(f"sip:112@{stage.net.pbx}")
    agent.wait_for_calls("talking")
    telco.hang_up()
    agent.wait_for_cdrs()


def _agent_is_up(contacts: str) -> bool:
    return any("agent/" in line and " Avail " in line for line in contacts.splitlines())


def test_no_operator_and_policy_reject_sends_the_call_back_to_the_pbx(stage: Stage) -> None:
    """503 from the agent: the PBX rings the phones that are registered with it."""
    agent = stage.agent(Settings(no_operator="reject"), op1={})
    stage.pbx("op1")
    phone = stage.operator_phone(agent, "op1", with_pbx=True)
    agent.request("PUT", "/operators/op1/state", {"state": "offline"})
    agent.wait_for_operator("op1", "offline")
    telco = stage.telco()

    telco.dial(f"sip:112@{stage.net.pbx}")
    phone.wait_for_call()
    telco.hang_up()

    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["disposition"], cdr["sip_code"]) == ("rejected", 503)


def test_while_the_agent_drains_its_call_goes_on_and_the_pbx_takes_the_new_one(stage: Stage) -> None:
    agent = stage.agent(Settings(drain="1m"), op1={})
    stage.pbx("desk")
    desk, telco = stage.pbx_phone("desk"), stage.telco()
    operator = stage.sipp_phone(agent, "op1", *picks_up(), *is_hung_up())
    talks = stage.caller(agent, invite(), *answered(), pause(8000), *hangs_up())
    talks.start()
    (call,) = agent.wait_for_calls("talking")

    os.kill(agent.program.pid, signal.SIGTERM)
    agent.program.wait_for_log("draining: new calls get 503")
    telco.dial(f"sip:112@{stage.net.pbx}")

    desk.wait_for_call()
    time.sleep(2.0)
    telco.hang_up()
    assert agent.program.running
    talks.finish()
    operator.finish()
    assert agent.program.wait(timeout_s=20.0) == 0
    assert tone_level(read_wav(desk.heard()).channels[0], CALLER_TONE) > -25
    assert tone_level(read_wav(telco.heard()).channels[0], OPERATOR_TONE) > -25
    agent.start()
    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["id"], cdr["disposition"], cdr["hangup_by"]) == (call["id"], "answered", "caller")


def test_media_worker_killed_ends_its_calls_as_interrupted_and_the_next_call_has_sound(stage: Stage) -> None:
    agent = stage.agent(op1={})
    stage.sipp_phone(agent, "op1", *picks_up(), *is_hung_up(), calls=1)
    lost = stage.caller(agent, invite(), *answered(), *is_hung_up())
    lost.start()
    agent.wait_for_calls("talking")
    (worker,) = agent.worker_pids()
    os.kill(worker, signal.SIGKILL)
    lost.finish()
    (cdr,) = agent.wait_for_cdrs()
    assert cdr["disposition"] == "interrupted"

    eventually(lambda: worker not in agent.worker_pids() and agent.worker_pids(), "another worker runs")
    agent.add_operator("op2")
    phone = stage.operator_phone(agent, "op2")
    agent.request("PUT", "/operators/op1/state", {"state": "offline"})
    stage.caller(agent, invite(), *answered(), pause(1500), *hangs_up()).run()
    agent.wait_for_cdrs(2)
    assert phone.heard().exists()
