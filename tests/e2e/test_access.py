"""Keys and people at a running agent: whoever may no longer ask is refused within seconds, also where they
follow live."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from .conftest import Stage
from .peers.agent import Agent, Json, Settings, http
from .peers.waiting import PATIENCE_S, eventually
from .test_following import by_stream, by_websocket

PASSWORD = "perahu kertas 77"


class ToTheEnd(threading.Thread):
    """Follows until it is told the end; `begun` when the agent has said the first."""

    def __init__(self, told: Iterator[Json]) -> None:
        super().__init__(daemon=True)
        self._told = told
        self.begun = threading.Event()
        self.end: Json = {}
        self.start()
        assert self.begun.wait(PATIENCE_S)

    def run(self) -> None:
        for message in self._told:
            self.begun.set()
            if message["type"] == "end":
                self.end = message
                break

    def reason(self) -> object:
        self.join(PATIENCE_S)
        return self.end.get("reason")


def asks(agent: Agent, token: str, method: str = "GET", path: str = "/calls") -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return http.request(method, f"{agent.url}/api/v1{path}", headers=headers)


def follow(agent: Agent, token: str) -> list[ToTheEnd]:
    return [ToTheEnd(way(agent, "", token)) for way in (by_websocket, by_stream)]


def is_refused(agent: Agent, token: str) -> None:
    eventually(lambda: asks(agent, token).status_code == 401, "the token is refused")


def made(agent: Agent, name: str, **more: object) -> str:
    body = {"name": name, "scopes": ["calls:read"], **more}
    return str(agent.command("POST", "/keys", body)["key"])


def signed_in(agent: Agent, operator: str) -> str:
    body = {"operator": operator, "password": PASSWORD}
    answer = http.post(f"{agent.url}/api/v1/sessions", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


@pytest.mark.parametrize("by", ["command line", "rest"])
def test_a_withdrawn_key_stops_working_also_where_it_follows_live(stage: Stage, by: str) -> None:
    agent = stage.agent(siti={})
    token = made(agent, "wallboard")
    assert asks(agent, token).status_code == 200
    followers = follow(agent, token)
    if by == "rest":
        assert agent.request("DELETE", "/keys/wallboard").status_code == 204
    else:
        agent.cli("apikey", "revoke", "wallboard")
    is_refused(agent, token)
    assert [follower.reason() for follower in followers] == ["key_withdrawn"] * 2


def test_a_key_ends_by_itself_also_where_it_follows_live_and_is_warned_of(stage: Stage) -> None:
    agent = stage.agent(siti={})
    end = datetime.now(UTC) + timedelta(seconds=5)
    token = made(agent, "visitor", expires_at=end.isoformat())
    followers = follow(agent, token)
    assert 'API key "visitor" ends' in str(agent.ready()["warnings"])
    is_refused(agent, token)
    assert datetime.now(UTC) >= end
    assert [follower.reason() for follower in followers] == ["key_withdrawn"] * 2


def test_a_person_stays_signed_in_over_a_restart_until_taken_out_of_the_directory(stage: Stage) -> None:
    agent = stage.agent(siti={}, budi={})
    agent.cli("operator", "password", "siti", "--password-stdin", stdin=PASSWORD)
    token = signed_in(agent, "siti")
    agent.stop()
    agent.start()
    assert asks(agent, token, path="/sessions/current").json()["operator"] == "siti"
    followers = follow(agent, token)
    agent.cli("operator", "remove", "siti")
    is_refused(agent, token)
    assert [follower.reason() for follower in followers] == ["key_withdrawn"] * 2


def test_when_a_key_was_last_used_is_written_when_the_agent_stops(stage: Stage) -> None:
    agent = stage.agent(siti={})
    token = made(agent, "report")
    asks(agent, token)
    agent.stop()
    agent.start()
    (listed,) = [key for key in agent.listed("/keys") if key["name"] == "report"]
    assert listed["last_used_at"] > listed["created_at"]
    assert listed["last_address"].startswith("127.")


def test_who_asks_too_often_is_told_so_and_others_are_not_held_up(stage: Stage) -> None:
    agent = stage.agent(Settings(rate="1/m"), siti={})
    token = made(agent, "hasty")
    answers = [asks(agent, token) for _ in range(201)]
    assert {answer.status_code for answer in answers[:200]} == {200}
    assert answers[200].status_code == 429
    assert int(answers[200].headers["retry-after"]) <= 60
    assert agent.request("GET", "/calls").status_code == 200
    assert 'ntpd112_requests_refused_total{why="rate"} 1.0' in http.get(f"{agent.url}/metrics").text
