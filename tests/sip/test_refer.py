"""Refer-To, Replaces, status lines and INFO bodies as values."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntpd112.sip.info import MAX_BODY, key_of
from ntpd112.sip.message import Request
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.refer import Refer, sipfrag, split_refer_to
from ntpd112.sip.replaces import Replaces
from ntpd112.sip.uri import SipSyntaxError, Uri

TOKEN = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-.!%*_+`'~", min_size=1, max_size=30)
CALL_ID = st.builds("{}@{}".format, TOKEN, TOKEN) | TOKEN
REPLACES = st.builds(Replaces, CALL_ID, TOKEN, TOKEN, st.booleans())


@given(REPLACES)
def test_a_replaces_is_read_as_it_is_written(replaces: Replaces) -> None:
    assert Replaces.parse(str(replaces)) == replaces


@given(REPLACES, st.sampled_from(["", "Require=replaces", "Subject=a%26b"]))
def test_a_replaces_survives_the_escaping_in_refer_to(replaces: Replaces, other: str) -> None:
    headers = "&".join(filter(None, [other, f"Replaces={quote(str(replaces), safe='')}"]))
    text = f'"Op" <sip:op2@112.test;transport=tcp?{headers}>'
    uri, found = split_refer_to(NameAddr.parse(text).uri)
    assert found == replaces
    assert str(uri) == "sip:op2@112.test;transport=tcp"


def test_a_replaces_that_is_not_escaped_within_the_brackets_is_read_all_the_same() -> None:
    uri = NameAddr.parse("<sip:op2@112.test?Replaces=c@x;to-tag=a;from-tag=b>").uri
    assert split_refer_to(uri) == (Uri("sip", "112.test", "op2"), Replaces("c@x", "a", "b"))


@given(st.text(max_size=200))
def test_any_text_is_a_whole_replaces_or_a_syntax_error(text: str) -> None:
    try:
        replaces = Replaces.parse(text)
    except SipSyntaxError:
        return
    assert replaces.call_id
    assert replaces.to_tag
    assert replaces.from_tag


@given(st.lists(st.text(max_size=200), max_size=3), st.text(max_size=50), st.text(max_size=10))
def test_any_refer_is_read_or_refused(refer_to: list[str], referred_by: str, refer_sub: str) -> None:
    fields = {"refer-to": refer_to, "referred-by": [referred_by], "refer-sub": [refer_sub]}
    try:
        refer = Refer.of(Request("REFER", "sip:x", fields=fields))
    except SipSyntaxError:
        return
    assert refer.target.uri.scheme in ("sip", "tel")
    assert not refer.target.uri.headers


@given(st.integers(100, 699), st.text(max_size=100))
def test_a_status_line_stays_one_line_whatever_its_phrase(code: int, phrase: str) -> None:
    body = sipfrag(code, phrase)
    assert body.startswith(f"SIP/2.0 {code} ".encode())
    assert body.endswith(b"\r\n")
    assert len(body.split(b"\n")) == 2
    assert body.count(b"\r") == 1


# --- INFO


@pytest.mark.parametrize(
    ("content_type", "body", "key"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", "5"),
        ("Application/DTMF-Relay; charset=x", b"duration=160\nsignal= * \n", "*"),
        ("application/dtmf-relay", b"Signal=11\r\n", "#"),
        ("application/dtmf-relay", b"Signal=d", "D"),
        ("application/dtmf", b"0", "0"),
        ("application/dtmf", b" 10\r\n", "*"),
        ("application/dtmf", b"15", "D"),
        ("application/dtmf", b"#", "#"),
    ],
)
def test_keys_in_info(content_type: str, body: bytes, key: str) -> None:
    assert key_of(content_type, body) == key


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (None, b"5"),
        ("text/plain", b"5"),
        ("application/dtmf", b""),
        ("application/dtmf", b"16"),
        ("application/dtmf", b"55"),
        ("application/dtmf-relay", b"5"),
        ("application/dtmf-relay", b"Signal=\r\n"),
        ("application/dtmf-relay", b"\xff\xfe=5"),
        ("application/dtmf-relay", b"x" * MAX_BODY + b"\nSignal=5\n"),
    ],
)
def test_what_is_no_key_is_none(content_type: str | None, body: bytes) -> None:
    assert key_of(content_type, body) is None


@given(st.sampled_from(["application/dtmf", "application/dtmf-relay"]), st.binary(max_size=400))
def test_any_body_is_a_key_or_none(content_type: str, body: bytes) -> None:
    assert key_of(content_type, body) in {*"0123456789*#ABCD", None}
