"""What a real receiver is sent of real calls, and what happens when it or the agent goes away."""

from __future__ import annotations

from tests.sinks.asyncapi import check_delivery

from ntpd112.sinks.delivery import signature

from .conftest import Stage
from .peers.agent import Agent, Settings, http
from .peers.ended import ended_calls, states_by_call
from .peers.receiver import SECRET, Receiver
from .peers.scenario import answered, hangs_up, invite, is_hung_up, pause, picks_up
from .peers.sipp import Sipp
from .peers.waiting import eventually

RATE = 10
"Calls a second."
RECOVERS_S = 90
"A delivery that failed three times waits 45 s, and is then sent."
HEADERS = ("Ntpd112-Event", "Ntpd112-Delivery", "Ntpd112-Timestamp", "Ntpd112-Signature")


def cdrs(receiver: Receiver) -> list[str]:
    """Ids of the calls, repeats dropped by the id of the delivery as a receiver has to."""
    by_delivery = {one.told["id"]: one.told["data"]["id"] for one in receiver.taken("cdr")}
    return list(by_delivery.values())


def load(stage: Stage, agent: Agent, calls: int) -> Sipp:
    caller = stage.caller(agent, invite(), *answered(), pause(300), *hangs_up(), calls=calls, rate=RATE)
    caller.start()
    return caller


def states(receiver: Receiver) -> dict[str, list[int]]:
    """Of each call the places of its states in the journal as they came, repeats dropped."""
    places: dict[str, list[int]] = {}
    for told in {one.told["id"]: one.told for one in receiver.taken("call.state")}.values():
        places.setdefault(told["data"]["id"], []).append(told["seq"])
    return places


def problem(agent: Agent) -> str:
    """Why nothing is delivered now."""
    return str(agent.get("/webhooks")[0]["problem"])


def test_a_call_is_told_from_its_arrival_to_its_cdr_signed_and_as_the_document_says(stage: Stage) -> None:
    receiver = stage.receiver()
    hook = receiver.section("call.state", "cdr", "operator.state", "call.ended")
    agent = stage.agent(Settings(sections=hook), siti={})
    assert agent.cli("webhook", "test", "dispatch") == "dispatch: HTTP 204\n"
    stage.sipp_phone(agent, "siti", *picks_up(), *is_hung_up())
    caller = stage.caller(agent, invite(), *answered(), pause(500), *hangs_up())
    caller.start()
    caller.finish()
    (record,) = agent.wait_for_cdrs()
    eventually(lambda: cdrs(receiver) == [record["id"]], "the CDR is told")
    states = [one.told["data"]["state"] for one in receiver.taken("call.state")]
    assert list(dict.fromkeys(states)) == ["arriving", "waiting", "ringing", "talking", "ended"]
    assert "ready" in [one.told["data"]["state"] for one in receiver.taken("operator.state")]
    (ended,) = receiver.taken("call.ended")
    assert (ended.told["data"]["call_id"], ended.told["data"]["type"]) == (record["id"], "call.ended")
    for one in receiver.taken():
        check_delivery({name: one.headers[name.lower()] for name in HEADERS}, one.told)
        timestamp = one.headers["ntpd112-timestamp"]
        assert one.headers["ntpd112-signature"] == signature([SECRET], timestamp, one.body)
    assert len(receiver.taken("webhook.test")) == 1


def test_a_receiver_that_goes_away_fails_redirects_and_hangs_under_load_gets_every_call(stage: Stage) -> None:
    receiver = stage.receiver()
    agent = stage.agent(Settings(sections=receiver.section("cdr", "call.state")))
    caller = load(stage, agent, calls=200)
    eventually(lambda: len(receiver.taken()) > 20, "the first are told")
    receiver.kill()
    eventually(lambda: "connection attempts failed" in problem(agent), "nobody listens, it is said")
    receiver.behaves("fails")
    receiver.start()
    eventually(lambda: "HTTP 500" in problem(agent), "the failure is said")
    receiver.behaves("redirects")
    eventually(lambda: "HTTP 307" in problem(agent), "the redirect is said")
    receiver.behaves("hangs")
    eventually(lambda: "no answer" in problem(agent), "the hanging is said")
    metrics = http.get(f"{agent.url}/metrics").text
    assert 'ntpd112_sink_failing{sink="webhook.dispatch"} 1.0' in metrics
    caller.finish()
    receiver.behaves("takes")
    agent.wait_for_cdrs(200)
    eventually(lambda: len(cdrs(receiver)) == 200, "every CDR arrives", within_s=RECOVERS_S)
    eventually(lambda: agent.get("/webhooks")[0]["pending"] == 0, "nothing waits", within_s=RECOVERS_S)
    assert set(receiver.asked()) == {"/hook"}
    agent.stop()
    assert sorted(cdrs(receiver)) == sorted(ended_calls(agent))
    assert states(receiver) == states_by_call(agent)


def test_an_agent_killed_under_load_repeats_with_the_same_ids_and_loses_no_call(stage: Stage) -> None:
    receiver = stage.receiver()
    agent = stage.agent(Settings(sections=receiver.section("cdr", "call.state")))
    for life in range(1, 4):
        caller = load(stage, agent, calls=300)
        eventually(lambda: len(receiver.taken("cdr")) >= 20 * life, "CDRs are told")  # noqa: B023
        agent.kill()
        caller.stop()
        agent.start()
    caller = load(stage, agent, calls=20)
    caller.finish()
    eventually(lambda: not agent.calls(), "no call is left")
    agent.stop()
    ended, places = ended_calls(agent), states_by_call(agent)
    agent.start()
    eventually(lambda: agent.get("/webhooks")[0]["lag"] == 0, "all is looked at")
    eventually(lambda: sorted(cdrs(receiver)) == sorted(ended), "every CDR arrives", within_s=RECOVERS_S)
    eventually(lambda: states(receiver) == places, "every state arrives", within_s=RECOVERS_S)


def test_dead_deliveries_can_be_looked_at_and_sent_again(stage: Stage) -> None:
    receiver = stage.receiver()
    agent = stage.agent(Settings(sections=receiver.section("cdr", more='retry_for = "3s"\n')))
    receiver.behaves("fails")
    caller = load(stage, agent, calls=5)
    caller.finish()
    eventually(lambda: agent.get("/webhooks")[0]["dead"] == 5, "all are given up", within_s=RECOVERS_S)
    assert {one["status"] for one in agent.get("/webhooks/dispatch/dead")} == {500}
    receiver.behaves("takes")
    first = agent.get("/webhooks/dispatch/dead")[-1]["id"]
    assert agent.command("POST", f"/webhooks/dispatch/dead/{first}/resend") == {"resent": 1}
    eventually(lambda: [one.told["id"] for one in receiver.taken("cdr")] == [first], "it is sent again")
    assert agent.cli("webhook", "resend", "dispatch") == "dispatch: 4 to be sent again\n"
    eventually(lambda: len(cdrs(receiver)) == 5, "all are sent again")
    agent.stop()
    assert sorted(cdrs(receiver)) == sorted(ended_calls(agent))


def test_a_receiver_that_has_gone_for_good_is_left_alone_until_it_takes_a_test(stage: Stage) -> None:
    receiver = stage.receiver()
    receiver.behaves("gone")
    agent = stage.agent(Settings(sections=receiver.section("cdr")))
    load(stage, agent, calls=5).finish()
    agent.program.wait_for_log("switched off: its receiver answered 410")
    (warning,) = agent.ready()["warnings"]
    assert "switched off" in warning
    receiver.behaves("takes")
    assert agent.command("POST", "/webhooks/dispatch/test")["taken"]
    eventually(lambda: len(cdrs(receiver)) == 5, "everything is told")
