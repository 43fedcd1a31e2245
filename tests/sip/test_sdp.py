"""Offer and answer: what we ask for, what we make of what phones and exchanges send."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntpd112.sip.sdp import (
    MAX_FORMATS,
    MAX_SDP,
    MAX_STREAMS,
    Codec,
    LocalMedia,
    NoCommonCodec,
    RemoteMedia,
    SdpError,
    accept_answer,
    make_answer,
    make_offer,
    parse_sdp,
)

LOCAL = LocalMedia("192.0.2.10", 20_000, session_id=7, version=3)
V6 = LocalMedia("2001:db8::10", 20_000)


def sdp(*lines: str, address: str | None = "IN IP4 198.51.100.7") -> bytes:
    """A session with these lines after its c= and t=."""
    head = ["v=0", "o=- 1 1 IN IP4 198.51.100.7", "s=-"]
    connection = [f"c={address}"] if address else []
    return "".join(f"{line}\r\n" for line in [*head, *connection, "t=0 0", *lines]).encode()


def remote(*lines: str, address: str | None = "IN IP4 198.51.100.7") -> RemoteMedia:
    return make_answer(parse_sdp(sdp(*lines, address=address)), LOCAL)[1]


def answer(*lines: str) -> list[str]:
    return make_answer(parse_sdp(sdp(*lines)), LOCAL)[0].decode().splitlines()


class TestOffer:
    def test_all_of_it(self) -> None:
        assert make_offer(LOCAL).decode().splitlines() == [
            "v=0",
            "o=- 7 3 IN IP4 192.0.2.10",
            "s=-",
            "c=IN IP4 192.0.2.10",
            "t=0 0",
            "m=audio 20000 RTP/AVP 8 0 101",
            "a=rtpmap:8 PCMA/8000",
            "a=rtpmap:0 PCMU/8000",
            "a=rtpmap:101 telephone-event/8000",
            "a=fmtp:101 0-15",
            "a=ptime:20",
            "a=sendrecv",
        ]

    def test_one_codec_on_hold_over_ipv6(self) -> None:
        local = LocalMedia("2001:db8::10", 20_000, ("PCMU",))
        lines = make_offer(local, "sendonly").decode().splitlines()
        assert "c=IN IP6 2001:db8::10" in lines
        assert "m=audio 20000 RTP/AVP 0 101" in lines
        assert lines[-1] == "a=sendonly"


class TestAnswer:
    def test_the_offers_first_common_codec_and_its_telephone_event(self) -> None:
        offer = ["m=audio 4000 RTP/AVP 9 0 8 97", "a=rtpmap:97 telephone-event/8000"]
        assert remote(*offer) == RemoteMedia(
            "198.51.100.7", 4000, 4001, Codec("PCMU", 0), 97, "sendrecv", ptime=20
        )
        assert "m=audio 20000 RTP/AVP 0 97" in answer(*offer)

    def test_only_codecs_that_we_were_told_to_use(self) -> None:
        offer = parse_sdp(sdp("m=audio 4000 RTP/AVP 0 8"))
        _, remote = make_answer(offer, LocalMedia("192.0.2.10", 20_000, ("PCMA",)))
        assert remote.codec == Codec("PCMA", 8)

    def test_telephone_event_is_not_answered_unless_offered(self) -> None:
        assert remote("m=audio 4000 RTP/AVP 8").dtmf_payload_type is None
        assert "m=audio 20000 RTP/AVP 8" in answer("m=audio 4000 RTP/AVP 8")

    @pytest.mark.parametrize("name", ["PCMA/8000", "pcma/8000", "PCMA/8000/1"])
    def test_a_dynamic_payload_type(self, name: str) -> None:
        assert remote("m=audio 4000 RTP/AVP 96", f"a=rtpmap:96 {name}").codec == Codec("PCMA", 96)

    def test_every_other_stream_is_refused_in_its_place(self) -> None:
        lines = answer(
            "m=video 4002 RTP/AVP 31 34",
            "m=audio 4004 RTP/SAVP 8",
            "m=audio 4000 RTP/AVP 8",
            "m=audio 4006 RTP/AVP 8",
            "m=audio 4008 UDP/TLS/RTP/SAVPF 8 0",
        )
        assert [line for line in lines if line.startswith("m=")] == [
            "m=video 0 RTP/AVP 31 34",
            "m=audio 0 RTP/SAVP 8",
            "m=audio 20000 RTP/AVP 8",
            "m=audio 0 RTP/AVP 8",
            "m=audio 0 UDP/TLS/RTP/SAVPF 8 0",
        ]

    def test_the_time_line_is_the_offers(self) -> None:
        """RFC 3264 §6: the t= line of the answer must equal that of the offer."""
        offer = sdp("m=audio 4000 RTP/AVP 8").replace(b"t=0 0", b"t=3034423619 3042462419")
        assert b"t=3034423619 3042462419\r\n" in make_answer(parse_sdp(offer), LOCAL)[0]

    def test_asked_packet_time_is_honoured_and_answered(self) -> None:
        offer = ["m=audio 4000 RTP/AVP 8", "a=ptime:30"]
        assert remote(*offer).ptime == 30
        assert "a=ptime:30" in answer(*offer)

    @pytest.mark.parametrize(
        ("lines", "ptime"),
        [
            (["a=ptime:0"], 20),
            (["a=ptime:5000"], 20),
            (["a=ptime:x"], 20),
            (["a=ptime:20.5"], 20),
            (["a=ptime:60", "a=maxptime:40"], 40),
            (["a=maxptime:10"], 10),
        ],
    )
    def test_packet_times_that_g711_cannot_have_count_as_none(self, lines: list[str], ptime: int) -> None:
        assert remote("m=audio 4000 RTP/AVP 8", *lines).ptime == ptime

    def test_rtcp_on_a_port_of_its_own(self) -> None:
        assert remote("m=audio 4000 RTP/AVP 8", "a=rtcp:53020 IN IP4 198.51.100.7").rtcp_port == 53_020
        assert remote("m=audio 4000 RTP/AVP 8", "a=rtcp:").rtcp_port == 4001

    @pytest.mark.parametrize(
        ("lines", "reason"),
        [
            ([], "no RTP/AVP audio with PCMA or PCMU"),
            (["m=audio 4000 RTP/AVP 9 18"], "audio 4000 RTP/AVP 9 18"),
            (["m=audio 0 RTP/AVP 8"], "audio 0"),
            (["m=audio 4000 RTP/AVPF 8"], "RTP/AVPF"),
            (["m=audio 4000 RTP/AVP 8", "a=rtpmap:8 G729/8000"], "no RTP/AVP audio"),
            (["m=audio 4000 RTP/AVP 96", "a=rtpmap:96 PCMA/16000"], "no RTP/AVP audio"),
            (["m=audio 4000 RTP/AVP 200", "a=rtpmap:200 PCMA/8000"], "no RTP/AVP audio"),
            (["m=video 4000 RTP/AVP 8"], "no RTP/AVP audio"),
        ],
    )
    def test_no_common_codec(self, lines: list[str], reason: str) -> None:
        with pytest.raises(NoCommonCodec, match=reason):
            remote(*lines)


class TestHold:
    @pytest.mark.parametrize(
        ("theirs", "ours", "held"),
        [
            ("sendrecv", "sendrecv", False),
            ("sendonly", "recvonly", True),
            ("recvonly", "sendonly", False),
            ("inactive", "inactive", True),
        ],
    )
    def test_directions_are_mirrored(self, theirs: str, ours: str, held: bool) -> None:
        media = remote("m=audio 4000 RTP/AVP 8", f"a={theirs}")
        assert (media.direction, media.held) == (ours, held)
        assert answer("m=audio 4000 RTP/AVP 8", f"a={theirs}")[-1] == f"a={ours}"

    def test_a_direction_of_the_whole_session(self) -> None:
        assert remote("a=sendonly", "m=audio 4000 RTP/AVP 8").direction == "recvonly"
        assert remote("a=sendonly", "m=audio 4000 RTP/AVP 8", "a=sendrecv").direction == "sendrecv"

    @pytest.mark.parametrize("address", ["IN IP4 0.0.0.0", "IN IP6 ::"])
    def test_the_null_address_of_old_phones(self, address: str) -> None:
        assert remote("m=audio 4000 RTP/AVP 8", address=address).held


class TestAddresses:
    def test_the_streams_own_goes_before_the_sessions(self) -> None:
        assert remote("m=audio 4000 RTP/AVP 8", "c=IN IP4 203.0.113.9").address == "203.0.113.9"

    def test_ipv6_and_time_to_live(self) -> None:
        assert remote("m=audio 4000 RTP/AVP 8", "c=IN IP6 2001:DB8::7").address == "2001:db8::7"
        assert remote("m=audio 4000/2 RTP/AVP 8", "c=IN IP4 203.0.113.9/127").address == "203.0.113.9"

    def test_none_at_all(self) -> None:
        with pytest.raises(SdpError, match="audio 4000 has no c= line"):
            remote("m=audio 4000 RTP/AVP 8", address=None)

    def test_a_name_instead(self) -> None:
        with pytest.raises(SdpError, match=r"'phone\.example' where an IP address"):
            remote("m=audio 4000 RTP/AVP 8", "c=IN IP4 phone.example")


class TestAcceptedAnswer:
    def test_the_first_codec_of_the_answer(self) -> None:
        text = sdp("m=audio 4000 RTP/AVP 0 8 101", "a=rtpmap:101 telephone-event/8000", "a=recvonly")
        media = accept_answer(parse_sdp(text), LOCAL)
        assert (media.codec, media.dtmf_payload_type, media.direction) == (Codec("PCMU", 0), 101, "sendonly")

    def test_refused_sound(self) -> None:
        with pytest.raises(NoCommonCodec):
            accept_answer(parse_sdp(sdp("m=audio 0 RTP/AVP 8")), LOCAL)

    @pytest.mark.parametrize("local", [LOCAL, V6])
    def test_two_of_us_agree(self, local: LocalMedia) -> None:
        other = LocalMedia("192.0.2.77", 30_000)
        text, theirs = make_answer(parse_sdp(make_offer(local)), other)
        ours = accept_answer(parse_sdp(text), local)
        assert (theirs.address, theirs.port) == (local.address, local.port)
        assert (ours.address, ours.port) == (other.address, other.port)
        assert ours.codec == theirs.codec == Codec("PCMA", 8)
        assert ours.dtmf_payload_type == theirs.dtmf_payload_type == 101


class TestMalformed:
    @pytest.mark.parametrize(
        "line",
        ["m=audio", "m=audio x RTP/AVP 8", "m=audio 70000 RTP/AVP 8", "m=", "c=IN", "c=ATM X 1", "junk"],
    )
    def test_the_line_is_quoted(self, line: str) -> None:
        with pytest.raises(SdpError) as caught:
            parse_sdp(sdp(line))
        assert repr(line) in str(caught.value)

    def test_bare_line_feeds_missing_lines_and_unknown_ones(self) -> None:
        text = b"v=0\nc=IN IP4 198.51.100.7\nq=what\na\x3dcandidate:1\n\nm=AUDIO 4000 rtp/avp 8\nz=\n"
        assert make_answer(parse_sdp(text), LOCAL)[1].port == 4000

    def test_bounds(self) -> None:
        with pytest.raises(SdpError, match="more than 16384"):
            parse_sdp(b"v" * (MAX_SDP + 1))
        with pytest.raises(SdpError, match="more than 32 m= lines"):
            parse_sdp(sdp(*["m=video 0 RTP/AVP 31"] * (MAX_STREAMS + 1)))
        with pytest.raises(SdpError, match="more than 64 formats"):
            parse_sdp(sdp("m=audio 4000 RTP/AVP" + " 8" * (MAX_FORMATS + 1)))


pieces = st.sampled_from(
    [
        "m=audio 4000 RTP/AVP 8 0",
        "m=",
        "c=IN IP4 1.2.3.4",
        "a=rtpmap:",
        "a=rtcp:1",
        "a=ptime:",
        "x",
        "\r",
        " ",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.lists(pieces, max_size=8).map(lambda x: "\n".join(x).encode())))
def test_whatever_comes_only_sdp_error_comes_out(data: bytes) -> None:
    with contextlib.suppress(SdpError):
        text, _ = make_answer(parse_sdp(data), LOCAL)
        assert len(parse_sdp(text).streams) == len(parse_sdp(data).streams)
