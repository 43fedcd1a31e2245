"""The queue as callers and operators meet it, over real SIP."""

from __future__ import annotations

from .conftest import Stage
from .peers.agent import Settings
from .peers.scenario import (
    answered,
    expect_request,
    hangs_up,
    invite,
    is_hung_up,
    pause,
    phone_hangs_up,
    picks_up,
    reply,
)


def talks_until_hung_up() -> list[str]:
    return [invite(), *answered(), *is_hung_up()]


def test_third_call_waits_and_rings_the_operator_who_becomes_free_first(stage: Stage) -> None:
    agent = stage.agent(op1={}, op2={})
    # op1 talks for long; op2 hangs up after some seconds and gets the call that waits.
    stage.sipp_phone(agent, "op1", *picks_up(), *is_hung_up())
    stage.sipp_phone(agent, "op2", *picks_up(), pause(4000), *phone_hangs_up(), calls=2)

    first = stage.caller(agent, invite(), *answered(), pause(10_000), *hangs_up())
    first.start()
    agent.wait_for_calls("talking")
    second = stage.caller(agent, *talks_until_hung_up())
    third = stage.caller(agent, *talks_until_hung_up())
    second.start()
    _, second_call = agent.wait_for_calls("talking", "talking")
    third.start()

    for caller in (second, third, first):
        caller.finish()
    cdrs = {cdr["operator"]: [] for cdr in agent.wait_for_cdrs(3)}  # type: dict[str, list[dict[str, object]]]
    for cdr in agent.cdrs():
        cdrs[cdr["operator"]].append(cdr)
    assert {operator: len(calls) for operator, calls in cdrs.items()} == {"op1": 1, "op2": 2}
    last, before = cdrs["op2"]
    assert before["id"] == second_call["id"]
    assert float(str(last["wait_s"])) > 0.2, "the third call did not wait"
    assert last["offers"] == 1, "nobody else was rung for it"


def test_call_that_needs_medical_passes_over_the_idler_operator_without_it(stage: Stage) -> None:
    agent = stage.agent(plain={}, medic={"medical": 2})
    plain = stage.sipp_phone(agent, "plain", *picks_up(), *is_hung_up())
    stage.sipp_phone(agent, "medic", *picks_up(), *is_hung_up())

    stage.caller(agent, invite(number="118"), *answered(), pause(300), *hangs_up()).run()

    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["queue"], cdr["operator"], cdr["offers"]) == ("medical", "medic", 1)
    assert "INVITE" not in plain.messages()


def test_call_that_nobody_has_the_skill_for_waits_for_one_who_has(stage: Stage) -> None:
    agent = stage.agent(plain={}, medic={"medical": 2})
    stage.sipp_phone(agent, "plain", *picks_up(), *is_hung_up())
    caller = stage.caller(agent, invite(number="118"), *answered(), pause(3000), *hangs_up())
    caller.start()
    agent.wait_for_calls("waiting")

    stage.sipp_phone(agent, "medic", *picks_up(), *is_hung_up())

    caller.finish()
    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["disposition"], cdr["operator"]) == ("answered", "medic")


def test_operator_who_does_not_pick_up_is_taken_out_and_the_next_is_rung(stage: Stage) -> None:
    agent = stage.agent(Settings(ring_timeout="1s"), sleepy={}, awake={})
    stage.sipp_phone(
        agent,
        "sleepy",
        expect_request("INVITE"),
        reply(180, "Ringing"),
        expect_request("CANCEL"),
        reply(200, "OK"),
        reply(487, "Request Terminated"),
    )
    stage.sipp_phone(agent, "awake", *picks_up(), *is_hung_up())

    stage.caller(agent, invite(), *answered(), pause(2500), *hangs_up()).run()

    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["operator"], cdr["offers"]) == ("awake", 2)
    sleepy = agent.wait_for_operator("sleepy", "break")
    assert sleepy["reason"] == "rona"
    assert agent.request("PUT", "/operators/sleepy/state", {"state": "ready"}).status_code == 200
    agent.wait_for_operator("sleepy", "ready")


def test_ring_policy_lets_the_caller_hear_ringing_until_an_operator_answers(stage: Stage) -> None:
    agent = stage.agent(Settings(answer="ring"), op1={})
    phone = stage.sipp_phone(agent, "op1", *picks_up(after_ms=500), *is_hung_up())
    caller = stage.caller(agent, invite(), *answered(), pause(200), *hangs_up())

    caller.run()

    phone.finish()
    assert "180 Ringing" in caller.messages()
    (cdr,) = agent.wait_for_cdrs()
    assert cdr["disposition"] == "answered"
