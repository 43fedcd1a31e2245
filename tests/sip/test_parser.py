"""One datagram to one message: what is tolerated, what is refused, and with which reason."""

from __future__ import annotations

import pytest

from ntpd112.sip import parser
from ntpd112.sip.message import MAX_HEADERS, MAX_MESSAGE, BadMessage, Request, Response
from ntpd112.sip.parser import MAX_NAMES, MAX_REASON, parse

from .samples import INVITE, changed


def refused(data: bytes) -> BadMessage:
    with pytest.raises(BadMessage) as caught:
        parse(data)
    return caught.value


def parsed(data: bytes) -> Request:
    message = parse(data)
    assert isinstance(message, Request)
    return message


class TestWellFormed:
    def test_request(self) -> None:
        request = parsed(INVITE)
        assert (request.method, request.uri) == ("INVITE", "sip:112@192.0.2.10")
        assert request.via.sent_by == ("198.51.100.7", 5062)
        assert request.from_.name == "Budi"
        assert request.cseq == (1, "INVITE")
        assert request.body == b"v=0\r\n"

    def test_content_length_is_checked_and_taken_out(self) -> None:
        assert "content-length" not in parsed(INVITE).fields
        assert bytes(parsed(INVITE)).count(b"Content-Length: 5\r\n") == 1

    @pytest.mark.parametrize(
        ("line", "code", "phrase"),
        [
            (b"SIP/2.0 200 OK", 200, "OK"),
            (b"SIP/2.0 486 Busy  Here", 486, "Busy  Here"),
            (b"sip/2.0 180", 180, ""),
            (b"SIP/2.0 603 ", 603, ""),
        ],
    )
    def test_response(self, line: bytes, code: int, phrase: str) -> None:
        response = parse(changed(b"INVITE sip:112@192.0.2.10 SIP/2.0", line))
        assert isinstance(response, Response)
        assert (response.code, response.phrase) == (code, phrase)

    def test_without_content_length_the_rest_is_the_body(self) -> None:
        assert parsed(changed(b"Content-Length: 5\r\n", b"")).body == b"v=0\r\n"

    def test_bytes_after_content_length_are_cut_off(self) -> None:
        assert parsed(INVITE + b"junk").body == b"v=0\r\n"


class TestTolerated:
    """Habits of real elements that must never cost a call."""

    @pytest.mark.parametrize("name", [b"VIA", b"via ", b"v", b"V\t", b" Via"])
    def test_header_names_in_any_case_spacing_and_compact(self, name: bytes) -> None:
        assert parsed(changed(b"Via", name)).via.branch == "z9hG4bKa1"

    def test_no_space_or_much_space_around_values(self) -> None:
        request = parsed(changed(b"Call-ID: c1@198.51.100.7", b"i:\t c1@198.51.100.7 \t"))
        assert request.call_id == "c1@198.51.100.7"

    @pytest.mark.parametrize("fold", [b"\r\n ", b"\r\n\t", b" \r\n \t ", b"\r\n  \r\n "])
    def test_folded_lines(self, fold: bytes) -> None:
        assert parsed(changed(b"CSeq: 1 INVITE", b"CSeq: 1" + fold + b"INVITE")).cseq == (1, "INVITE")

    def test_bare_line_feeds(self) -> None:
        head, _, body = INVITE.partition(b"\r\n\r\n")
        request = parsed(head.replace(b"\r\n", b"\n") + b"\n\n" + body)
        assert (request.call_id, request.body) == ("c1@198.51.100.7", b"v=0\r\n")

    def test_mixed_line_ends_before_the_body(self) -> None:
        assert parsed(changed(b"\r\n\r\n", b"\n\r\n")).body == b"v=0\r\n"

    def test_empty_lines_before_the_first(self) -> None:
        assert parsed(b"\r\n\r\n\n" + INVITE).method == "INVITE"

    def test_bad_utf8_leaves_as_it_came(self) -> None:
        assert b'"Bu\xff\xfedi"' in bytes(parsed(changed(b"Budi", b"Bu\xff\xfedi")))

    def test_a_lone_carriage_return_becomes_a_space(self) -> None:
        """Else a peer that takes it for a line end would see a header that we passed on unseen."""
        assert parsed(changed(b"Budi", b"Bu\rX-Evil: 1")).from_.name == "Bu X-Evil: 1"

    @pytest.mark.parametrize(
        "change",
        [
            (b";branch=z9hG4bKa1", b""),
            (b"<sip:pbx@198.51.100.7:5062>", b"sip:pbx@198.51.100.7:5062"),
            (b"Contact", b"Resource-Priority: unheard.9\r\nContact"),
            (b";tag=f1", b""),
            (b"INVITE sip:112@192.0.2.10 SIP/2.0", b"INVITE  sip:112@192.0.2.10\t sip/2.0 "),
            (b"sip:112@192.0.2.10 SIP", b"urn:service:sos.police SIP"),
            (b"To: <sip:112@192.0.2.10>", b"To: urn:service:sos"),
            (b"Content-Length: 5", b"Content-Length: 5\r\nl: 5"),
        ],
    )
    def test_older_elements(self, change: tuple[bytes, bytes]) -> None:
        assert parsed(changed(*change)).cseq == (1, "INVITE")

    def test_white_space_that_is_not_sips_stays(self) -> None:
        """str.splitlines would end the line at U+2028 and U+0085."""
        name = "a\u2028b\u0085c"
        assert parsed(changed(b"Budi", name.encode())).from_.name == name


class TestAnsweredWith400:
    @pytest.mark.parametrize(
        ("old", "new", "reason"),
        [
            (b"Contact: <sip:pbx@198.51.100.7:5062>", b"Contact pbx", "has no colon"),
            (b"Contact: ", b"Con tact: ", "is not a token"),
            (b"Length: 5", b"Length: -1", "'-1' is not a number"),
            (b"Length: 5", b"Length: 5x", "'5x' is not a number"),
            (b"Length: 5", b"Length: " + b"9" * 5000, "is not a number"),
            (b"Length: 5", b"Length: \xd9\xa5", "is not a number"),
            (b"Length: 5", b"Length: 6", "is 6 but the body has 5 bytes"),
            (b"Length: 5", b"Length: 5\r\nl: 4", "'5' and as '4'"),
            (b"To: ", b"t: <sip:b@b>\r\nTo: ", "To is given 2 times"),
            (b"From: ", b"f: <sip:b@b>\r\nFrom: ", "From is given 2 times"),
            (b"Call-ID: ", b"i: 2\r\nCall-ID: ", "Call-ID is given 2 times"),
            (b"CSeq: ", b"CSeq: 2 INVITE\r\nCSeq: ", "CSeq is given 2 times"),
            (b"1 INVITE", b"1 BYE", "CSeq is for 'BYE' but the request is 'INVITE'"),
            (b"<sip:112@192.0.2.10>\r", b"<sip:112@192.0.2.10\r", "'<' without '>'"),
            (b'"Budi"', b'"Budi', "without an end"),
            (b"2.10 SIP", b"2.10 and more SIP", "white space"),
            (b"v=0\r\n", b"v", "is 5 but the body has 1 bytes"),
            (b"\r\n\r\nv=0\r\n", b"\r\n", "ends within its headers"),
            (b"Contact: ", b"X: y\r\n" * MAX_HEADERS + b"Contact: ", "more than 256 header lines"),
        ],
    )
    def test_reason(self, old: bytes, new: bytes, reason: str) -> None:
        error = refused(changed(old, new))
        assert reason in str(error)
        assert error.code == 400
        assert error.request is not None
        assert error.request.via.branch == "z9hG4bKa1"
        assert error.request.cseq[0] in (1, 2)
        assert all(len(error.request.all(name)) == 1 for name in ("from", "to", "call-id", "cseq"))

    def test_the_reason_never_grows_with_the_message(self) -> None:
        assert len(str(refused(changed(b"1 INVITE", b"1 " + b"B" * 60_000)))) <= MAX_REASON

    def test_another_sip_version_is_505(self) -> None:
        error = refused(changed(b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia"))
        assert error.code == 505
        assert error.request is not None


class TestNotAnswered:
    @pytest.mark.parametrize(
        ("old", "new", "reason"),
        [
            (b"Call-ID: c1@198.51.100.7\r\n", b"", "Call-ID is missing"),
            (b"Call-ID: c1@198.51.100.7\r\n", b"Call-ID:\r\n", "Call-ID is missing"),
            (b"CSeq: 1 INVITE", b"X: 1", "CSeq is missing"),
            (b"CSeq: 1 INVITE", b"CSeq: 4294967296 INVITE", "not a number below"),
            (b"CSeq: 1 INVITE", b"CSeq: " + b"9" * 5000 + b" INVITE", "not a number below"),
            (b"Via: ", b"X: ", "Via is missing"),
            (b"SIP/2.0/UDP", b"HTTP/1.1/UDP", "Via"),
            (b"INVITE sip:112@192.0.2.10 SIP/2.0", b"GET / HTTP/1.1", "neither a SIP request"),
            (b"INVITE sip:112@192.0.2.10 SIP/2.0", b"INVITE SIP/2.0", "neither a SIP request"),
            (b"INVITE sip:112@192.0.2.10", b"INV\xffITE sip:112@192.0.2.10", "neither a SIP request"),
            (b"INVITE sip:112@192.0.2.10 SIP/2.0", b"SIP/2.0 99 Low", "status line"),
            (b"INVITE sip:112@192.0.2.10 SIP/2.0", b"SIP/2.0 2000 High", "status line"),
            (b"INVITE sip:112@192.0.2.10 SIP/2.0", b"SIP/3.0 200 OK", "status line"),
        ],
    )
    def test_reason(self, old: bytes, new: bytes, reason: str) -> None:
        error = refused(changed(old, new))
        assert reason in str(error)
        assert error.request is None

    def test_a_bad_ack(self) -> None:
        """Nothing is ever sent in answer to an ACK (RFC 3261 §17.1.1.3)."""
        ack = INVITE.replace(b"INVITE", b"ACK")
        assert refused(changed(b"Length: 5", b"Length: x", ack)).request is None

    def test_a_bad_response(self) -> None:
        data = changed(b"INVITE sip:112@192.0.2.10 SIP/2.0", b"SIP/2.0 200 OK")
        assert refused(changed(b"Length: 5", b"Length: x", data)).request is None

    @pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"\x00" * 100, b"\xff" * MAX_MESSAGE, b":\n" * 9000])
    def test_junk(self, data: bytes) -> None:
        assert refused(data).request is None

    def test_more_than_a_datagram_holds(self) -> None:
        assert "65536 bytes" in str(refused(INVITE + b"x" * (MAX_MESSAGE + 1 - len(INVITE))))


def test_remembered_header_spellings_are_bounded() -> None:
    for number in range(MAX_NAMES + 10):
        parse(changed(b"Contact: ", b"X-%d: y\r\nContact: " % number))
        assert len(parser._names) <= MAX_NAMES
