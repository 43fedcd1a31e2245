"""When we register at a telco, and what we make of its answers."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ntpd112.sip.message import Response
from ntpd112.sip.registration import (
    ANSWER_S,
    MAX_RETRY_S,
    RETRY_S,
    WRONG_S,
    Ask,
    Registration,
    granted_s,
)

ONE, TWO = "sip:192.0.2.5", "sip:192.0.2.6"


def registration(*registrars: str) -> Registration[str]:
    return Registration(registrars or (ONE,), 3600, lambda low, high: high, 0.0)


def answer(code: int, phrase: str = "", **headers: str) -> Response:
    fields = {name.replace("_", "-"): [value] for name, value in headers.items()}
    return Response(code=code, phrase=phrase, fields={"via": ["SIP/2.0/UDP x"], **fields})


NO_ANSWER = Response(code=408, phrase="Request Timeout")
"As our own transaction makes it."


def registered(*registrars: str) -> Registration[str]:
    one = registration(*registrars)
    assert one.handle_timer(0.0) is not None
    one.answered(answer(200, expires="600"), 1.0)
    return one


def test_it_registers_at_once_and_again_at_half_of_the_time_granted() -> None:
    one = registration()
    assert one.handle_timer(0.0) == Ask(ONE, 3600)
    assert one.answered(answer(200, expires="600"), 1.0) is None
    assert (one.registered, one.next_timer()) == (True, 301.0)
    assert one.handle_timer(301.0) == Ask(ONE, 3600)
    assert one.registered


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"contact": "<sip:a@x>;expires=120", "expires": "900"}, 120),
        ({"contact": "<sip:a@x>;expires=120, <sip:b@y>;expires=60"}, 60),
        ({"contact": "<sip:a@x>", "expires": "900"}, 900),
        ({"expires": "99999999999"}, 86_400),
        ({"contact": "<garbled"}, 3600),
        ({}, 3600),
    ],
)
def test_the_time_granted_is_the_contacts_before_the_headers(headers: dict[str, str], seconds: int) -> None:
    assert granted_s(answer(200, **headers), 3600) == seconds


def test_a_longer_time_that_the_registrar_wants_is_asked_for_at_once() -> None:
    one = Registration((ONE,), 60, lambda low, high: high, 0.0)
    one.handle_timer(0.0)
    assert one.answered(answer(423, min_expires="1800"), 0.1) == Ask(ONE, 1800)


def test_a_423_that_wants_no_more_than_we_asked_for_is_a_refusal() -> None:
    one = registration()
    one.handle_timer(0.0)
    assert one.answered(answer(423, "Interval Too Brief", min_expires="60"), 0.1) is None
    assert (one.registered, one.reason) == (False, f"{ONE}: 423 Interval Too Brief")


def test_a_registrar_that_does_not_answer_is_followed_by_the_next_at_once() -> None:
    one = registration(ONE, TWO)
    one.handle_timer(0.0)
    assert one.handle_timer(ANSWER_S) == Ask(TWO, 3600)
    assert one.registered is None, "the second may take us yet"
    one.answered(answer(200), ANSWER_S)
    assert one.registered


def test_each_refresh_begins_with_the_first_registrar_so_that_we_come_back_to_it() -> None:
    one = registration(ONE, TWO)
    one.handle_timer(0.0)
    assert one.answered(NO_ANSWER, 1.0) == Ask(TWO, 3600)
    one.answered(answer(200, expires="600"), 2.0)
    assert one.handle_timer(302.0) == Ask(ONE, 3600)


def test_after_the_last_registrar_the_pause_doubles_up_to_its_limit() -> None:
    one, now, pauses = registration(), 0.0, []
    for _ in range(9):
        assert one.handle_timer(now) is not None
        one.answered(answer(500, "Oops"), now)
        pauses.append(one.due_at - now)
        now = one.due_at
    assert pauses[:3] == [RETRY_S, 2 * RETRY_S, 4 * RETRY_S]
    assert pauses[-1] == MAX_RETRY_S
    assert one.reason == f"{ONE}: 500 Oops"


def test_retry_after_is_heeded_within_the_limit() -> None:
    one = registration()
    one.handle_timer(0.0)
    one.answered(answer(503, retry_after="60 (maintenance)"), 0.0)
    assert one.due_at == 60.0
    one.handle_timer(60.0)
    one.answered(answer(503, retry_after="86400"), 60.0)
    assert one.due_at == 60.0 + MAX_RETRY_S


def test_a_wrong_password_is_not_tried_at_the_other_registrars_nor_soon() -> None:
    one = registration(ONE, TWO)
    one.handle_timer(0.0)
    one.wrong("the password is wrong", 0.0)
    assert (one.registered, one.due_at) == (False, WRONG_S)
    assert "the password is wrong" in one.reason


def test_a_changed_password_is_tried_at_once() -> None:
    one = registration()
    one.handle_timer(0.0)
    one.wrong("the password is wrong", 0.0)
    one.again(1.0)
    assert one.handle_timer(1.0) == Ask(ONE, 3600)


def test_a_registration_that_is_not_refreshed_in_time_has_expired() -> None:
    one = registration()
    one.handle_timer(0.0)
    one.answered(answer(200, expires="4"), 0.0)
    one.handle_timer(2.0)
    assert one.handle_timer(4.0) is None
    assert (one.registered, one.reason) == (False, "the registration has expired")


def test_an_answer_that_grants_no_time_is_no_registration() -> None:
    one = registration()
    one.handle_timer(0.0)
    one.answered(answer(200, expires="0"), 0.0)
    assert one.registered is False


def test_who_stops_takes_the_contact_off_where_it_is() -> None:
    one = registration(ONE, TWO)
    one.handle_timer(0.0)
    one.answered(NO_ANSWER, 1.0)
    one.answered(answer(200), 2.0)
    assert one.leave(3.0) == Ask(TWO, 0)
    assert one.state == "leaving"
    one.answered(answer(200), 4.0)
    assert (one.state, one.next_timer()) == ("left", None)


def test_a_telco_that_does_not_answer_does_not_hold_up_the_stop() -> None:
    one = registered()
    one.leave(3.0)
    assert one.handle_timer(3.0 + ANSWER_S) is None
    assert one.state == "left"


def test_who_is_not_registered_has_nothing_to_take_off() -> None:
    one = registration()
    assert one.leave(0.0) is None
    assert one.state == "left"


class AnyTelco(RuleBasedStateMachine):
    """Whatever a telco says in whatever order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.one = registration(ONE, TWO)

    def take(self, ask: Ask[str] | None) -> None:
        assert ask is None or self.one.state in ("asking", "leaving")

    @rule(seconds=st.floats(0.1, 1000))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.take(self.one.handle_timer(self.now))

    @rule(code=st.sampled_from([200, 302, 403, 404, 423, 500, 503, 603]), seconds=st.integers(0, 7200))
    def it_answers(self, code: int, seconds: int) -> None:
        text = str(seconds)
        self.take(self.one.answered(answer(code, expires=text, min_expires=text), self.now))

    @rule()
    def nobody_answers(self) -> None:
        self.take(self.one.answered(NO_ANSWER, self.now))

    @precondition(lambda self: self.one.state == "asking")
    @rule()
    def the_password_is_wrong(self) -> None:
        self.one.wrong("wrong", self.now)

    @rule()
    def the_password_changes(self) -> None:
        self.one.again(self.now)

    @rule()
    def we_stop(self) -> None:
        self.take(self.one.leave(self.now))

    @invariant()
    def the_next_look_is_known_unless_we_have_left(self) -> None:
        due = self.one.next_timer()
        assert (due is None) == (self.one.state == "left")
        assert due is None or due < inf

    @invariant()
    def what_is_registered_expires_and_what_is_not_has_a_reason(self) -> None:
        if self.one.registered:
            assert self.one.expires_at < inf
            assert self.one.reason == ""
        if self.one.registered is False:
            assert self.one.reason


TestAnyTelco = AnyTelco.TestCase
TestAnyTelco.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
