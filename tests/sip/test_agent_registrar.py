"""Registration through the user agent, calls to registered phones, and OPTIONS to phones and trunks."""

from __future__ import annotations

from ntpd112.sip.agent import UaConfig, UserAgent
from ntpd112.sip.digest import answer_challenge, make_credentials
from ntpd112.sip.events import Failed, Registered, TrunkState, Unregistered
from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.message import Response
from ntpd112.sip.parser import parse
from ntpd112.sip.registrar import Registrar
from ntpd112.sip.session_policy import SessionPolicy
from ntpd112.sip.trunks import Trunks, TrunkSpec
from ntpd112.sip.uri import Uri

from .pair import ALICE, BOB, CALLER, MEDIA_B, Pair, Side, name_of, tokens
from .test_agent import PBX, message

CREDENTIALS = make_credentials("op1", "112.test", "secret")


class Phone(Pair):
    """a is a phone, b has the registrar, and a trunk of `networks`."""

    def __init__(self, *networks: str, transport: str = "udp") -> None:
        super().__init__(transport)
        self.registrar = Registrar("112.test", {"op1": CREDENTIALS}.get, secret=b"s" * 16, keepalive_s=30.0)
        config = UaConfig(policy=SessionPolicy(session_s=0))
        self.b = Side(BOB, config, self.registrar, networks=networks or ("0.0.0.0/0", "::/0"))
        self.seq = 0


def register(pair: Phone, expires: int = 600, path: str = "") -> list[int]:
    """What the phone is answered."""
    got: list[Response] = []
    headers = {
        "To": "<sip:op1@112.test>",
        "From": "<sip:op1@112.test>;tag=r",
        "Call-ID": "reg",
        "Contact": f"<sip:op1@{ALICE.host}:{ALICE.port}>;expires={expires}",
        **({"Path": path} if path else {}),
    }
    for _ in range(2):
        pair.seq += 1
        pair.a.ua.request(
            "REGISTER",
            Uri("sip", "112.test"),
            pair.flow_a,
            headers={**headers, "CSeq": f"{pair.seq} REGISTER"},
            on_response=lambda response, now: got.append(response),
            now=pair.now,
        )
        pair.run()
        challenges = got[-1].all("www-authenticate")
        if challenges:
            answer = answer_challenge(
                challenges, method="REGISTER", uri="sip:112.test", user="op1", password="secret", cnonce="c"
            )
            headers["Authorization"] = answer or ""
    return [response.code for response in got]


def test_a_phone_registers_and_is_called_over_its_flow() -> None:
    pair = Phone()
    assert register(pair) == [401, 200]
    assert pair.b.events == [Registered("op1")]
    (binding,) = pair.registrar.contacts("op1")
    leg = pair.b.ua.invite(binding, caller=CALLER, local=MEDIA_B, now=pair.now)
    pair.run()
    pair.a.legs[0].answer(pair.now, MEDIA_B)
    pair.run()
    assert leg.state == "established"


def test_a_registration_repeated_on_the_wire_is_answered_again_and_is_no_replay() -> None:
    pair = Phone()
    pair.judge = lambda data: "twice"
    assert register(pair) == [401, 200]
    registrations = [data for data in pair.sent if name_of(data) == "200 REGISTER"]
    assert len(registrations) == 2
    assert registrations[0] == registrations[1]


def test_refused_registrations_leave_no_transaction() -> None:
    pair = Phone()
    for number in range(50):
        pair.b.ua.receive(message("REGISTER", to="<sip:op1@112.test>", call_id=str(number)), pair.flow_b, 0.0)
    assert {name_of(one.data) for one in pair.b.ua.outgoing()} == {"401 REGISTER"}
    assert len(pair.b.ua.core.transactions) == 0


def test_a_phone_is_asked_by_options_and_lost_when_it_is_silent() -> None:
    pair = Phone()
    register(pair)
    pair.pass_time(100)
    assert pair.wire.count("b OPTIONS") == pair.wire.count("a 200 OPTIONS") == 4
    pair.judge = lambda data: "drop"
    pair.pass_time(60)
    pair.judge = lambda data: "pass"
    assert pair.b.events == [Registered("op1"), Unregistered("op1", "unreachable")]
    pair.pass_time(60)
    assert pair.b.story() == ["Registered", "Unregistered", "Registered"]


def test_a_phone_that_leaves_is_unregistered() -> None:
    pair = Phone()
    register(pair)
    assert register(pair, expires=0)[-1] == 200
    assert pair.b.events[-1] == Unregistered("op1", "removed")


def test_a_call_to_a_phone_whose_connection_closed_fails() -> None:
    pair = Phone()
    pair.flow_a, pair.flow_b = Flow("tcp", ALICE, BOB), Flow("tcp", BOB, ALICE)
    register(pair)
    (binding,) = pair.registrar.contacts("op1")
    leg = pair.b.ua.invite(binding, caller=CALLER, local=MEDIA_B, now=pair.now)
    pair.b.ua.flow_closed(pair.flow_b, pair.now)
    pair.b.gather()
    assert [type(event) for event in pair.b.events] == [Registered, Failed, Unregistered]
    assert leg.state == "ended"


# --- trunks


def agent_with_options() -> UserAgent:
    trunks = Trunks([TrunkSpec("pbx", ["192.0.2.1"], 10, options_s=60)])
    ua = UserAgent(UaConfig(), None, trunks, token=tokens("t"))
    ua.set_flow_to(lambda transport, remote: Flow(transport, BOB, remote))
    return ua


def answer(ua: UserAgent, data: bytes, now: float) -> None:
    text = data.decode().replace("OPTIONS sip:", "SIP/2.0 200 OK\r\nX: ", 1)
    ua.receive(text.encode(), Flow("udp", BOB, Address("192.0.2.1", 5060)), now)


def test_a_trunks_peer_is_asked_at_once_and_then_by_its_interval() -> None:
    ua = agent_with_options()
    assert ua.next_timer() is not None
    ua.handle_timer(0.0)
    (question,) = ua.outgoing()
    assert question.flow.remote == ("192.0.2.1", 5060)
    answer(ua, question.data, 0.1)
    (state,) = ua.events()
    assert isinstance(state, TrunkState)
    assert state.up
    ua.handle_timer(59.0)
    assert [name_of(one.data) for one in ua.outgoing()] == []
    ua.handle_timer(60.2)
    assert [name_of(one.data) for one in ua.outgoing()] == ["OPTIONS"]


def test_a_silent_peer_takes_its_trunk_down() -> None:
    ua = agent_with_options()
    now = 0.0
    while now < 120:
        ua.handle_timer(now)
        ua.outgoing()
        now += 0.5
    states = [event.up for event in ua.events() if isinstance(event, TrunkState)]
    assert states == [False]


def test_a_peer_that_calls_from_another_port_is_asked_there() -> None:
    ua = agent_with_options()
    ua.receive(message(), PBX, 0.0)
    ua.outgoing()
    ua.handle_timer(0.0)
    questions = [one for one in ua.outgoing() if name_of(one.data) == "OPTIONS"]
    assert [one.flow.remote for one in questions] == [PBX.remote]
    assert parse(questions[0].data).get("to") == "<sip:192.0.2.1:5070>"


def test_without_a_socket_towards_it_a_peer_counts_as_silent() -> None:
    ua = agent_with_options()
    ua.set_flow_to(lambda transport, remote: None)
    for second in range(30):
        ua.handle_timer(float(second))
    assert ua.outgoing() == []
    assert [event.up for event in ua.events() if isinstance(event, TrunkState)] == [False]
