"""A recording is fetched, and that is known; it is removed in time, unless somebody holds the call."""

from __future__ import annotations

import json

from .conftest import Stage
from .peers.agent import Agent, Json, Settings
from .peers.scenario import answered, hangs_up, invite, is_hung_up, pause, picks_up

KEPT_BRIEFLY = """[retention]
recordings = "1s"
"""


def test_who_heard_it_is_recorded_time_removes_it_and_a_hold_keeps_it(stage: Stage) -> None:
    agent = stage.agent(Settings(sections=KEPT_BRIEFLY), plain={})
    held, other = take_call(stage, agent), take_call(stage, agent)

    whole = agent.request("GET", f"/cdrs/{held['id']}/recording")
    assert whole.content.startswith(b"RIFF")
    (access,) = agent.get(f"/audit?action=GET /cdrs/{{id}}/recording&subject={held['id']}")["items"]
    assert access["outcome"] == "200"
    assert access["who"].startswith("api:")

    put = agent.request("PUT", f"/cdrs/{held['id']}/hold", {"reason": "Polrestabes, letter 1"})
    assert put.status_code == 200, put.text
    due = json.loads(agent.cli("retention", "--dry-run", "--json"))
    removed = json.loads(agent.cli("retention", "--now", "--json"))
    assert due == removed == {"cdrs": 0, "recordings": 1, "orphans": 0, "audit": 0, "deliveries": 0}

    gone = agent.request("GET", f"/cdrs/{other['id']}/recording")
    assert gone.status_code == 410
    assert "removed by retention" in gone.json()["detail"]
    assert agent.get(f"/cdrs/{other['id']}")["recording"] == other["recording"]
    assert not (agent.folder / "recordings" / other["recording"]).exists()
    assert agent.request("GET", f"/cdrs/{held['id']}/recording").content == whole.content

    copy = json.loads((agent.folder / "ntpd112-holds" / f"{held['id']}.json").read_text())
    assert {event["type"] for event in copy["events"]} >= {"call.started", "call.connected", "call.ended"}
    assert any(message["message"].startswith("INVITE ") for message in copy["messages"])

    actions = [entry["action"] for entry in json.loads(agent.cli("audit", "--json"))]
    assert {"PUT /cdrs/{id}/hold", "retention"} <= set(actions)
    assert "as they were written" in agent.cli("audit", "--verify")


def take_call(stage: Stage, agent: Agent) -> Json:
    """An answered call of some seconds; returns its CDR."""
    before = {cdr["id"] for cdr in agent.get("/cdrs")["items"]}
    phone = stage.sipp_phone(agent, "plain", *picks_up(), *is_hung_up())
    caller = stage.caller(agent, invite(), *answered(), pause(1500), *hangs_up())
    caller.start()
    caller.finish()
    phone.finish()
    found = agent.wait_for_cdrs(len(before) + 1)
    return next(cdr for cdr in found if cdr["id"] not in before)
