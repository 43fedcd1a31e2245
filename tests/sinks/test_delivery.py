"""What a receiver is sent, how it knows that it is from us, and when a delivery is tried again."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cdr.calls import T0

from ntpd112.sinks import Wanted
from ntpd112.sinks.delivery import (
    JITTER,
    LONGEST_REST_S,
    LONGEST_RETRY_AFTER_S,
    LONGEST_RETRY_S,
    RETRY_FOR_S,
    Answer,
    Delivery,
    Envelope,
    headers,
    rest_s,
    retry_pause_s,
    signature,
    verdict,
)
from ntpd112.sinks.messages import Message
from ntpd112.sinks.states import CallState

ENVELOPE = Envelope(hook="dispatch", journal="j" * 32, region="35.78", zone=ZoneInfo("Asia/Jakarta"))
secrets = st.lists(st.text(min_size=16, max_size=40), min_size=1, max_size=2)
jitters = st.floats(-1, 1)
failures = st.builds(
    Answer, st.sampled_from([None, 301, 400, 404, 429, 500, 503]), st.just(""), st.floats(0, 10**6)
)


def call(**more: object) -> CallState:
    known = {"id": "A", "direction": "in", "trunk": "pbx", "caller": "", "caller_name": "", "dialled": "112"}
    return msgspec.convert({**known, "category": "", "created_at": T0, **more}, CallState)


def message(kind: str = "cdr", *calls: CallState) -> Message:
    return Message(kind, 7, T0, "A", b'{"id":"A"}', calls)


def test_the_envelope_has_the_payload_as_it_is_and_says_what_it_is() -> None:
    made = ENVELOPE.around(message())
    assert json.loads(made.body) == {
        "id": made.id,
        "event": "cdr",
        "seq": 7,
        "at": "2025-10-09T15:53:20+07:00",
        "region": "35.78",
        "data": {"id": "A"},
    }


def test_the_id_is_the_same_whenever_the_message_is_told_and_no_other_s() -> None:
    again = Envelope(hook="dispatch", journal="j" * 32, region="35.78", zone=ZoneInfo("UTC"))
    assert again.around(message()).id == ENVELOPE.around(message()).id
    others = [
        ENVELOPE.around(message("call.state")),
        ENVELOPE.around(message()._replace(seq=8)),
        ENVELOPE.around(message()._replace(about="B")),
        Envelope(hook="other", journal="j" * 32, region="35.78", zone=again.zone).around(message()),
        Envelope(hook="dispatch", journal="k" * 32, region="35.78", zone=again.zone).around(message()),
        ENVELOPE.test(T0),
        ENVELOPE.test(T0),
    ]
    assert len({made.id for made in [ENVELOPE.around(message()), *others]}) == 8


@given(secrets, st.binary(), st.integers(0, 2**33))
def test_a_signature_is_what_its_documentation_says_of_each_secret(
    given_secrets: list[str], body: bytes, at: int
) -> None:
    made = signature(given_secrets, str(at), body)
    for part, secret in zip(made.split(","), given_secrets, strict=True):
        whole = str(at).encode() + b"." + body
        assert part == "v1=" + hmac.new(secret.encode(), whole, hashlib.sha256).hexdigest()


@given(secrets, st.binary(min_size=1), st.integers(1, 2**33), st.data())
def test_neither_time_nor_body_nor_secret_can_be_another(
    given_secrets: list[str], body: bytes, at: int, data: st.DataObject
) -> None:
    made = set(signature(given_secrets, str(at), body).split(","))
    place = data.draw(st.integers(0, len(body) - 1))
    changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
    assert made.isdisjoint(signature(given_secrets, str(at), changed).split(","))
    assert made.isdisjoint(signature(given_secrets, str(at + 1), body).split(","))
    assert made.isdisjoint(signature(["another secret of ours"], str(at), body).split(","))


def test_the_headers_say_what_is_signed_and_when() -> None:
    delivery = Delivery("id", "cdr", "A", 7, b"{}")
    assert headers(delivery, ["s" * 16], 1_700_000_000.9) == {
        "Content-Type": "application/json",
        "Ntpd112-Event": "cdr",
        "Ntpd112-Delivery": "id",
        "Ntpd112-Timestamp": "1700000000",
        "Ntpd112-Signature": signature(["s" * 16], "1700000000", b"{}"),
    }


@given(st.integers(1, 200), jitters, failures)
def test_pauses_grow_up_to_a_bound_and_a_receiver_is_granted_no_more_than_an_hour(
    tries: int, jitter: float, answer: Answer
) -> None:
    assert retry_pause_s(tries) <= retry_pause_s(tries + 1) <= LONGEST_RETRY_S
    found = verdict(answer, tries=tries, first_at=T0, now=T0, jitter=jitter)
    assert found.result == "again"
    pause = found.due_at - T0
    assert (1 - JITTER) * retry_pause_s(tries) - 1e-3 <= pause
    assert pause <= max(LONGEST_RETRY_S * (1 + JITTER), LONGEST_RETRY_AFTER_S) + 1e-3
    assert pause >= min(answer.retry_after_s, LONGEST_RETRY_AFTER_S) - 1e-3


@given(failures.filter(lambda answer: answer.retry_after_s == 0), st.lists(jitters, min_size=1, max_size=9))
def test_a_delivery_is_tried_for_a_day_and_then_given_up(answer: Answer, chance: list[float]) -> None:
    now, tries = T0, 0
    for jitter in itertools.islice(itertools.cycle(chance), 200):
        tries += 1
        found = verdict(answer, tries=tries, first_at=T0, now=now, jitter=jitter)
        if found.result == "dead":
            break
        now = found.due_at
    assert found.result == "dead"
    assert RETRY_FOR_S - LONGEST_RETRY_S * (1 + JITTER) <= now - T0 <= RETRY_FOR_S
    assert 80 <= tries <= 130


def test_two_hundred_is_taken_and_a_410_is_the_end_of_the_webhook_and_no_other_answer_is() -> None:
    found = {
        status: verdict(Answer(status), tries=1, first_at=T0, now=T0).result
        for status in (200, 204, 299, 300, 302, 400, 404, 410, 429, 500, None)
    }
    assert [status for status, result in found.items() if result == "taken"] == [200, 204, 299]
    assert [status for status, result in found.items() if result == "gone"] == [410]
    assert set(found.values()) == {"taken", "gone", "again"}


@given(st.integers(0, 10_000), jitters)
def test_one_failure_alone_rests_nobody_and_many_rest_the_webhook_a_minute(count: int, jitter: float) -> None:
    assert rest_s(1, jitter) == 0
    assert rest_s(count) <= rest_s(count + 1) <= LONGEST_REST_S
    assert rest_s(20) == LONGEST_REST_S


A_CALL = call(queue="medical", trunk="telco", disposition="answered", classification="prank")


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(kinds=frozenset({"cdr"})),
        Wanted(kinds=frozenset({"cdr"}), region=frozenset({"35.78", "35.79"})),
        Wanted(kinds=frozenset({"cdr"}), queue=frozenset({"112", "medical"}), trunk=frozenset({"telco"})),
        Wanted(
            kinds=frozenset({"cdr"}),
            disposition=frozenset({"answered"}),
            classification=frozenset({"prank", "ghost"}),
        ),
    ],
)
def test_a_message_that_all_filters_let_pass_is_told(wanted: Wanted) -> None:
    assert wanted.matches(message("cdr", A_CALL), "35.78")


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(kinds=frozenset({"call.state"})),
        Wanted(kinds=frozenset({"cdr"}), region=frozenset({"35.79"})),
        Wanted(kinds=frozenset({"cdr"}), queue=frozenset({"112"})),
        Wanted(kinds=frozenset({"cdr"}), trunk=frozenset({"pbx"})),
        Wanted(kinds=frozenset({"cdr"}), queue=frozenset({"medical"}), disposition=frozenset({"failed"})),
        Wanted(kinds=frozenset({"cdr"}), classification=frozenset({"emergency"})),
    ],
)
def test_a_message_that_one_filter_stops_is_not_told(wanted: Wanted) -> None:
    assert not wanted.matches(message("cdr", A_CALL), "35.78")


def test_what_takes_a_call_out_of_the_selection_is_told_and_what_follows_is_not() -> None:
    medical, general = call(queue="medical"), call(queue="112")
    wanted = Wanted(kinds=frozenset({"call.state"}), queue=frozenset({"medical"}))
    assert wanted.matches(message("call.state", medical, general), "")
    assert not wanted.matches(message("call.state", general), "")


def test_what_is_about_no_call_passes_filters_of_calls() -> None:
    wanted = Wanted(kinds=frozenset({"operator.state"}), queue=frozenset({"medical"}))
    assert wanted.matches(message("operator.state"), "35.78")
