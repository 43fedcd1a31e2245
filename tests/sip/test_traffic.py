"""Messages are counted by few keys, whatever a peer sends; what comes or goes again counts once more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntpd112.sip import transactions
from ntpd112.sip.message import Request, Response
from ntpd112.sip.traffic import CODES, METHODS, OTHER, Traffic

from .pair import Pair
from .test_agent import STRANGER, agent, message, say
from .test_leg_calls import drop_first

CODE_KEYS = {str(code) for code in CODES} | {f"{first}xx" for first in range(1, 7)} | {""}


def answer(code: int, method: str) -> Response:
    return Response(code=code, phrase="Whatever", fields={"cseq": [f"1 {method}"]})


def test_requests_count_by_method_and_responses_by_method_and_code() -> None:
    traffic = Traffic()
    traffic.came(Request("BYE", "sip:a@h"))
    traffic.came(answer(486, "INVITE"))
    assert traffic.received == {("BYE", ""): 1, ("INVITE", "486"): 1}


def test_what_we_send_is_counted_as_it_is_written() -> None:
    traffic = Traffic()
    traffic.goes(bytes(Request("OPTIONS", "sip:a@h", fields={"cseq": ["7 OPTIONS"]})))
    traffic.goes(bytes(answer(200, "REGISTER")))
    assert traffic.sent == {("OPTIONS", ""): 1, ("REGISTER", "200"): 1}


@given(st.lists(st.tuples(st.from_regex(r"[A-Za-z.!%*_+`'~-]{1,9}", fullmatch=True), st.integers(100, 699))))
def test_no_peer_can_make_up_keys(sent: list[tuple[str, int]]) -> None:
    traffic = Traffic()
    for method, code in sent:
        traffic.came(Request(method, "sip:a@h"))
        traffic.came(answer(code, method))
        traffic.goes(bytes(answer(code, method)))
    for method, code_key in (*traffic.received, *traffic.sent):
        assert method in METHODS | {OTHER}
        assert code_key in CODE_KEYS
    assert traffic.received.total() == 2 * len(sent)
    assert traffic.sent.total() == len(sent)


def test_a_call_without_loss_has_nothing_twice() -> None:
    pair = Pair()
    pair.call()
    pair.settle()
    ours, theirs = pair.a.ua.traffic, pair.b.ua.traffic
    assert ours.sent == theirs.received
    assert ours.received == theirs.sent
    assert ours.sent_again == ours.received_again == theirs.sent_again == theirs.received_again == {}


@pytest.mark.parametrize(
    ("lost", "a_again", "b_heard_again"),
    [("INVITE", {"INVITE": 1}, {}), ("100 INVITE", {"INVITE": 1}, {"INVITE": 1})],
)
def test_a_repeated_invite_counts_for_both_sides(
    lost: str, a_again: dict[str, int], b_heard_again: dict[str, int]
) -> None:
    pair = Pair(judge=drop_first(lost))
    pair.invite()
    pair.pass_time(0.6)
    assert pair.a.ua.traffic.sent_again == a_again
    assert pair.b.ua.traffic.received_again == b_heard_again


def test_a_lost_ack_shows_as_answers_that_come_again() -> None:
    pair = Pair(judge=drop_first("ACK"))
    pair.call()
    pair.pass_time(0.6)
    assert pair.b.ua.traffic.sent_again == {"INVITE": 1}
    assert pair.a.ua.traffic.received_again == {"INVITE": 1}


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (message(), "unknown source"),
        (message("BYE", to="<sip:a@h>;tag=x"), "no dialog"),
        (message("CANCEL"), "no dialog"),
        (message("MESSAGE"), "method"),
        (message("OPTIONS", more="Require: future\r\n"), "extension"),
        (b"SIP/2.0 200 OK\r\n" + message("OPTIONS").partition(b"\r\n")[2], "stray response"),
        (b"nonsense\r\n\r\n", "malformed"),
    ],
)
def test_what_is_refused_counts_by_reason(sent: bytes, reason: str) -> None:
    ua = agent()
    say(ua, sent, STRANGER)
    assert ua.traffic.refused == {reason: 1}


def test_calls_refused_for_want_of_room_count_by_what_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    ua = agent(max_calls=1)
    say(ua, message())
    say(ua, message(call_id="c2", via="SIP/2.0/UDP 192.0.2.1:5070;rport;branch=z9hG4bK2"))
    monkeypatch.setattr(transactions, "MAX_TRANSACTIONS", 2)
    say(ua, message(call_id="c3", via="SIP/2.0/UDP 192.0.2.1:5070;rport;branch=z9hG4bK3"))
    ua.drain()
    monkeypatch.undo()
    say(ua, message(call_id="c4", via="SIP/2.0/UDP 192.0.2.1:5070;rport;branch=z9hG4bK4"))
    assert ua.traffic.refused == {"trunk full": 1, "out of memory": 1, "draining": 1}
