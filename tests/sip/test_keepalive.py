"""By which way a trunk's peer is asked whether it is there."""

from __future__ import annotations

import pytest

from ntpd112.sip import keepalive as keepalive_module
from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.keepalive import Keepalive
from ntpd112.sip.target import Target
from ntpd112.sip.trunks import Trunks, TrunkSpec

PBX = "10.1.0.4"
OURS, OURS_TLS = Address("10.1.0.1", 5060), Address("10.1.0.1", 5061)
BY_UDP = Flow("udp", OURS, Address(PBX, 5090))
BY_TLS = Flow("tls", OURS_TLS, Address(PBX, 40_001))


class Desk:
    """Asks the one peer. `open`: the connections."""

    def __init__(self) -> None:
        trunks = Trunks([TrunkSpec("pbx", [PBX], 60, options_s=60.0)])
        self.open: set[Flow] = set()
        self.asked: list[Flow] = []
        self.keepalive = Keepalive(
            None, trunks, self.send, lambda flow: not flow.reliable or flow in self.open
        )
        self.keepalive.flow_to = lambda transport, remote: Flow(transport, OURS, remote)
        self.trunks, self.now = trunks, 0.0

    def send(self, target: Target, on_response: object, now: float) -> None:
        self.asked.append(target.flow)

    def ask(self) -> Flow:
        for peer in self.trunks._peers:
            peer.liveness.heard(self.now)
        self.trunks._rearm()
        self.now += 60.0
        self.keepalive.handle_timer(self.now)
        return self.asked[-1]


def test_who_was_never_heard_is_asked_at_the_usual_port() -> None:
    assert Desk().ask() == Flow("udp", OURS, Address(PBX, 5060))


def test_who_sends_by_udp_is_asked_at_the_port_it_sends_from() -> None:
    desk = Desk()
    desk.keepalive.seen(BY_UDP)
    assert desk.ask() == BY_UDP


def test_who_has_a_connection_open_is_asked_over_it_since_it_may_take_nothing_but_tls() -> None:
    desk = Desk()
    desk.keepalive.seen(BY_UDP)
    desk.keepalive.seen(BY_TLS)
    desk.open.add(BY_TLS)
    assert desk.ask() == BY_TLS
    desk.open.clear()
    assert desk.ask() == BY_UDP


def test_peers_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keepalive_module, "MAX_PEERS", 2)
    keepalive = Desk().keepalive
    for number in range(9):
        for flow in (BY_UDP, BY_TLS):
            keepalive.seen(Flow(flow.transport, flow.local, Address(f"10.1.0.{number}", 5060)))
    assert (len(keepalive._seen), len(keepalive._connected)) == (2, 2)
