"""Reason headers both ways, and the causes that codes stand for."""

from __future__ import annotations

import pytest

from ntpd112.sip.events import Cause
from ntpd112.sip.message import Request, Response
from ntpd112.sip.reason import MAX_TEXT, cause_of, q850_of, reason_headers


def message(*values: str) -> Request:
    return Request("BYE", "sip:a", fields={"reason": list(values)} if values else {})


@pytest.mark.parametrize(
    ("values", "code", "cause"),
    [
        ([], 0, Cause(0, 16)),
        ([], 486, Cause(486, 17)),
        ([], 699, Cause(699, 31)),
        (['Q.850;cause=17;text="User busy"'], 0, Cause(0, 17, "User busy")),
        (['q.850 ; cause=34;text="No, circuit; here"'], 0, Cause(0, 34, "No, circuit; here")),
        (['SIP;cause=200;text="Call completed elsewhere"'], 487, Cause(200, 16, "Call completed elsewhere")),
        (["SIP;cause=200, Q.850;cause=26"], 487, Cause(200, 26)),
        (["Q.850;cause=19", "SIP;cause=480"], 0, Cause(480, 19)),
        (["Q.850;cause=999", "SIP;cause=99"], 487, Cause(487, 16)),
        (["Q.850;cause=many", "preemption;cause=1", ";;;", ""], 0, Cause(0, 16)),
    ],
)
def test_the_cause_that_a_message_states(values: list[str], code: int, cause: Cause) -> None:
    assert cause_of(message(*values), code) == cause


def test_a_response_keeps_its_own_code_whatever_its_reason_says() -> None:
    response = Response(code=487, phrase="Cancelled", fields={"reason": ["SIP;cause=200, Q.850;cause=26"]})
    assert cause_of(response, response.code) == Cause(487, 26)


@pytest.mark.parametrize("cause", [Cause(0, 16), Cause(487, 19, 'say "no", please'), Cause(503, 41, "a\\b")])
def test_what_we_write_is_read_back(cause: Cause) -> None:
    headers = reason_headers(cause)
    read = cause_of(message(*headers["reason"]), 0)
    assert (read.sip_code, read.q850) == (cause.sip_code, cause.q850)


def test_a_text_cannot_break_the_header() -> None:
    (value,) = reason_headers(Cause(0, 16, 'x"\r\nVia: y'))["reason"]
    assert "\r" not in value
    assert "\n" not in value


def test_a_peers_text_is_bounded() -> None:
    assert len(cause_of(message(f'Q.850;cause=16;text="{"x" * 5000}"'), 0).text) == MAX_TEXT


def test_success_is_normal_clearing() -> None:
    assert q850_of(200) == 16
