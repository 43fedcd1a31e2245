"""The four transaction machines: their tables as data, and what they do with lost and repeated messages."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.message import Request, Response
from ntpd112.sip.reply import reply
from ntpd112.sip.timers import T1, T2, T4, Durations, Timers
from ntpd112.sip.transaction import (
    TERMINATED,
    ClientTransaction,
    IllegalInput,
    InviteClient,
    InviteServer,
    NonInviteClient,
    NonInviteServer,
    ServerTransaction,
    Transaction,
)
from ntpd112.sip.transactions import Transactions, server_key

from .pair import tokens

UDP = Flow("udp", Address("192.0.2.1", 5060), Address("192.0.2.2", 5060))
TCP = Flow("tcp", Address("192.0.2.1", 5060), Address("192.0.2.2", 5060))
MACHINES: list[type[Transaction]] = [InviteClient, NonInviteClient, InviteServer, NonInviteServer]
FROM_NETWORK: dict[type[Transaction], set[str]] = {
    InviteClient: {"1xx", "2xx", "failure", "send failed"},
    NonInviteClient: {"1xx", "2xx", "failure", "send failed"},
    InviteServer: {"request", "ACK"},
    NonInviteServer: {"request"},
}


class Bench:
    """One machine with its own clock."""

    def __init__(self, flow: Flow = UDP) -> None:
        self.now = 100.0
        self.flow = flow
        self.timers = Timers()
        self.sent: list[tuple[float, str]] = []
        self.told: list[int] = []
        self.transactions = Transactions(
            self.timers, Durations(), self._send, tokens("b"), lambda flow: flow.local
        )

    def _send(self, flow: Flow, data: bytes) -> None:
        line = data.partition(b"\r\n")[0].decode()
        what = line.split()[1] if line.startswith("SIP/2.0") else line.split()[0]
        self.sent.append((round(self.now - 100.0, 3), what))

    def client(self, method: str) -> ClientTransaction:
        fields = {
            "from": ["<sip:a>;tag=1"],
            "to": ["<sip:b>"],
            "call-id": ["c"],
            "cseq": [f"7 {method}"],
            "route": ["<sip:p;lr>"],
        }
        request = Request(method, "sip:b", fields=fields)
        return self.transactions.request(request, self.flow, self._told, self.now)

    def server(self, method: str) -> ServerTransaction:
        fields = {
            "via": ["SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKx"],
            "from": ["<sip:b>;tag=1"],
            "to": ["<sip:a>"],
            "call-id": ["c"],
            "cseq": [f"7 {method}"],
        }
        request = Request(method, "sip:a", fields=fields)
        return self.transactions.serve(request, server_key(request, request.via), request.via, self.flow)

    def _told(self, response: Response, now: float) -> None:
        self.told.append(response.code)

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while (due := self.timers.next()) is not None and due <= end:
            self.now = due
            self.timers.fire(due)
        self.now = end

    def take(self) -> list[tuple[float, str]]:
        taken, self.sent = self.sent, []
        return taken


def response_to(client: ClientTransaction, code: int) -> Response:
    return reply(client.request, code, tag="z")


# --- the tables


@pytest.mark.parametrize("machine", MACHINES)
def test_what_the_network_can_bring_is_in_the_table_for_every_state(machine: type[Transaction]) -> None:
    states = {state for state, _ in machine.table} - {TERMINATED}
    for state in states:
        for kind in FROM_NETWORK[machine]:
            assert (state, kind) in machine.table


@pytest.mark.parametrize("machine", MACHINES)
def test_every_state_leads_to_the_end_and_every_action_exists(machine: type[Transaction]) -> None:
    ends = {TERMINATED}
    rows = machine.table.items()
    for _ in rows:
        ends |= {state for (state, _), (following, _) in rows if following in ends}
    assert {state for state, _ in machine.table} <= ends
    for _, action in machine.table.values():
        assert not action or callable(getattr(machine, action))
    for start in machine.entry.values():
        assert callable(getattr(machine, start))


def test_a_second_final_response_is_a_mistake_that_names_state_and_input() -> None:
    bench = Bench()
    server = bench.server("BYE")
    server.respond(reply(server.request, 200), bench.now)
    with pytest.raises(IllegalInput, match=r"NonInviteServer .*'completed'.*'send final'"):
        server.respond(reply(server.request, 200), bench.now)


# --- INVITE client


def test_an_invite_is_repeated_at_doubling_intervals_and_given_up_after_b() -> None:
    bench = Bench()
    bench.client("INVITE")
    bench.pass_time(100)
    assert [at for at, _ in bench.take()] == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert bench.told == [408]
    assert len(bench.transactions) == len(bench.timers) == 0


def test_a_provisional_response_stops_the_repetitions() -> None:
    bench = Bench()
    client = bench.client("INVITE")
    client.receive(response_to(client, 100), bench.now)
    bench.pass_time(100)
    assert bench.take() == [(0, "INVITE")]
    assert client.state == "proceeding"


def test_a_failure_is_acknowledged_each_time_but_told_once() -> None:
    bench = Bench()
    client = bench.client("INVITE")
    for _ in range(3):
        client.receive(response_to(client, 486), bench.now)
    assert [what for _, what in bench.take()] == ["INVITE", "ACK", "ACK", "ACK"]
    assert bench.told == [486]
    bench.pass_time(32)
    assert client.ended


def test_the_ack_for_a_failure_has_the_invites_branch_route_and_number_and_the_responses_tag() -> None:
    bench = Bench()
    client = bench.client("INVITE")
    sent: list[bytes] = []
    bench.transactions.send = lambda flow, data: sent.append(data)
    client.receive(response_to(client, 486), bench.now)
    (ack,) = sent
    branch = re.search(r"branch=(\w+)", client.request.fields["via"][0])
    assert branch is not None
    assert f"branch={branch[1]}".encode() in ack
    for line in (b"CSeq: 7 ACK", b"To: <sip:b>;tag=z", b"Route: <sip:p;lr>"):
        assert line in ack


def test_every_2xx_is_told_while_accepted() -> None:
    bench = Bench()
    client = bench.client("INVITE")
    for _ in range(3):
        client.receive(response_to(client, 200), bench.now)
    client.receive(response_to(client, 486), bench.now)
    assert bench.told == [200, 200, 200]
    bench.pass_time(64 * T1)
    assert client.ended


def test_over_tcp_an_invite_is_sent_once_and_a_failure_ends_it_at_once() -> None:
    bench = Bench(TCP)
    client = bench.client("INVITE")
    bench.pass_time(5)
    client.receive(response_to(client, 486), bench.now)
    assert [what for _, what in bench.take()] == ["INVITE", "ACK"]
    assert bench.told == [486]
    assert client.ended
    assert len(bench.timers) == 0


# --- other clients


def test_another_request_is_repeated_up_to_t2_and_given_up_after_f() -> None:
    bench = Bench()
    bench.client("BYE")
    bench.pass_time(100)
    times = [at for at, _ in bench.take()]
    assert times[:5] == [0, 0.5, 1.5, 3.5, 7.5]
    assert all(b - a == T2 for a, b in pairwise(times[4:]))
    assert times[-1] < 64 * T1
    assert bench.told == [408]


def test_another_request_goes_on_slowly_after_a_provisional_response() -> None:
    bench = Bench()
    client = bench.client("BYE")
    client.receive(response_to(client, 100), bench.now)
    bench.pass_time(9)
    assert [at for at, _ in bench.take()] == [0, 4, 8]
    bench.pass_time(24)
    assert bench.told == [100, 408]


def test_repeated_answers_are_absorbed_for_k() -> None:
    bench = Bench()
    client = bench.client("BYE")
    for code in (200, 200, 100, 481):
        client.receive(response_to(client, code), bench.now)
    assert bench.told == [200]
    bench.pass_time(T4)
    assert client.ended


# --- servers


def test_a_failure_of_an_invite_is_repeated_until_its_ack() -> None:
    bench = Bench()
    server = bench.server("INVITE")
    server.respond(reply(server.request, 486), bench.now)
    bench.pass_time(4)
    assert [at for at, _ in bench.take()] == [0, 0.5, 1.5, 3.5]
    server.receive(Request("ACK", "sip:a"), bench.now)
    server.receive(Request("ACK", "sip:a"), bench.now)
    server.receive(server.request, bench.now)
    bench.pass_time(T4)
    assert bench.take() == []
    assert server.ended


def test_a_failure_without_ack_is_given_up_after_h() -> None:
    bench = Bench()
    server = bench.server("INVITE")
    server.respond(reply(server.request, 486), bench.now)
    bench.pass_time(33)
    assert server.ended
    assert len(bench.timers) == 0


def test_an_invite_repeated_after_2xx_is_absorbed() -> None:
    bench = Bench()
    server = bench.server("INVITE")
    server.respond(reply(server.request, 200), bench.now)
    server.receive(server.request, bench.now)
    assert bench.take() == [(0, "200")]
    bench.pass_time(64 * T1)
    assert server.ended


def test_a_repeated_request_gets_the_same_answer_for_j() -> None:
    bench = Bench()
    server = bench.server("BYE")
    server.receive(server.request, bench.now)
    assert bench.take() == []
    server.respond(reply(server.request, 100), bench.now)
    server.receive(server.request, bench.now)
    server.respond(reply(server.request, 200), bench.now)
    server.receive(server.request, bench.now)
    assert [what for _, what in bench.take()] == ["100", "100", "200", "200"]
    bench.pass_time(64 * T1)
    assert server.ended


# --- whatever happens


class AnyOrder(RuleBasedStateMachine):
    """Inputs in any order: none is illegal, and all ends when the user has done its part."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.clients: list[ClientTransaction] = []
        self.servers: list[ServerTransaction] = []

    @rule(method=st.sampled_from(["INVITE", "BYE"]), flow=st.sampled_from([UDP, TCP]))
    def ask(self, method: str, flow: Flow) -> None:
        self.bench.flow = flow
        self.clients.append(self.bench.client(method))

    @precondition(lambda self: not self.servers)
    @rule(method=st.sampled_from(["INVITE", "BYE"]), flow=st.sampled_from([UDP, TCP]))
    def be_asked(self, method: str, flow: Flow) -> None:
        self.bench.flow = flow
        self.servers.append(self.bench.server(method))

    @precondition(lambda self: self.clients)
    @rule(code=st.sampled_from([100, 180, 200, 302, 486]), which=st.integers(0, 5))
    def response(self, code: int, which: int) -> None:
        client = self.clients[which % len(self.clients)]
        if not client.ended:
            client.receive(response_to(client, code), self.bench.now)

    @precondition(lambda self: self.clients)
    @rule(which=st.integers(0, 5))
    def not_sent(self, which: int) -> None:
        client = self.clients[which % len(self.clients)]
        if not client.ended:
            client.send_failed(self.bench.now)

    @precondition(lambda self: self.servers)
    @rule(ack=st.booleans())
    def repeat(self, ack: bool) -> None:
        server = self.servers[-1]
        if not server.ended and not (ack and isinstance(server, NonInviteServer)):
            server.receive(Request("ACK", "sip:a") if ack else server.request, self.bench.now)

    @precondition(lambda self: self.servers)
    @rule(code=st.sampled_from([180, 200, 486]))
    def answer(self, code: int) -> None:
        server = self.servers[-1]
        if not server.answered:
            server.respond(reply(server.request, code), self.bench.now)

    @rule(seconds=st.sampled_from([0.01, 0.6, 5, 40]))
    def wait(self, seconds: float) -> None:
        self.bench.pass_time(seconds)

    @invariant()
    def timers_belong_to_open_transactions(self) -> None:
        assert len(self.bench.timers) <= 2 * len(self.bench.transactions)

    def teardown(self) -> None:
        for server in self.servers:
            if not server.answered:
                server.respond(reply(server.request, 486), self.bench.now)
        for client in self.clients:
            if isinstance(client, InviteClient) and not client.ended:
                client.abandon(self.bench.now)
        self.bench.pass_time(200)
        assert len(self.bench.transactions) == len(self.bench.timers) == 0
        assert not self.bench.transactions._by_flow
        assert not self.bench.transactions._merging


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
