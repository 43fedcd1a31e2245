"""Messages out of a TCP connection: framing, keep-alive, and when the connection has to be given up."""

from __future__ import annotations

import pytest

from ntpd112.sip.message import MAX_MESSAGE, BadMessage, Request
from ntpd112.sip.parser import Ping, StreamParser, parse

from .samples import INVITE, changed

WHOLE = parse(INVITE)


def only_error(items: list[object]) -> BadMessage:
    assert len(items) == 1
    assert isinstance(items[0], BadMessage)
    return items[0]


class TestFraming:
    def test_a_message_is_given_when_its_last_byte_came(self) -> None:
        stream = StreamParser()
        for byte in INVITE[:-1]:
            assert stream.feed(bytes([byte])) == []
        assert stream.feed(INVITE[-1:]) == [WHOLE]

    def test_two_messages_in_one_piece(self) -> None:
        assert StreamParser().feed(INVITE + INVITE) == [WHOLE, WHOLE]

    def test_without_content_length_and_body(self) -> None:
        data = INVITE.partition(b"Content-Type")[0] + b"\r\n"
        [first, second] = StreamParser().feed(data + data)
        assert isinstance(first, Request)
        assert first == second
        assert first.body == b""

    def test_a_bad_message_whose_end_is_known_is_refused_alone(self) -> None:
        stream = StreamParser()
        [error, good] = stream.feed(changed(b"1 INVITE", b"1 BYE") + INVITE)
        assert isinstance(error, BadMessage)
        assert error.request is not None
        assert good == WHOLE
        assert stream.broken is None


class TestKeepAlive:
    def test_two_line_ends_are_a_ping(self) -> None:
        assert StreamParser().feed(b"\r\n\r\n") == [Ping()]

    def test_a_ping_in_pieces(self) -> None:
        stream = StreamParser()
        assert stream.feed(b"\r\n") == []
        assert stream.feed(b"\r") == []
        assert stream.feed(b"\n") == [Ping()]

    def test_a_pong_before_a_message_is_passed_over(self) -> None:
        assert StreamParser().feed(b"\r\n" + INVITE) == [WHOLE]

    def test_pings_between_messages(self) -> None:
        data = INVITE + b"\r\n\r\n" + b"\n" + INVITE
        assert StreamParser().feed(data) == [WHOLE, Ping(), WHOLE]


class TestBroken:
    @pytest.mark.parametrize(
        ("old", "new", "reason"),
        [
            (b"Length: 5", b"Length: -5", "'-5' is not a number"),
            (b"Length: 5", b"Length: 999999", "999999 is more than 65535"),
            (b"Length: 5", b"Length: 5\r\nl: 6", "'5' and as '6'"),
            (b"Content-Length: 5\r\n", b"", "missing, which a stream needs"),
        ],
    )
    def test_where_the_next_message_starts_is_unknown(self, old: bytes, new: bytes, reason: str) -> None:
        stream = StreamParser()
        error = only_error([*stream.feed(changed(old, new))])
        assert reason in str(error)
        assert error.request is not None
        assert stream.broken == str(error)
        assert stream.feed(INVITE) == []

    def test_something_else_than_sip(self) -> None:
        stream = StreamParser()
        error = only_error([*stream.feed(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")])
        assert error.request is None
        assert stream.broken

    def test_headers_without_an_end_are_kept_up_to_a_bound(self) -> None:
        stream = StreamParser()
        assert stream.feed(b"INVITE sip:x SIP/2.0\r\n") == []
        assert stream.feed(b"X: y\r\n" * 10_000) == []
        error = only_error([*stream.feed(b"X: y\r\n" * 1_000)])
        assert f"within {MAX_MESSAGE} bytes" in str(error)
        assert stream.broken
