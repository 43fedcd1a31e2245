"""Which of several addresses requests come from."""

from __future__ import annotations

import pytest

from ntpd112.sip import local_addresses
from ntpd112.sip.flow import Address
from ntpd112.sip.local_addresses import LocalAddresses, source_towards

PHONES, TELCO = Address("10.1.0.2", 5060), Address("10.9.0.2", 5070)
ROUTES = {"10.1.0.50": "10.1.0.2", "10.9.0.1": "10.9.0.2", "203.0.113.5": "192.0.2.7"}


@pytest.fixture(autouse=True)
def routes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked for."""
    asked: list[str] = []

    def source(host: str) -> str:
        asked.append(host)
        return ROUTES.get(host, "")

    monkeypatch.setattr(local_addresses, "source_towards", source)
    return asked


def test_of_several_it_is_the_one_that_the_route_leaves_by() -> None:
    ours = LocalAddresses(PHONES, TELCO)
    assert ours.towards("10.1.0.50") == PHONES
    assert ours.towards("10.9.0.1") == TELCO


@pytest.mark.parametrize("host", ["203.0.113.5", "198.51.100.1"])
def test_where_the_route_names_none_of_them_it_is_the_first(host: str) -> None:
    assert LocalAddresses(PHONES, TELCO).towards(host) == PHONES


def test_all_addresses_are_told_as_the_one_of_the_route() -> None:
    ours = LocalAddresses(Address("0.0.0.0", 5060))
    assert ours.towards("203.0.113.5") == ("192.0.2.7", 5060)
    assert ours.towards("198.51.100.1") == ("0.0.0.0", 5060), "no route"


def test_one_address_asks_for_no_route_and_several_once_a_peer(routes: list[str]) -> None:
    assert LocalAddresses(PHONES).towards("203.0.113.5") == PHONES
    assert routes == []
    ours = LocalAddresses(PHONES, TELCO)
    for _ in range(3):
        ours.towards("10.9.0.1")
    assert routes == ["10.9.0.1"]


@pytest.mark.parametrize("bound", [(Address("0.0.0.0", 5060),), (PHONES, TELCO)])
def test_a_peer_without_a_route_is_looked_at_again_when_the_network_may_be_there(
    monkeypatch: pytest.MonkeyPatch, bound: tuple[Address, ...]
) -> None:
    ours = LocalAddresses(*bound)
    assert ours.towards("10.9.0.7").host == bound[0].host
    monkeypatch.setitem(ROUTES, "10.9.0.7", "10.9.0.2")
    assert ours.towards("10.9.0.7").host == "10.9.0.2"


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch, routes: list[str]) -> None:
    monkeypatch.setattr(local_addresses, "MAX_HOSTS", 2)
    ours = LocalAddresses(PHONES, TELCO)
    for host in ("10.1.0.50", "10.9.0.1", "203.0.113.5", "10.1.0.50"):
        ours.towards(host)
    assert len(routes) == 4


def test_loopback_is_reached_from_loopback_and_nobody_from_nowhere() -> None:
    assert source_towards("127.0.0.9").startswith("127.")
    assert source_towards("::1") == "::1"
    assert source_towards("not an address") == ""
