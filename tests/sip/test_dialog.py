"""Dialogs: routes, targets and which way requests go."""

from __future__ import annotations

import pytest

from ntpd112.sip.dialog import MAX_ROUTES, Dialog
from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.message import Request, Response

HERE = Address("198.51.100.10", 5060)
FLOW = Flow("udp", HERE, Address("198.51.100.1", 5060))


def invite(**more: list[str]) -> Request:
    fields = {
        "from": ["Budi <sip:a@198.51.100.1>;tag=theirs"],
        "to": ["<sip:112@198.51.100.10>"],
        "call-id": ["c"],
        "cseq": ["7 INVITE"],
        "contact": ["<sip:a@198.51.100.1:5060>"],
        **{name.replace("_", "-"): values for name, values in more.items()},
    }
    return Request("INVITE", "sip:112@198.51.100.10", fields=fields)


def server_dialog(flow: Flow = FLOW, **more: list[str]) -> Dialog:
    return Dialog.of_server(invite(**more), "ours", flow)


def test_a_dialog_of_the_called_side() -> None:
    dialog = server_dialog(record_route=["<sip:p2;lr>", "<sip:p1;lr>"])
    bye = dialog.request("BYE")
    assert bye.uri == "sip:a@198.51.100.1:5060"
    assert bye.get("from") == "<sip:112@198.51.100.10>;tag=ours"
    assert bye.get("to") == "Budi <sip:a@198.51.100.1>;tag=theirs"
    assert bye.cseq == (1, "BYE")
    assert bye.all("route") == ["<sip:p2;lr>", "<sip:p1;lr>"]


def test_a_dialog_of_the_calling_side_has_the_routes_the_other_way_round() -> None:
    mine = invite()
    fields = {**mine.fields, "to": ["<sip:b>;tag=theirs"], "record-route": ["<sip:p2;lr>, <sip:p1;lr>"]}
    fields["contact"] = ["<sip:b@198.51.100.9>"]
    dialog = Dialog.of_client(mine, Response(200, "OK", fields=fields), FLOW, pinned=False)
    assert dialog.remote_tag == "theirs"
    assert dialog.local_tag == "theirs"  # the From of `invite` is ours here
    ack = dialog.request("ACK", 7)
    assert (ack.uri, ack.cseq) == ("sip:b@198.51.100.9", (7, "ACK"))
    assert ack.all("route") == ["<sip:p1;lr>", "<sip:p2;lr>"]
    assert dialog.request("BYE").cseq == (8, "BYE")


def test_a_strict_router_gets_its_own_address_as_request_uri() -> None:
    dialog = server_dialog(record_route=["<sip:strict.example>", "<sip:p1;lr>"])
    bye = dialog.request("BYE")
    assert bye.uri == "sip:strict.example"
    assert bye.all("route") == ["<sip:p1;lr>", "<sip:a@198.51.100.1:5060>"]


def test_garbled_routes_are_left_out_and_their_number_is_bounded() -> None:
    dialog = server_dialog(record_route=["<broken", *[f"<sip:p{n};lr>" for n in range(MAX_ROUTES + 5)]])
    assert dialog.routes == [f"<sip:p{n};lr>" for n in range(MAX_ROUTES)]


@pytest.mark.parametrize("contact", [["garbage"], ["<tel:112>"], [""], []])
def test_without_a_usable_contact_the_peer_is_where_its_invite_came_from(contact: list[str]) -> None:
    dialog = server_dialog(contact=contact)
    assert dialog.target == "sip:198.51.100.1:5060;transport=udp"
    assert dialog.next_flow(usable=True) == FLOW


def to(host: str, port: int, transport: str = "udp") -> Flow:
    return Flow(transport, HERE, Address(host, port))


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        ("<sip:a@198.51.100.1:5060>", FLOW),
        ("<sip:a@198.51.100.1>", FLOW),
        ("<sip:a@198.51.100.1:5080>", to("198.51.100.1", 5080)),
        ("<sip:a@198.51.100.2>", to("198.51.100.2", 5060)),
        ("<sip:pbx.example:5080>", FLOW),
        ("<sip:a@127.0.0.1:5060>", FLOW),
        ("<sip:a@0.0.0.0>", FLOW),
        ("<sip:a@[2001:db8::1]>", FLOW),
        ("<sip:a@198.51.100.1:5080;transport=tcp>", FLOW),
        ("<sips:a@198.51.100.1;transport=tls>", FLOW),
    ],
)
def test_requests_go_to_the_contact_if_it_is_an_address_that_makes_sense(
    contact: str, expected: Flow
) -> None:
    assert server_dialog(contact=[contact]).next_flow(usable=True) == expected


def test_the_first_route_comes_before_the_contact() -> None:
    dialog = server_dialog(record_route=["<sip:198.51.100.77:5062;lr>"])
    assert dialog.next_flow(usable=True) == to("198.51.100.77", 5062)
    dialog = server_dialog(record_route=["<sip:proxy.example;lr>"], contact=["<sip:a@198.51.100.9>"])
    assert dialog.next_flow(usable=True) == FLOW


def test_a_private_contact_behind_a_public_address_is_behind_a_nat() -> None:
    flow = Flow("udp", HERE, Address("36.0.0.1", 5060))
    assert server_dialog(flow, contact=["<sip:a@192.168.1.5:5060>"]).next_flow(True) == flow
    assert server_dialog(flow, contact=["<sip:a@36.0.0.2:5060>"]).next_flow(True) == to("36.0.0.2", 5060)


def test_a_private_contact_within_a_private_network_is_used() -> None:
    flow = Flow("udp", HERE, Address("10.0.0.1", 5060))
    assert server_dialog(flow, contact=["<sip:10.0.0.2>"]).next_flow(True).remote == ("10.0.0.2", 5060)


def test_over_tcp_the_open_connection_is_used_and_a_closed_one_made_anew() -> None:
    flow = to("198.51.100.1", 41_000, "tcp")
    dialog = server_dialog(flow, contact=["<sip:a@198.51.100.1:5060;transport=tcp>"])
    assert dialog.next_flow(usable=True) == flow
    assert dialog.next_flow(usable=False) == to("198.51.100.1", 5060, "tcp")


def test_a_registered_phone_is_reached_over_its_own_flow() -> None:
    dialog = server_dialog(contact=["<sip:op1@198.51.100.99:9999>"])
    dialog.pinned = True
    assert dialog.next_flow(usable=True) == FLOW


def test_numbers_must_rise() -> None:
    dialog = server_dialog()
    bye = invite(cseq=["8 BYE"])
    assert dialog.accepts_seq(bye)
    assert not dialog.accepts_seq(bye)
    assert not dialog.accepts_seq(invite())
    assert dialog.accepts_seq(invite(cseq=["900 BYE"]))


def test_a_target_refresh_without_contact_changes_nothing() -> None:
    dialog = server_dialog()
    dialog.refresh_target(invite(contact=[]))
    assert dialog.target == "sip:a@198.51.100.1:5060"
    dialog.refresh_target(invite(contact=["<sip:new@198.51.100.3>"]))
    assert dialog.target == "sip:new@198.51.100.3"
