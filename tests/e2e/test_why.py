"""Why did this call wait? Asked of real calls, over REST and on the command line."""

from __future__ import annotations

from .conftest import Stage
from .peers.agent import Settings
from .peers.scenario import answered, hangs_up, invite, is_hung_up, pause, picks_up


def test_a_call_that_waited_tells_who_was_busy_who_wanted_what_and_who_took_it(stage: Stage) -> None:
    agent = stage.agent(Settings(), plain={}, medic={"medical": 2})
    stage.sipp_phone(agent, "plain", *picks_up(), *is_hung_up())
    caller = stage.caller(agent, invite(number="118"), *answered(), pause(4000), *hangs_up())
    caller.start()
    (waiting,) = agent.wait_for_calls("waiting")
    assert waiting["place"]["lane"] == "normal"

    lifted = agent.request("POST", f"/calls/{waiting['id']}/lift")
    assert lifted.json()["place"]["lane"] == "lifted"
    pulled = agent.request("POST", f"/calls/{waiting['id']}/pull", {"operator": "plain"})
    assert pulled.status_code == 200
    (talking,) = agent.wait_for_calls("talking")
    assert (talking["operator"], talking["place"]) == ("plain", None)
    caller.finish()
    agent.wait_for_cdrs()

    told = [line["text"] for line in agent.get(f"/calls/{waiting['id']}/why")["lines"]]
    in_order = [
        "rings nowhere: nobody serving fits; of those who fit: 1 offline; 1 do not fit",
        "moves to the lifted lane (supervisor), by api:",
        "given to plain, by api:",
        "chosen by a person",
        "plain and the caller hear each other",
        "ends: answered",
    ]
    found = [next((n for n, text in enumerate(told) if part in text), -1) for part in in_order]
    assert -1 not in found, told
    assert found == sorted(found)
    printed = agent.cli("why", waiting["id"])
    assert "given to plain" in printed
    (queue,) = [level for level in agent.get("/levels?by=queue") if level["name"] == "medical"]
    assert (queue["offered"], queue["answered"], queue["level_10"]) == (1, 1, 1.0)
