"""What the agent and its media workers log of real calls, as a collector reads it."""

from __future__ import annotations

import json
import re
import shutil
from typing import Any

from .conftest import Stage
from .peers.agent import Agent, Settings
from .peers.scenario import answered, hangs_up, invite, is_hung_up, pause, picks_up

JSON = '[log]\nformat = "json"\nlevel = "debug"'
CALL_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
OF_A_CALL = {
    "call in",
    "connected",
    "call over",
    "sound arrives",
    "recording failed",
    "recording stopped; the call goes on",
}


def lines(agent: Agent) -> list[dict[str, Any]]:
    """Each line is JSON, or this fails."""
    return [json.loads(line) for line in agent.program.log().splitlines()]


def test_each_line_is_json_and_each_line_of_a_call_names_it(stage: Stage) -> None:
    agent = stage.agent(Settings(sections=JSON), siti={})
    recordings = agent.folder / "recordings"
    shutil.rmtree(recordings)
    recordings.write_text("no folder: nothing can be recorded")
    stage.sipp_phone(agent, "siti", *picks_up(), *is_hung_up())
    talks = stage.caller(agent, invite(), *answered(), pause(1500), *hangs_up())
    talks.start()
    talks.finish()
    agent.wait_for_cdrs()
    agent.program.wait_for_log("recording failed")
    leaves = stage.caller(agent, invite(), *answered(), pause(500), *hangs_up())
    leaves.start()
    leaves.finish()
    calls = {cdr["id"]: cdr for cdr in agent.wait_for_cdrs(2)}

    said = lines(agent)
    assert all({"timestamp", "level", "event"} <= line.keys() for line in said)
    of_calls = [line for line in said if line["event"] in OF_A_CALL]
    assert {line["event"] for line in of_calls} >= OF_A_CALL - {"sound arrives"}
    assert {line.get("call_id") for line in of_calls} == calls.keys()
    assert all(CALL_ID.fullmatch(line["call_id"]) for line in said if line.get("call_id"))
    number = next(iter(calls.values()))["caller"]
    assert number
    assert number not in agent.program.log()


def test_the_media_worker_keeps_to_the_level_of_the_log(stage: Stage) -> None:
    agent = stage.agent(Settings(sections='[log]\nformat = "json"\nlevel = "error"'), siti={})
    stage.sipp_phone(agent, "siti", *picks_up(), *is_hung_up())
    caller = stage.caller(agent, invite(), *answered(), pause(500), *hangs_up())
    caller.start()
    caller.finish()
    agent.wait_for_cdrs()
    assert {line["level"] for line in lines(agent)} <= {"error", "critical"}
