"""`ntpd112 trunk` and `ntpd112 reload` ask the running agent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from tests.cli.terminal import Terminal

from ntpd112.cli.running import KEY_VARIABLE, url_of
from ntpd112.config import HttpAddress


class Agent(HTTPServer):
    """Takes down what it is asked; answers what it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str, str, Any]] = []
        self.answer: tuple[int, dict[str, Any]] = (200, {})


class _Handler(BaseHTTPRequestHandler):
    server: Agent

    def do_PUT(self) -> None:
        self._take(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def do_POST(self) -> None:
        self._take(None)

    def _take(self, body: Any) -> None:
        self.server.asked.append((self.command, self.path, self.headers["Authorization"], body))
        status, document = self.server.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def agent(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agent]:
    monkeypatch.setenv(KEY_VARIABLE, "k3y")
    server = Agent()
    with terminal.config.open("a") as file:
        file.write(f'[http]\nlisten = "127.0.0.1:{server.server_address[1]}"\n')
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_maintenance_is_switched_with_a_reason(terminal: Terminal, agent: Agent) -> None:
    agent.answer = (200, {"calls": 3, "maintenance": {"reason": "new cable"}})
    said = terminal.run("trunk", "maintenance", "pbx/2", "on", "--reason", "new cable").output
    assert said == "pbx/2: in maintenance, new calls get 503; 3 calls still go on\n"
    body = {"on": True, "reason": "new cable"}
    assert agent.asked == [("PUT", "/api/v1/trunks/pbx%2F2/maintenance", "Bearer k3y", body)]


def test_it_says_when_the_trunk_takes_calls_again(terminal: Terminal, agent: Agent) -> None:
    agent.answer = (200, {"calls": 0, "maintenance": None})
    assert terminal.run("trunk", "maintenance", "pbx", "off").output == "pbx: takes calls\n"


def test_what_the_agent_refuses_is_said_in_its_words(terminal: Terminal, agent: Agent) -> None:
    agent.answer = (404, {"detail": 'no trunk has the name "x"'})
    assert terminal.run("trunk", "maintenance", "x", "on", code=1).output == 'no trunk has the name "x"\n'


def test_without_an_agent_it_says_where_none_answers(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "k3y")
    with terminal.config.open("a") as file:
        file.write('[http]\nlisten = "127.0.0.1:1025"\n')
    said = terminal.run("trunk", "maintenance", "pbx", "on", code=1).output
    assert said.startswith("no agent answers at http://127.0.0.1:1025 ([http] listen): ")


def test_without_a_key_it_says_how_to_get_one(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    said = terminal.run("trunk", "maintenance", "pbx", "on", code=1).output
    assert "ntpd112 apikey add NAME --scope admin" in said


def test_an_agent_that_listens_on_every_address_is_asked_at_loopback() -> None:
    asked = [url_of(HttpAddress(host, 8112)) for host in ("0.0.0.0", "::", "10.1.0.5")]
    assert asked == ["http://127.0.0.1:8112", "http://[::1]:8112", "http://10.1.0.5:8112"]


def probe(**changed: Any) -> dict[str, Any]:
    fine = {
        "peer": "192.0.2.20:5060",
        "places": ["peer 192.0.2.20"],
        "transport": "udp",
        "fine": True,
        "code": 200,
        "round_trip_ms": 12.5,
        "told": "192.0.2.10:5060",
        "seen": "192.0.2.10:5060",
        "says": "it answers 200 OK",
    }
    return fine | changed


TESTED: dict[str, Any] = {"trunk": "pbx", "gateways": [], "registration": None}
SILENT = probe(transport="tcp", fine=False, code=0, round_trip_ms=None, seen="", says="no connection by TCP")


def test_a_trunk_that_is_fine_is_shown_with_how_it_sees_us(terminal: Terminal, agent: Agent) -> None:
    agent.answer = (
        200,
        {"trunk": "pbx", "fine": True, "probes": [probe(), SILENT], "gateways": [], "registration": None},
    )
    lines = terminal.run("trunk", "test", "pbx").output.splitlines()
    assert lines[1].split() == ["192.0.2.20:5060", "udp", "200", "12.5", "192.0.2.10:5060"]
    assert lines[2].split() == ["192.0.2.20:5060", "tcp", "none", "does", "not", "say"]
    assert lines[3:] == [
        "ok 192.0.2.20:5060 udp: it answers 200 OK",
        "! 192.0.2.20:5060 tcp: no connection by TCP",
    ]
    assert agent.asked == [("POST", "/api/v1/trunks/pbx/test", "Bearer k3y", None)]


def test_a_trunk_that_is_not_fine_is_exit_code_1_as_json_too(terminal: Terminal, agent: Agent) -> None:
    agent.answer = (
        200,
        {"trunk": "pbx", "fine": False, "probes": [SILENT], "gateways": [], "registration": None},
    )
    assert "no connection by TCP" in terminal.run("trunk", "test", "pbx", code=1).output
    assert json.loads(terminal.run("trunk", "test", "pbx", "--json", code=1).output)["probes"] == [SILENT]


def test_what_an_address_is_to_the_trunk_is_shown(terminal: Terminal, agent: Agent) -> None:
    gateway = probe(peer="192.0.2.21:5061", transport="tls", places=["gateway sip:192.0.2.21;transport=tls"])
    unresolved = SILENT | {"peer": "sip:sbc.example", "transport": "", "places": ["gateway sip:sbc.example"]}
    probes = [gateway, unresolved | {"says": "its name is not resolved: no such name"}]
    agent.answer = (200, TESTED | {"fine": False, "probes": probes})
    said = terminal.run("trunk", "test", "pbx", code=1).output
    assert "ok 192.0.2.21:5061 tls (gateway sip:192.0.2.21;transport=tls): it answers 200 OK" in said
    assert "! sip:sbc.example (gateway sip:sbc.example): its name is not resolved: no such name" in said


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            {"registered": True, "at": "sip:10.1.0.5", "until": "2026-11-01T08:30:00+07:00", "reason": ""},
            "ok registered at sip:10.1.0.5 until 2026-11-01 08:30:00",
        ),
        (
            {"registered": False, "at": "sip:10.1.0.5", "until": None, "reason": "sip:10.1.0.5: no answer"},
            "! not registered: sip:10.1.0.5: no answer",
        ),
    ],
)
def test_whether_we_are_registered_is_shown(
    terminal: Terminal, agent: Agent, found: dict[str, Any], said: str
) -> None:
    fine = found["registered"]
    agent.answer = (200, TESTED | {"fine": fine, "probes": [probe()], "registration": found})
    assert said in terminal.run("trunk", "test", "pbx", code=0 if fine else 1).output


def test_a_trunk_of_networks_has_nobody_to_ask(terminal: Terminal, agent: Agent) -> None:
    agent.answer = (200, {"trunk": "pbx", "fine": False, "probes": [], "gateways": [], "registration": None})
    assert "nobody to ask" in terminal.run("trunk", "test", "pbx", code=1).output


def test_a_reload_prints_what_changes(terminal: Terminal, agent: Agent) -> None:
    changes = [
        {"path": "trunk.pbx.max_calls", "was": 30, "now": 60},
        {"path": "trunk.telkom", "was": None, "now": {"name": "telkom"}},
    ]
    agent.answer = (200, {"changes": changes, "warnings": ["no region"]})
    assert terminal.run("reload").output.splitlines() == [
        "trunk.pbx.max_calls: 30 -> 60",
        'trunk.telkom: unset -> {"name": "telkom"}',
        "warning: no region",
    ]
    assert [asked[:2] for asked in agent.asked] == [("POST", "/api/v1/config/reload")]


def test_a_reload_that_is_refused_says_every_problem(terminal: Terminal, agent: Agent) -> None:
    agent.answer = (409, {"detail": "one; two", "problems": ["one", "two"]})
    assert terminal.run("reload", code=1).output.splitlines() == ["one", "two"]


def test_a_reload_without_a_difference_says_so(terminal: Terminal, agent: Agent) -> None:
    agent.answer = (200, {"changes": [], "warnings": []})
    assert terminal.run("reload").output == "nothing has changed\n"
