"""What a trunk's peers make of an OPTIONS, and what that means in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from ntpd112.calls.probing import ANSWER_S, Probing
from ntpd112.calls.views import ProbeView, TrunkTestView, UnknownTrunk
from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.message import Response
from ntpd112.sip.timers import Timers
from ntpd112.sip.trunks import Trunks, TrunkSpec

OURS = "192.0.2.10"


class Site:
    """Peers with UDP and TCP, that answer when told to."""

    def __init__(self, *peers: str) -> None:
        self.now = 100.0
        self.asked: dict[tuple[str, str], Callable[[Response, float], None]] = {}
        self.found: list[TrunkTestView] = []
        self.timers = Timers()
        ua = SimpleNamespace(
            ways_to=self.ways_to,
            options=self.options,
            core=SimpleNamespace(sent_by=lambda flow: Address(OURS, 5060)),
        )
        context: Any = SimpleNamespace(ua=ua, timers=self.timers, outbound=None)
        trunks = Trunks([TrunkSpec("pbx", peers, 60, options_s=0)])
        self.probing = Probing(context, trunks, _date, lambda: None, lambda: self.now)

    def ways_to(self, host: str) -> list[Flow]:
        return [Flow(one, Address(OURS, 5060), Address(host, 5060)) for one in ("udp", "tcp")]

    def options(self, target: Any, on_response: Callable[[Response, float], None], now: float) -> None:
        self.asked[target.flow.remote.host, target.flow.transport] = on_response

    def test(self) -> None:
        self.probing.test("pbx", self.found.append)

    def answer(
        self, host: str, transport: str, code: int, via: str = "received=192.0.2.10;rport=5060"
    ) -> None:
        fields = {"via": [f"SIP/2.0/UDP {OURS}:5060;branch=z9hG4bKx;{via}"]} if via else {}
        self.asked[host, transport](Response(code, "", fields=fields), self.now)

    def fail(self, host: str, transport: str, reason: str) -> None:
        """No connection can be made."""
        self.asked[host, transport](Response(503, reason, fields={}), self.now)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.timers.fire(self.now)

    def probe(self, transport: str = "udp") -> ProbeView:
        (found,) = self.found
        return next(one for one in found.probes if one.transport == transport)


def _date(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


@pytest.fixture
def site() -> Site:
    site = Site("192.0.2.20")
    site.test()
    return site


def test_who_answers_by_one_transport_is_fine(site: Site) -> None:
    site.now += 0.012
    site.answer("192.0.2.20", "udp", 200)
    site.answer("192.0.2.20", "tcp", 503, via="")
    assert site.found[0].fine
    probe = site.probe()
    assert (probe.code, probe.round_trip_ms, probe.seen) == (200, 12.0, "192.0.2.10:5060")
    assert probe.says == "it answers 200 OK"
    assert (site.probe("tcp").code, site.probe("tcp").fine) == (0, False)
    assert site.probe("tcp").places == ["peer 192.0.2.20"]


def test_an_answer_of_the_turn_that_asked_took_no_time(site: Site) -> None:
    """Its time is that of the turn's beginning, which was before."""
    site.now -= 0.001
    site.answer("192.0.2.20", "udp", 200)
    site.answer("192.0.2.20", "tcp", 200)
    assert site.probe().round_trip_ms == 0.0


def test_why_no_connection_can_be_made_is_told_with_its_cause(site: Site) -> None:
    site.fail("192.0.2.20", "tcp", "Connection refused")
    site.fail("192.0.2.20", "udp", "Not Sent")
    assert site.probe("tcp").says.startswith("no connection by TCP (Connection refused): nobody listens")
    assert site.probe("udp").says.startswith("cannot be sent: this machine has no route there")


def test_silence_ends_the_test_and_is_told_with_its_likely_cause(site: Site) -> None:
    site.answer("192.0.2.20", "tcp", 100)
    site.wait(ANSWER_S - 0.1)
    assert site.found == []
    site.wait(0.1)
    assert not site.found[0].fine
    assert site.probe().round_trip_ms is None
    assert "a firewall drops it on the way" in site.probe().says
    site.answer("192.0.2.20", "udp", 200)
    assert len(site.found) == 1, "what comes late is not told twice"


@pytest.mark.parametrize(
    ("code", "fine", "says"),
    [
        (403, False, "our address is not among those it lets in"),
        (407, False, "asks for a password"),
        (405, True, "does not serve OPTIONS"),
        (503, False, "overloaded, in maintenance"),
        (699, False, "it answers 699"),
    ],
)
def test_what_its_answer_means(site: Site, code: int, fine: bool, says: str) -> None:
    site.answer("192.0.2.20", "tcp", 503, via="")
    site.answer("192.0.2.20", "udp", code)
    assert (site.probe().fine, site.found[0].fine) == (fine, fine)
    assert says in site.probe().says


@pytest.mark.parametrize(
    ("via", "seen", "says"),
    [
        ("received=203.0.113.9;rport=61000", "203.0.113.9:61000", "`[sip] advertise` should be 203.0.113.9"),
        ("rport=61000", "192.0.2.10:61000", "a NAT changes our port"),
        ("rport", "", "it answers 200 OK"),
    ],
)
def test_a_nat_between_is_found_by_what_the_peer_sees(site: Site, via: str, seen: str, says: str) -> None:
    site.answer("192.0.2.20", "tcp", 503, via="")
    site.answer("192.0.2.20", "udp", 200, via=via)
    assert site.probe().seen == seen
    assert says in site.probe().says


def test_that_a_connection_begins_at_another_port_is_no_nat(site: Site) -> None:
    site.answer("192.0.2.20", "udp", 200)
    site.answer("192.0.2.20", "tcp", 200, via="received=192.0.2.10;rport=49152")
    assert site.probe("tcp").says == "it answers 200 OK"


def test_a_connection_from_another_address_is_a_nat(site: Site) -> None:
    site.answer("192.0.2.20", "udp", 200)
    site.answer("192.0.2.20", "tcp", 200, via="received=203.0.113.9;rport=49152")
    assert "a NAT is between" in site.probe("tcp").says


def test_every_peer_has_to_answer() -> None:
    site = Site("192.0.2.20", "192.0.2.21", "10.0.0.0/24")
    site.test()
    assert {host for host, _ in site.asked} == {"192.0.2.20", "192.0.2.21"}
    site.answer("192.0.2.20", "udp", 200)
    site.wait(ANSWER_S)
    assert not site.found[0].fine


def test_a_trunk_of_networks_has_nobody_to_ask() -> None:
    site = Site("10.0.0.0/24")
    site.test()
    assert site.found == [TrunkTestView(trunk="pbx", fine=False, probes=[], registration=None, gateways=[])]


def test_a_trunk_that_is_not_there_is_named(site: Site) -> None:
    with pytest.raises(UnknownTrunk, match='no trunk has the name "telkom"'):
        site.probing.test("telkom", site.found.append)
