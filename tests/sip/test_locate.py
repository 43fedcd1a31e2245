"""Where SIP URIs lead, by answers of DNS that are written down here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntpd112.sip.flow import Address
from ntpd112.sip.locate import (
    MAX_SERVICES,
    MAX_SOURCES,
    Naptr,
    Question,
    Record,
    Service,
    Srv,
    by_weight,
    locate,
    places_in_turn,
    sources,
)
from ntpd112.sip.uri import Uri

Zone = dict[tuple[str, str], list[Record]]
HOSTS: Zone = {
    ("A", "sbc1.telkom.example"): ["10.1.0.1"],
    ("A", "sbc2.telkom.example"): ["10.1.0.2"],
    ("AAAA", "sbc2.telkom.example"): ["2001:db8::2"],
    ("A", "telkom.example"): ["10.1.0.9"],
}
SRV: Zone = {
    ("SRV", "_sip._udp.telkom.example"): [
        Srv(20, 0, 5060, "sbc2.telkom.example"),
        Srv(10, 60, 5070, "sbc1.telkom.example"),
    ],
    ("SRV", "_sip._tcp.telkom.example"): [Srv(10, 0, 5060, "sbc1.telkom.example")],
    ("SRV", "_sips._tcp.telkom.example"): [Srv(10, 0, 5061, "sbc2.telkom.example")],
}
NAPTR: Zone = {
    ("NAPTR", "telkom.example"): [
        Naptr(20, 10, "s", "SIP+D2U", "_sip._udp.telkom.example"),
        Naptr(10, 10, "S", "SIPS+D2T", "_sips._tcp.telkom.example"),
        Naptr(5, 10, "u", "E2U+sip", ""),
    ],
}


def asked(text: str, *zones: Zone, transports: Sequence[str] = ("udp", "tcp", "tls")) -> list[str]:
    """Questions that are asked of DNS for a URI."""
    questions: dict[Question, None] = {}

    def answer(question: Question) -> list[Record]:
        questions[question] = None
        return _records(question, zones)

    locate(Uri.parse(text), answer, transports)
    return [f"{question.kind} {question.name}" for question in questions]


def leads(text: str, *zones: Zone, transports: Sequence[str] = ("udp", "tcp", "tls")) -> list[str]:
    services = locate(Uri.parse(text), lambda question: _records(question, zones), transports)
    return [str(place) for place in places_in_turn(services, lambda most: most)]


def _records(question: Question, zones: Sequence[Zone]) -> list[Record]:
    return [record for zone in zones for record in zone.get(question, [])]


def test_an_address_is_looked_up_nowhere() -> None:
    assert asked("sip:10.1.0.5") == []
    assert leads("sip:10.1.0.5") == ["10.1.0.5:5060/udp"]
    assert leads("sips:[2001:db8::5]:5070") == ["[2001:db8::5]:5070/tls"]


def test_a_port_leaves_only_addresses_to_look_up() -> None:
    assert asked("sip:sbc2.telkom.example:5080;transport=tcp", NAPTR, SRV, HOSTS) == [
        "AAAA sbc2.telkom.example",
        "A sbc2.telkom.example",
    ]
    assert leads("sip:sbc2.telkom.example:5080;transport=tcp", HOSTS) == [
        "[2001:db8::2]:5080/tcp",
        "10.1.0.2:5080/tcp",
    ]


def test_a_transport_leaves_its_servers_to_look_up() -> None:
    uri = "sip:telkom.example;transport=tcp"
    assert asked(uri, SRV, HOSTS)[0] == "SRV _sip._tcp.telkom.example"
    assert leads(uri, NAPTR, SRV, HOSTS) == ["10.1.0.1:5060/tcp"]


def test_the_domain_says_by_naptr_which_transport_it_prefers() -> None:
    assert leads("sip:telkom.example", NAPTR, SRV, HOSTS) == [
        "[2001:db8::2]:5061/tls",
        "10.1.0.2:5061/tls",
        "10.1.0.1:5070/udp",
        "[2001:db8::2]:5060/udp",
        "10.1.0.2:5060/udp",
    ]


def test_a_transport_that_we_do_not_have_is_passed_over() -> None:
    found = leads("sip:telkom.example", NAPTR, SRV, HOSTS, transports=["udp"])
    assert found[0] == "10.1.0.1:5070/udp"
    assert not [place for place in found if not place.endswith("udp")]


def test_without_naptr_udp_comes_before_tcp_and_each_by_priority() -> None:
    assert leads("sip:telkom.example", SRV, HOSTS) == [
        "10.1.0.1:5070/udp",
        "[2001:db8::2]:5060/udp",
        "10.1.0.2:5060/udp",
        "10.1.0.1:5060/tcp",
    ]


def test_sips_is_tls_whatever_else_there_is() -> None:
    assert leads("sips:telkom.example", NAPTR, SRV, HOSTS) == ["[2001:db8::2]:5061/tls", "10.1.0.2:5061/tls"]
    assert leads("sip:telkom.example;transport=tls", SRV, HOSTS)[0] == "[2001:db8::2]:5061/tls"
    without_srv = leads("sips:telkom.example", HOSTS)
    assert without_srv == ["10.1.0.9:5061/tls"]


def test_without_servers_the_host_itself_is_the_server() -> None:
    assert leads("sip:telkom.example", HOSTS) == ["10.1.0.9:5060/udp"]


def test_a_domain_may_say_that_it_has_no_such_service() -> None:
    closed: Zone = {("SRV", "_sip._tcp.telkom.example"): [Srv(0, 0, 0, ".")]}
    assert leads("sip:telkom.example;transport=tcp", closed, HOSTS) == []


def test_a_server_without_addresses_is_passed_over() -> None:
    lost: Zone = {("SRV", "_sip._udp.telkom.example"): [Srv(1, 0, 5060, "nowhere.example")]}
    assert leads("sip:telkom.example", lost, SRV, HOSTS)[0] == "10.1.0.1:5070/udp"


def test_of_very_many_servers_the_first_are_taken() -> None:
    many: Zone = {
        ("SRV", "_sip._udp.telkom.example"): [
            Srv(priority, 0, 5060, f"sbc{priority}.telkom.example") for priority in range(3000, 0, -1)
        ],
        **{("A", f"sbc{number}.telkom.example"): [f"10.1.0.{number}"] for number in range(1, 100)},
    }
    first = [f"10.1.0.{number}:5060/udp" for number in range(1, MAX_SERVICES + 1)]
    assert leads("sip:telkom.example", many) == first


def test_an_unknown_answer_is_like_none() -> None:
    assert locate(Uri.parse("sip:telkom.example"), lambda question: None) == ()


def test_of_a_host_that_may_call_many_addresses_are_taken() -> None:
    many = [f"10.1.0.{number}" for number in range(MAX_SOURCES)]
    own, *_ = sources("sbc.example", lambda question: many if question.kind == "A" else [])
    assert sorted(own.addresses) == sorted(many)


def test_requests_may_come_from_a_host_and_from_each_of_its_servers() -> None:
    found = sources("telkom.example", lambda question: _records(question, [SRV, HOSTS]))
    assert {one for service in found for one in service.addresses} == {
        "10.1.0.9",
        "10.1.0.1",
        "10.1.0.2",
        "2001:db8::2",
    }


# --- RFC 2782


@given(st.lists(st.integers(0, 65_535), max_size=12), st.integers())
def test_each_server_comes_exactly_once_whatever_the_weights(weights: list[int], seed: int) -> None:
    servers = list(range(len(weights)))
    turn = by_weight(servers, weights, lambda most: Random(seed).randint(0, most))
    assert sorted(turn) == servers


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 100), st.integers(1, 9)),
        max_size=12,
        unique_by=lambda server: server[2],
    ),
    st.randoms(use_true_random=False),
)
def test_no_server_comes_before_one_of_lower_priority(
    servers: list[tuple[int, int, int]], random: Random
) -> None:
    services = [
        Service("udp", 5060, f"sbc{number}", (f"10.0.0.{number}",), rank, weight)
        for rank, weight, number in servers
    ]
    ranks = {f"10.0.0.{number}": rank for rank, _, number in servers}
    turn = [ranks[place.address.host] for place in places_in_turn(services, lambda n: random.randint(0, n))]
    assert turn == sorted(turn)
    assert len(turn) == len(servers)


@pytest.mark.parametrize(
    ("weights", "shares"),
    [((70, 30), (0.7, 0.3)), ((0, 0, 0), (1 / 3,) * 3), ((10, 60, 30), (0.1, 0.6, 0.3))],
)
def test_servers_come_first_as_often_as_their_weights_say(
    weights: tuple[int, ...], shares: tuple[float, ...]
) -> None:
    random, draws = Random(112), 10_000
    servers = range(len(weights))
    first = Counter(by_weight(servers, weights, lambda n: random.randint(0, n))[0] for _ in range(draws))
    for server, share in zip(servers, shares, strict=True):
        assert abs(first[server] / draws - share) < 0.03


def test_weight_0_comes_first_seldom_but_does() -> None:
    random, draws = Random(112), 10_000
    first = Counter(by_weight("ab", (0, 9), lambda n: random.randint(0, n))[0] for _ in range(draws))
    assert 0 < first["a"] < draws * 0.15


def test_a_place_that_two_servers_share_is_asked_once() -> None:
    services = [Service("udp", 5060, name, ("10.0.0.1",)) for name in ("a", "b")]
    (place,) = places_in_turn(services, lambda most: 0)
    assert place.address == Address("10.0.0.1", 5060)
