"""What is left of a number."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cdr.calls import answered

from ntpd112.access.masking import (
    HIDDEN,
    SHOWN,
    masked,
    masked_json,
    masked_number,
    masked_struct,
    masked_text,
)
from ntpd112.cdr.fold import fold
from ntpd112.cdr.record import Cdr


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+628123456789", "+62812****789"),
        ("+6281234567890", "+62812*****890"),
        ("+62315312112", "+6231****112"),
        ("08123456789", "0812****789"),
        ("0812-3456-789", "0812-****-789"),
        ("12345678", "12****78"),
        ("12345", "1****"),
        ("1001", "1001"),
        ("", ""),
        ("alice", "a****"),
        ("alice7@10.1.0.5", "a****"),
    ],
)
def test_enough_stays_to_tell_calls_apart_and_not_whose_they_are(number: str, shown: str) -> None:
    assert masked_number(number) == shown


@given(st.from_regex(r"\+?[0-9]{5,15}", fullmatch=True))
def test_at_least_four_digits_are_hidden_and_the_length_stays(number: str) -> None:
    shown = masked_number(number)
    assert len(shown) == len(number)
    assert shown.count("*") >= HIDDEN
    assert sum(digit.isdigit() for digit in shown) <= SHOWN
    assert masked_number(shown).count("*") >= shown.count("*")


@given(st.text(), st.from_regex(r"\+[0-9]{8,15}|0[0-9]{8,13}", fullmatch=True), st.text())
def test_a_number_in_a_text_is_masked_whatever_is_around_it(before: str, number: str, after: str) -> None:
    assert number not in masked_text(f"{before} {number}, {after}")


@pytest.mark.parametrize(
    "text",
    [
        "01JCXS8Q3M6D9W8V4T2R7N5K1B",
        "00000000000000000000000002",
        "2026-11-01T08:00:00.125+07:00",
        "4711.9f86d081",
        "2026/11/01/01JCXS8Q3M6D9W8V4T2R7N5K1B.wav",
        "10.1.0.5:5060",
        "sip:siti@10.1.0.7:5060;transport=tcp",
        "sip:110@10.1.0.5",
        "number 1500117: ambulance 1",
        "waits 0.123456789 s",
    ],
)
def test_what_is_no_telephone_number_stays(text: str) -> None:
    assert masked_text(text) == text


@pytest.mark.parametrize(
    "text", ["sip:628123456789@10.1.0.5", "sip:+628123456789@10.1.0.5;user=phone", "tel:628123456789"]
)
def test_addresses_that_hold_a_number_are_masked(text: str) -> None:
    assert "3456" not in masked_text(text)


@pytest.mark.parametrize(
    ("dialled", "shown"), [("112", "112"), ("1500117", "1500117"), ("628123456789", "62812****789")]
)
def test_what_was_dialled_is_masked_unless_it_is_a_service(dialled: str, shown: str) -> None:
    assert masked({"dialled": dialled}) == {"dialled": shown}


def test_a_cdr_keeps_its_shape_without_name_place_and_what_the_phone_said() -> None:
    cdr = fold(answered())
    assert cdr is not None
    shown = masked_struct(cdr)
    assert shown.caller == "+62812****789"
    assert (shown.caller_name, shown.location, shown.access_network, shown.parts) == ("", None, "", [])
    kept = set(Cdr.__struct_fields__) - {"caller", "caller_name", "location", "access_network", "parts"}
    assert [getattr(shown, name) for name in kept] == [getattr(cdr, name) for name in kept]


def test_every_event_of_a_call_stays_an_event() -> None:
    for event in answered():
        assert not re.search("3456", repr(masked_struct(event)))


def test_the_sip_call_id_stays_to_find_the_call_elsewhere() -> None:
    text = '{"sip_call_id":"+628123456789@pbx","numbers":["0315312112"]}'
    assert masked_json(text) == text
