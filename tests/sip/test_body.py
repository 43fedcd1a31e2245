"""Bodies as emergency networks send them, and garbled ones: the SDP is found, the rest is kept."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntpd112.sip.body import MAX_DEPTH, MAX_PARTS, Body, Part, body_parts

SDP = b"v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\nm=audio 4000 RTP/AVP 8"
PIDF = b"<presence/>"
MIXED = 'multipart/mixed; boundary="b1"'


def multipart(*pieces: tuple[str, bytes], boundary: str = "b1", end: str = "\r\n") -> bytes:
    """Each piece: its header lines, and its data."""
    text = b""
    for headers, data in pieces:
        head = "".join(f"{line}{end}" for line in [f"--{boundary}", *headers.split("|")])
        text += head.encode() + end.encode() + data + end.encode()
    return text + f"--{boundary}--{end}".encode()


class TestOnePart:
    def test_plain_sdp(self) -> None:
        assert body_parts("application/SDP;charset=utf-8", SDP) == Body(sdp=SDP)

    def test_no_body(self) -> None:
        assert body_parts("application/sdp", b"") == Body()

    def test_sdp_without_a_content_type(self) -> None:
        assert body_parts(None, SDP) == Body(sdp=SDP)

    def test_something_else(self) -> None:
        assert body_parts("application/pidf+xml", PIDF) == Body(
            parts=[Part("application/pidf+xml", "", "", PIDF)]
        )


class TestMultipart:
    def test_sdp_location_and_additional_data(self) -> None:
        body = multipart(
            ("Content-Type: application/sdp", SDP),
            ("Content-Type: application/pidf+xml|Content-ID: <target123@atlanta.example>", PIDF),
            ("content-type : application/EmergencyCallData.DeviceInfo+xml|C-D: x", b"<d/>"),
        )
        found = body_parts(MIXED, b"a preamble\r\n" + body + b"an epilogue")
        assert found.sdp == SDP
        assert found.parts == [
            Part("application/pidf+xml", "target123@atlanta.example", "", PIDF),
            Part("application/emergencycalldata.deviceinfo+xml", "", "", b"<d/>"),
        ]

    def test_nested(self) -> None:
        inner = multipart(
            ("Content-Type: application/pidf+xml", PIDF),
            ("Content-Type: application/sdp", SDP),
            boundary="b2",
        )
        body = multipart(("Content-Type: multipart/related;|\tboundary=b2", inner), ("", b"hello"))
        found = body_parts(MIXED, body)
        assert found.sdp == SDP
        assert [part.content_type for part in found.parts] == ["application/pidf+xml", "text/plain"]

    def test_of_alternatives_the_last_of_others_the_first(self) -> None:
        pieces = [("Content-Type: application/sdp", b"v=0 first"), ("Content-Type: application/sdp", SDP)]
        assert body_parts("multipart/alternative;boundary=b1", multipart(*pieces)).sdp == SDP
        assert body_parts("multipart/mixed;boundary=b1", multipart(*pieces)).sdp == b"v=0 first"

    def test_an_early_session_is_not_the_sessions_sdp(self) -> None:
        """RFC 3959: such a description is for early media alone."""
        headers = "Content-Type: application/sdp|Content-Disposition: early-session;handling=optional"
        found = body_parts(MIXED, multipart((headers, b"v=0 early"), ("Content-Type: application/sdp", SDP)))
        assert found.sdp == SDP
        assert found.parts == [Part("application/sdp", "", "early-session", b"v=0 early")]

    @pytest.mark.parametrize(
        ("encoding", "data"),
        [
            ("base64", base64.b64encode(PIDF)),
            ("Quoted-Printable", b"=3Cpresence/>"),
            ("binary", PIDF),
            ("base64", PIDF),
        ],
    )
    def test_transfer_encodings_and_wrong_ones(self, encoding: str, data: bytes) -> None:
        headers = f"Content-Type: application/pidf+xml|Content-Transfer-Encoding: {encoding}"
        assert body_parts(MIXED, multipart((headers, data))).parts[0].data == PIDF

    def test_bare_line_feeds(self) -> None:
        body = multipart(("Content-Type: application/sdp", SDP), ("", b"x"), end="\n")
        assert body_parts(MIXED, body).sdp == SDP

    def test_binary_parts_stay_as_they_are(self) -> None:
        isup = bytes(range(256)) + b"\r\n"
        assert body_parts(MIXED, multipart(("Content-Type: application/isup", isup))).parts[0].data == isup


class TestGarbled:
    """However broken, an SDP that is there is found."""

    WHOLE = multipart(("Content-Type: application/sdp", SDP), ("Content-Type: application/pidf+xml", PIDF))

    @pytest.mark.parametrize("content_type", ["multipart/mixed", 'multipart/mixed; boundary=""'])
    def test_no_boundary_named(self, content_type: str) -> None:
        found = body_parts(content_type, self.WHOLE)
        assert (found.sdp, found.parts[0].data) == (SDP, PIDF)

    def test_another_boundary_than_the_one_named(self) -> None:
        found = body_parts("multipart/mixed; boundary=other", self.WHOLE)
        assert found.sdp is not None
        assert found.sdp.rstrip() == SDP
        assert [part.data for part in found.parts] == [self.WHOLE]

    def test_no_closing_boundary(self) -> None:
        found = body_parts(MIXED, self.WHOLE.removesuffix(b"--b1--\r\n"))
        assert found.sdp == SDP
        assert found.parts[0].data.rstrip() == PIDF

    def test_no_empty_line_after_a_parts_headers(self) -> None:
        body = self.WHOLE.replace(b"sdp\r\n\r\n", b"sdp\r\n")
        found = body_parts(MIXED, body)
        assert found.sdp is not None
        assert found.sdp.rstrip() == SDP

    def test_cut_off_in_the_middle(self) -> None:
        cut = self.WHOLE[: self.WHOLE.index(b"m=audio")]
        assert body_parts(MIXED, cut).sdp == SDP[: SDP.index(b"m=audio")]

    def test_no_sdp_anywhere_is_a_late_offer(self) -> None:
        assert body_parts(MIXED, multipart(("Content-Type: application/pidf+xml", PIDF))).sdp is None


class TestBounds:
    def test_parts(self) -> None:
        body = multipart(*[("", b"x")] * (MAX_PARTS * 2))
        assert len(body_parts(MIXED, body).parts) == MAX_PARTS

    def test_depth(self) -> None:
        body, content_type = SDP, "application/sdp"
        for level in range(MAX_DEPTH * 2):
            body = multipart((f"Content-Type: {content_type}", body), boundary=f"b{level}")
            content_type = f"multipart/mixed;boundary=b{level}"
        found = body_parts(content_type, body)
        assert found.sdp is not None
        assert found.sdp.rstrip() == SDP
        assert len(found.parts) == 1


lines = st.sampled_from([b"--b1", b"--b1--", b"", b"Content-Type: multipart/mixed", b"v=0", b"o=", b"\xff:"])


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(st.binary(max_size=200), st.lists(lines, max_size=12).map(b"\r\n".join)), st.text(max_size=20)
)
def test_whatever_comes_nothing_is_raised(body: bytes, boundary: str) -> None:
    for content_type in (MIXED, f"multipart/mixed;boundary={boundary}", boundary):
        found = body_parts(content_type, body)
        assert found.sdp is None or found.sdp in body
