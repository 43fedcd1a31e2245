"""Following a real call live, and the examples of docs/integrators.md as they stand there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
from websockets.sync.client import connect

from .conftest import Stage
from .peers.agent import Agent, Json
from .peers.scenario import answered, hangs_up, invite, is_hung_up, pause, picks_up
from .peers.sipp import Sipp
from .peers.waiting import eventually

DOCUMENT = (Path(__file__).parents[2] / "docs" / "integrators.md").read_text(encoding="utf-8")
PATIENCE_S = 30


def by_websocket(agent: Agent, query: str, key: str = "") -> Iterator[Json]:
    url = f"{agent.url.replace('http', 'ws', 1)}/api/v1/events?{query}"
    headers = {"Authorization": f"Bearer {key or agent.key}"}
    with connect(url, additional_headers=headers, proxy=None) as socket:
        while True:
            yield json.loads(socket.recv(PATIENCE_S))


def by_stream(agent: Agent, query: str, key: str = "") -> Iterator[Json]:
    headers = {"Authorization": f"Bearer {key or agent.key}"}
    url = f"{agent.url}/api/v1/events?{query}"
    with httpx.stream("GET", url, headers=headers, timeout=PATIENCE_S) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


def up_to_the_quality(told: Iterator[Json]) -> list[Json]:
    """Messages without heartbeats, up to the operator's media figures, which come after the call's end."""
    found = []
    for message in told:
        if message["type"] != "heartbeat":
            found.append(message)
        if message["type"] == "leg.quality" and message["party"] == "operator":
            break
    return found


class Following(threading.Thread):
    """Follows from now on; `begun` when the agent has said so."""

    def __init__(self, told: Iterator[Json]) -> None:
        super().__init__(daemon=True)
        self._told = told
        self.begun = threading.Event()
        self.found: list[Json] = []
        self.start()
        assert self.begun.wait(PATIENCE_S)

    def run(self) -> None:
        assert next(self._told)["type"] == "heartbeat"
        self.begun.set()
        self.found = up_to_the_quality(self._told)

    def all(self) -> list[Json]:
        self.join(PATIENCE_S)
        return self.found


def call(stage: Stage, agent: Agent, operator: str = "siti") -> Sipp:
    stage.sipp_phone(agent, operator, *picks_up(), *is_hung_up())
    return stage.caller(agent, invite(), *answered(), pause(1000), *hangs_up())


def test_a_call_is_told_the_same_live_by_both_ways_and_replayed(stage: Stage) -> None:
    agent = stage.agent(siti={})
    caller = call(stage, agent)
    followers = [Following(by_websocket(agent, "")), Following(by_stream(agent, ""))]
    caller.start()
    caller.finish()
    live, stream = (follower.all() for follower in followers)
    ours = [message for message in live if message.get("call_id")]
    types = [message["type"] for message in ours]
    in_order = ["call.started", "call.queued", "offer.made", "call.connected", "call.ended"]
    assert [name for name in types if name in in_order] == in_order
    assert stream == live
    call_id = ours[0]["call_id"]
    (cdr,) = agent.wait_for_cdrs()
    assert cdr["id"] == call_id
    for way in (by_websocket, by_stream):
        assert up_to_the_quality(way(agent, f"since=0&call={call_id}")) == ours
    agent.stop()
    agent.start()  # a position outlives the agent
    behind = up_to_the_quality(by_stream(agent, f"since={ours[0]['position']}&call={call_id}"))
    assert behind == ours[1:]


def examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)


class Reader:
    """Runs an example as an integrator would."""

    def __init__(self, agent: Agent, folder: Path, **more: str) -> None:
        self._folder = folder
        self._env = {**os.environ, "KEY": agent.key, "NTPD112": agent.url, "PYTHONUNBUFFERED": "1", **more}

    def run(self, *command: str, since: str = "") -> str:
        done = subprocess.run(
            command,
            env={**self._env, "SINCE": since},
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def test_the_examples_of_the_documentation_say_what_was_called(stage: Stage, tmp_path: Path) -> None:
    agent = stage.agent(siti={})
    caller = call(stage, agent)
    caller.start()
    caller.finish()
    (cdr,) = agent.wait_for_cdrs()
    reader = Reader(agent, tmp_path, CALL=cdr["id"])

    first, command, table = examples("sh")
    assert cdr["id"] in reader.run("bash", "-ec", first)
    assert json.loads(reader.run("bash", "-ec", command))["classification"] == "information"
    eventually(lambda: agent.cdrs()[0]["classification"] == "information", "the classification is in the CDR")
    everything = table.replace("from=2026-11-01&to=2026-12-01", "from=2026-01-01")
    assert everything != table
    assert "# rows: 1" in reader.run("bash", "-ec", everything)
    assert (tmp_path / "cdrs.csv").read_text().splitlines()[1].startswith(cdr["id"])

    ndjson, follow = examples("python")
    assert reader.run(sys.executable, "-c", ndjson) == f"1 calls, {cdr['talk_s']:.0f} s of talk\n"
    told = [f"call.started {cdr['id']} ", f"call.connected {cdr['id']} ", f"call.ended {cdr['id']} answered"]
    assert reader.run(sys.executable, "-c", follow, since="0").splitlines() == told
    (javascript,) = examples("js")
    (tmp_path / "follow.mjs").write_text(javascript)
    assert reader.run("node", "follow.mjs", since="0").splitlines() == told
