"""Ways out: a trunk that registers at its telco, and gateways that come and go. b is the telco."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from ntpd112.sip.account import Account
from ntpd112.sip.agent import UaConfig
from ntpd112.sip.digest import Credentials, make_credentials
from ntpd112.sip.events import Cause, GatewayPassed, GatewayState, RegistrationState
from ntpd112.sip.flow import Address, Flow, Outgoing
from ntpd112.sip.gateways import AVOID_S, Entry
from ntpd112.sip.line import NoWay
from ntpd112.sip.locate import Service
from ntpd112.sip.outbound import Outbound, OutboundSpec
from ntpd112.sip.outward import Outward
from ntpd112.sip.registrar import Registrar
from ntpd112.sip.registration import WRONG_S
from ntpd112.sip.session_policy import SessionPolicy
from ntpd112.sip.trunks import Trunks, TrunkSpec

from .pair import ALICE, BOB, CALLER, MEDIA_A, Pair, Side

TELCO = f"sip:{BOB.host}"
DEAD = "sip:192.0.2.66"
SPEC = OutboundSpec(
    "telkom", registrars=(TELCO,), account=Account("surabaya", "rahasia"), domain="telco.test", options_s=0
)
REASON = 'sip:192.0.2.2: username "surabaya" or its password is wrong'


def in_order(*uris: str) -> tuple[Entry, ...]:
    return tuple(Entry(uri, place) for place, uri in enumerate(uris))


class Registered(Pair):
    """a registers at b, whose only user it is."""

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, Credentials] = {}
        self.set_password("rahasia")
        self.registrar = Registrar(
            "telco.test", self.users.get, secret=b"s" * 16, keepalive_s=0, min_expires=60, max_expires=3600
        )
        self.b = Side(BOB, UaConfig(policy=SessionPolicy(session_s=0)), self.registrar)
        self.a.ua.set_flow_to(lambda transport, remote: Flow(transport, ALICE, remote))
        self.judge = lambda data: "drop" if b"192.0.2.66" in data.partition(b"\r\n")[0] else "pass"
        trunks = Trunks([TrunkSpec("telkom", [BOB.host], max_calls=2, options_s=0)])
        self.trunk = next(iter(trunks))
        self.outbound = Outbound(self.a.ua, trunks)

    def set_password(self, password: str) -> None:
        self.users["surabaya"] = make_credentials("surabaya", "telco.test", password)

    def configure(self, *specs: OutboundSpec) -> None:
        self.outbound.configure(specs, self.now)
        self.run()

    def states(self) -> list[tuple[bool, str]]:
        return [(e.registered, e.reason) for e in self.a.events if isinstance(e, RegistrationState)]


def test_a_trunk_registers_with_its_password_and_says_so_once() -> None:
    pair = Registered()
    pair.configure(SPEC)
    assert pair.states() == [(True, "")]
    (binding,) = pair.registrar.contacts("surabaya")
    assert str(binding.contact.uri) == "sip:surabaya@192.0.2.1:5060"
    pair.pass_time(7200)
    assert pair.states() == [(True, "")]
    assert pair.registrar.contacts("surabaya")
    assert pair.outbound.warnings() == []


def test_the_number_to_present_is_what_the_telco_sends_calls_to() -> None:
    pair = Registered()
    pair.configure(replace(SPEC, present="112"))
    assert pair.registrar.contacts("surabaya")[0].contact.uri.user == "112"


def test_a_longer_time_that_the_telco_wants_is_asked_for() -> None:
    pair = Registered()
    pair.configure(replace(SPEC, expires_s=5))
    assert pair.states() == [(True, "")]


def test_a_wrong_password_is_said_and_tried_again_but_seldom() -> None:
    pair = Registered()
    pair.set_password("baru")
    pair.configure(SPEC)
    assert pair.states() == [(False, REASON)]
    assert pair.outbound.warnings() == [f'trunk "telkom" is not registered: {REASON}']
    pair.take_wire()
    pair.pass_time(10 * WRONG_S)
    assert pair.wire.count("a REGISTER") <= 2 * 10
    assert len(pair.states()) == 1, "the same again is no news"
    pair.set_password("rahasia")
    pair.pass_time(300)
    assert pair.states()[-1] == (True, "")


def test_a_changed_password_is_taken_over_at_once() -> None:
    pair = Registered()
    pair.configure(SPEC)
    pair.set_password("baru")
    pair.pass_time(3600)
    assert pair.states()[-1] == (False, REASON)
    pair.configure(replace(SPEC, account=Account("surabaya", "baru")))
    assert pair.states()[-1] == (True, "")


def test_the_second_registrar_takes_us_when_the_first_does_not_answer() -> None:
    pair = Registered()
    spec = replace(SPEC, registrars=(DEAD, TELCO), domain="")
    pair.judge = lambda data: "drop" if b"REGISTER sip:192.0.2.66" in data else "pass"
    pair.configure(spec)
    assert pair.states() == []
    pair.pass_time(15)
    assert pair.states() == [(True, "")]


def test_a_telco_that_is_away_is_found_when_it_is_back() -> None:
    pair = Registered()
    pair.judge = lambda data: "drop"
    pair.configure(SPEC)
    pair.pass_time(60)
    assert pair.states() == [(False, "sip:192.0.2.2: no answer")]
    pair.judge = lambda data: "pass"
    pair.pass_time(300)
    assert pair.states()[-1] == (True, "")


def test_who_stops_is_registered_no_more() -> None:
    pair = Registered()
    pair.configure(SPEC)
    assert not pair.outbound.left
    pair.outbound.leave(pair.now)
    pair.run()
    assert pair.outbound.left
    assert pair.registrar.contacts("surabaya") == []
    assert pair.states() == [(True, "")], "that is no fault"


def test_a_trunk_that_is_gone_from_the_configuration_takes_its_contact_off() -> None:
    pair = Registered()
    pair.configure(SPEC)
    pair.configure()
    assert pair.registrar.contacts("surabaya") == []
    assert pair.outbound.registration("telkom") is None
    assert pair.outbound.left
    pair.settle()
    assert pair.a.leaks == (0, 0, 0)


def test_what_has_not_changed_is_not_registered_anew() -> None:
    pair = Registered()
    pair.configure(SPEC)
    pair.take_wire()
    pair.configure(SPEC)
    assert pair.take_wire() == []


def test_a_change_beside_the_registration_does_not_take_the_contact_off() -> None:
    pair = Registered()
    pair.configure(SPEC)
    pair.sent.clear()
    pair.configure(replace(SPEC, expires_s=600))
    assert not any(b"Expires: 0" in data for data in pair.sent)
    assert pair.registrar.contacts("surabaya")
    assert pair.outbound.left is False
    pair.configure(replace(SPEC, present="112"))
    assert [one.contact.uri.user for one in pair.registrar.contacts("surabaya")] == ["112"]


def test_an_answer_to_a_question_of_before_counts_no_more() -> None:
    pair = Registered()
    pair.outbound.configure([SPEC], pair.now)
    (first,) = pair.a.ua.outgoing()
    pair.configure(replace(SPEC, account=Account("surabaya", "baru")))
    refusal = b"SIP/2.0 403 No\r\n" + first.data.partition(b"\r\n")[2]
    states = pair.states()
    pair.a.ua.receive(refusal, pair.flow_a, pair.now)
    pair.run()
    assert pair.states() == states


# --- gateways

GATEWAYS = OutboundSpec("telkom", gateways=in_order(DEAD, TELCO), options_s=60.0)


def hosts(pair: Registered) -> list[str]:
    target = pair.outbound.target("telkom", "110")
    return [one.flow.remote.host for one in (target, *target.others)]


def test_a_gateway_that_does_not_answer_options_is_tried_last() -> None:
    pair = Registered()
    pair.configure(GATEWAYS)
    assert hosts(pair) == ["192.0.2.66", BOB.host], "as configured, while nothing is known"
    pair.pass_time(30)
    assert hosts(pair) == [BOB.host, "192.0.2.66"]
    states = [event for event in pair.a.events if isinstance(event, GatewayState)]
    assert states == [GatewayState("telkom", TELCO, True), GatewayState("telkom", DEAD, False)]
    pair.judge = lambda data: "pass"
    pair.pass_time(120)
    assert hosts(pair) == ["192.0.2.66", BOB.host]


@pytest.mark.parametrize(("gateways", "silent"), [((DEAD,), True), ((DEAD, TELCO), False)])
def test_a_way_of_which_no_gateway_answers_options_is_silent(gateways: tuple[str, ...], silent: bool) -> None:
    pair = Registered()
    pair.configure(OutboundSpec("telkom", gateways=in_order(*gateways)))
    line = pair.outbound.target("telkom", "110").line
    assert line is not None
    assert not line.silent, "while nothing is known"
    pair.pass_time(70)
    line = pair.outbound.target("telkom", "110").line
    assert line is not None
    assert line.silent is silent


def test_a_gateway_that_did_not_take_a_call_comes_after_the_others_for_a_while() -> None:
    pair = Registered()
    pair.configure(OutboundSpec("telkom", gateways=in_order(DEAD, TELCO), options_s=0))
    target = pair.outbound.target("telkom", "110")
    assert target.line is not None
    target.line.passed_over(target, Cause(503), pair.now)
    pair.run()
    assert pair.a.events == [GatewayPassed("telkom", DEAD, Cause(503))]
    assert hosts(pair) == [BOB.host, "192.0.2.66"]
    pair.pass_time(AVOID_S)
    assert hosts(pair) == ["192.0.2.66", BOB.host]


def test_the_number_goes_into_the_request_uri_of_each_gateway() -> None:
    pair = Registered()
    pair.configure(OutboundSpec("telkom", gateways=in_order(f"{TELCO}:5080;transport=tcp"), options_s=0))
    target = pair.outbound.target("telkom", "+62318411110")
    assert str(target.uri) == "sip:+62318411110@192.0.2.2:5080;transport=tcp"
    assert target.flow.remote == Address(BOB.host, 5080)


def test_without_gateways_calls_go_to_the_registrar() -> None:
    pair = Registered()
    pair.configure(SPEC)
    assert hosts(pair) == [BOB.host]


@pytest.mark.parametrize(
    ("trunk", "number", "why"),
    [
        ("telkom", "1@evil", "no telephone number"),
        ("telkom", "", "no telephone number"),
        ("indosat", "110", "leads nowhere"),
    ],
)
def test_what_cannot_be_called_is_said(trunk: str, number: str, why: str) -> None:
    pair = Registered()
    pair.configure(GATEWAYS)
    with pytest.raises(NoWay, match=why):
        pair.outbound.target(trunk, number)


def test_the_called_number_is_written_as_the_telco_wants_it() -> None:
    pair = Registered()
    pair.configure(GATEWAYS)
    pair.trunk.outward = Outward(called=lambda number: number.replace("+62", "0"))
    assert pair.outbound.target("telkom", "+62811").uri.user == "0811"
    pair.trunk.outward = Outward(called=lambda number: "")
    with pytest.raises(NoWay, match="no telephone number"):
        pair.outbound.target("telkom", "110")


def test_a_trunk_whose_lines_are_all_in_use_takes_no_call() -> None:
    pair = Registered()
    pair.configure(GATEWAYS)
    pair.trunk.admit(pair.now)
    pair.trunk.admit(pair.now)
    with pytest.raises(NoWay, match="has its 2 calls"):
        pair.outbound.target("telkom", "110")


def test_two_calls_of_ours_that_begin_at_once_do_not_share_the_last_line() -> None:
    pair = Registered()
    pair.configure(GATEWAYS)
    pair.trunk.admit(pair.now)
    targets = [pair.outbound.target("telkom", number) for number in ("110", "113")]
    pair.a.ua.invite(targets[0], caller=CALLER, local=MEDIA_A, now=pair.now)
    with pytest.raises(NoWay, match="has its 2 calls"):
        pair.a.ua.invite(targets[1], caller=CALLER, local=MEDIA_A, now=pair.now)
    assert (pair.trunk.calls, pair.a.ua.open_legs) == (2, 1)


def test_gateways_that_no_socket_reaches_take_no_call_and_count_as_dead() -> None:
    pair = Registered()
    pair.a.ua.set_flow_to(lambda transport, remote: None)
    pair.configure(GATEWAYS)
    pair.pass_time(10)
    assert not any(gateway.liveness.alive for gateway in pair.outbound.gateways("telkom"))
    with pytest.raises(NoWay, match="no socket of ours"):
        pair.outbound.target("telkom", "110")


# --- host names

NAME = "sip:telkom.example"


def servers(*hosts: str, transport: str = "udp", weight: int = 0) -> tuple[Service, ...]:
    """One a priority, the first first; `weight`: all of the same priority."""
    return tuple(
        Service(transport, 5060, f"sbc{place}", (host,), 0 if weight else place, weight)
        for place, host in enumerate(hosts)
    )


class Named(Registered):
    """Nobody is at 192.0.2.66, whatever the Request-URI names."""

    def hand_over(self, one: Outgoing, sink: Side, flow: Flow) -> None:
        if one.flow.remote.host != "192.0.2.66":
            super().hand_over(one, sink, flow)

    def leads_to(self, *found: Service, name: str = NAME) -> None:
        self.outbound.names.learn(name, found)
        self.outbound.look_up(self.now)
        self.run()


def test_who_is_at_an_address_by_tls_is_known_by_the_name_that_leads_there() -> None:
    pair = Named()
    pair.leads_to(*servers(BOB.host, transport="tls"), name="sips:telkom.example")
    pair.leads_to(*servers("192.0.2.66"))
    known = in_order("sips:Telkom.example", NAME)
    pair.configure(OutboundSpec("telkom", gateways=known, options_s=0))
    assert [pair.outbound.name_of(host) for host in (BOB.host, "192.0.2.66")] == ["telkom.example", ""]
    by_address = in_order("sips:Telkom.example", f"sips:{BOB.host}")
    pair.configure(OutboundSpec("telkom", gateways=by_address, options_s=0))
    assert pair.outbound.name_of(BOB.host) == ""


def test_a_call_asks_the_servers_of_a_name_and_its_uri_keeps_the_name() -> None:
    pair = Named()
    pair.leads_to(*servers("192.0.2.66", BOB.host))
    pair.configure(OutboundSpec("telkom", gateways=in_order(NAME), options_s=0))
    target = pair.outbound.target("telkom", "110")
    assert hosts(pair) == ["192.0.2.66", BOB.host]
    assert str(target.uri) == str(target.others[0].uri) == "sip:110@telkom.example"
    assert target.line is not None
    target.line.passed_over(target, Cause(503), pair.now)
    pair.run()
    assert pair.a.events[-1] == GatewayPassed(
        "telkom", "sip:telkom.example (192.0.2.66:5060/udp)", Cause(503)
    )
    assert hosts(pair) == [BOB.host, "192.0.2.66"]


def test_each_server_of_a_name_is_asked_by_options() -> None:
    pair = Named()
    pair.configure(OutboundSpec("telkom", gateways=in_order(NAME), options_s=60))
    pair.leads_to(*servers("192.0.2.66", BOB.host))
    pair.pass_time(30)
    assert hosts(pair) == [BOB.host, "192.0.2.66"]
    states = {e.gateway: e.up for e in pair.a.events if isinstance(e, GatewayState)}
    assert states == {f"{NAME} ({BOB.host}:5060/udp)": True, f"{NAME} (192.0.2.66:5060/udp)": False}


def test_a_server_that_stays_is_not_asked_anew_and_one_that_goes_no_more() -> None:
    pair = Named()
    pair.configure(OutboundSpec("telkom", gateways=in_order(NAME), options_s=60))
    pair.leads_to(*servers(BOB.host, "192.0.2.66"))
    pair.pass_time(10)
    stays = pair.outbound.gateways("telkom")[0]
    pair.sent.clear()
    pair.leads_to(*servers(BOB.host))
    assert pair.outbound.gateways("telkom") == [stays]
    pair.pass_time(300)
    assert pair.sent
    assert not any(b"192.0.2.66" in data for data in pair.sent)
    pair.configure()
    pair.settle()
    assert pair.a.leaks == (0, 0, 0)


def test_calls_are_shared_among_servers_and_among_gateways_by_weight() -> None:
    pair = Named()
    random = Random(112)
    pair.a.ua.core.token = lambda: random.randbytes(8).hex()
    pair.leads_to(*servers("192.0.2.7", "192.0.2.8", weight=50))
    gateways = (Entry(NAME, 1, 75), Entry("sip:192.0.2.9", 1, 25), Entry("sip:192.0.2.10", 2))
    pair.configure(OutboundSpec("telkom", gateways=gateways, options_s=0))
    turns = [hosts(pair) for _ in range(1_000)]
    first = Counter(turn[0] for turn in turns)
    assert {turn[-1] for turn in turns} == {"192.0.2.10"}
    assert 200 < first["192.0.2.9"] < 300
    assert 300 < first["192.0.2.7"] < 450
    assert all(turn.index("192.0.2.9") in (0, 2) for turn in turns), "servers of a name stay together"


def test_a_name_that_is_not_resolved_is_passed_over_at_once() -> None:
    pair = Named()
    pair.configure(OutboundSpec("telkom", gateways=in_order(NAME, TELCO), options_s=0))
    assert hosts(pair) == [BOB.host]
    assert list(map(str, pair.outbound.unresolved("telkom"))) == [NAME]


def test_a_trunk_whose_names_are_not_resolved_takes_no_call_and_says_so() -> None:
    pair = Named()
    pair.configure(OutboundSpec("telkom", gateways=in_order(NAME), options_s=60))
    with pytest.raises(NoWay, match=r"not resolved yet: sip:telkom\.example$"):
        pair.outbound.target("telkom", "110")


def test_servers_that_no_socket_of_ours_leads_to_are_left_out_if_there_are_others() -> None:
    pair = Named()
    pair.a.ua.set_flow_to(
        lambda transport, remote: None if ":" in remote.host else Flow(transport, ALICE, remote)
    )
    pair.configure(OutboundSpec("telkom", gateways=in_order(NAME), options_s=60))
    pair.leads_to(Service("udp", 5060, "sbc", ("2001:db8::5", BOB.host)))
    assert [str(one.place) for one in pair.outbound.gateways("telkom")] == [f"{BOB.host}:5060/udp"]


def test_a_connection_over_tls_is_for_the_name_that_was_configured() -> None:
    pair = Named()
    secure = "sips:Telkom.example"
    pair.leads_to(Service("tls", 5061, "sbc1.elsewhere.example", (BOB.host,)), name="sips:telkom.example")
    pair.configure(OutboundSpec("telkom", gateways=in_order(secure, "sips:192.0.2.9"), options_s=0))
    target = pair.outbound.target("telkom", "110")
    assert target.flow == Flow("tls", ALICE, Address(BOB.host, 5061), "telkom.example")
    assert target.others[0].flow.name == ""


def test_a_trunk_registers_by_name_once_the_name_is_resolved() -> None:
    pair = Named()
    pair.configure(replace(SPEC, registrars=(NAME,)))
    assert pair.states() == [(False, f"{NAME}: its name is not resolved")]
    pair.leads_to(*servers(BOB.host))
    assert pair.states()[-1] == (True, "")


def test_a_registrar_that_a_name_no_longer_leads_to_is_left_for_the_one_it_leads_to() -> None:
    pair = Named()
    pair.leads_to(*servers("192.0.2.66", BOB.host))
    pair.configure(replace(SPEC, registrars=(NAME,), domain=""))
    pair.pass_time(15)
    assert pair.states() == [(True, "")], "by the second"
    pair.take_wire()
    pair.leads_to(*servers(BOB.host))
    assert pair.take_wire() == [], "ours is still one of them"
    pair.leads_to(*servers("192.0.2.3"))
    assert "a REGISTER" in pair.take_wire()
