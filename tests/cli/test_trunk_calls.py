"""`ntpd112 trunk test --call`: a test call followed to its end, and its table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.cli.terminal import Terminal

from ntpd112.cli import trunk_calls, trunks

TESTED = {
    "trunk": "telkom",
    "fine": True,
    "probes": [],
    "registration": None,
    "gateways": ["sip:10.1.0.5", "sip:10.1.0.6"],
}
FINDINGS = [
    {"about": "answer", "verdict": "fine", "says": "200 OK after 2.0 s"},
    {"about": "keys", "verdict": "note", "says": "no telephone-event"},
]
BAD = {"about": "sound from there", "verdict": "bad", "says": "not one RTP packet came"}


class Agent:
    """A test call takes three looks; those by `bad` gateways are not fine."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.bad: set[str] = set()
        self.interrupted = False
        self._states: Iterator[str] = iter(())
        self._gateway = ""

    def ask(self, config: object, method: str, path: str, body: Any = None) -> Any:
        self.asked.append((method, path, body))
        if path == "/trunks/telkom/test":
            return TESTED
        if method == "POST":
            self._states = iter(("calling", "ringing", "talking", "over"))
            self._gateway = body["gateway"] or "sip:10.1.0.5"
        if method == "GET" and self.interrupted:
            raise KeyboardInterrupt
        state = next(self._states, "over")
        fine = self._gateway not in self.bad
        return {
            "id": "01JC",
            "to": "02150000000",
            "gateway": self._gateway,
            "way": "udp 10.1.0.5:5060",
            "state": state,
            "fine": fine if state == "over" else None,
            "findings": [*FINDINGS, *([] if fine else [BAD])] if state == "over" else [],
        }

    def rung(self) -> list[Any]:
        return [
            body for method, path, body in self.asked if method == "POST" and path.endswith("/test-calls")
        ]


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> Agent:
    agent = Agent()
    for module in (trunks, trunk_calls):
        monkeypatch.setattr(module, "ask", agent.ask)
    monkeypatch.setattr(trunk_calls, "LOOK_S", 0.0)
    return agent


def test_it_tells_how_it_goes_and_then_what_is_fine_and_what_not(terminal: Terminal, agent: Agent) -> None:
    said = terminal.run("trunk", "test", "telkom", "--call", "02150000000").output.splitlines()
    assert said[:4] == [
        "calling 02150000000 by sip:10.1.0.5 (udp 10.1.0.5:5060)",
        "it rings",
        "answered: listening for 8 s",
        "over; its messages: ntpd112 trace 01JC",
    ]
    assert said[4] == "test call to 02150000000 by sip:10.1.0.5 (udp 10.1.0.5:5060)"
    assert [" ".join(line.split()) for line in said[5:]] == [
        "ok answer 200 OK after 2.0 s",
        "- keys no telephone-event",
    ]
    assert agent.rung() == [{"to": "02150000000", "gateway": "", "listen_s": 8.0}]


def test_each_gateway_in_turn_and_one_that_is_not_fine_is_exit_code_1(
    terminal: Terminal, agent: Agent
) -> None:
    agent.bad = {"sip:10.1.0.6"}
    said = terminal.run("trunk", "test", "telkom", "--call", "0215", "--all-gateways", code=1).output
    assert [one["gateway"] for one in agent.rung()] == ["sip:10.1.0.5", "sip:10.1.0.6"]
    assert "! sound from there not one RTP packet came" in " ".join(said.split())


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--all-gateways"], "give --call NUMBER too"),
        (["--gateway", "sip:10.1.0.6"], "give --call NUMBER too"),
        (["--call", "0215", "--gateway", "sip:10.1.0.6", "--all-gateways"], "give one of the two"),
    ],
)
def test_options_that_make_no_sense_together_are_refused_before_anything_is_asked(
    terminal: Terminal, agent: Agent, options: list[str], why: str
) -> None:
    assert why in terminal.run("trunk", "test", "telkom", *options, code=1).output
    assert agent.asked == []


def test_json_has_the_peers_and_the_calls(terminal: Terminal, agent: Agent) -> None:
    ran = terminal.run("trunk", "test", "telkom", "--call", "0215", "--gateway", "sip:10.1.0.6", "--json")
    found = json.loads(ran.stdout)
    assert found["fine"] is True
    assert [(one["gateway"], one["state"]) for one in found["calls"]] == [("sip:10.1.0.6", "over")]


def test_interrupted_it_hangs_up(terminal: Terminal, agent: Agent) -> None:
    agent.interrupted = True
    terminal.run("trunk", "test", "telkom", "--call", "0215", code=130)
    assert agent.asked[-1] == ("DELETE", "/trunks/telkom/test-calls/01JC", None)
