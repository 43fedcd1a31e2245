"""RTP and RTCP packets: what is written can be read, and nothing that can be received does harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntpd112.media import rtcp, rtp
from ntpd112.media.reception import Block

u16 = st.integers(0, 0xFFFF)
u32 = st.integers(0, 0xFFFFFFFF)


@given(st.booleans(), st.integers(0, 127), u16, u32, u32, st.binary(max_size=200))
def test_header_is_read_as_written(
    marker: bool, kind: int, sequence: int, timestamp: int, ssrc: int, payload: bytes
) -> None:
    data = rtp.header(kind, sequence, timestamp, ssrc, marker=marker) + payload
    assert rtp.parse(data) == (marker, kind, sequence, timestamp, ssrc, 12, 12 + len(payload))


@given(st.binary(max_size=100))
def test_arbitrary_bytes_are_a_packet_within_bounds_or_none(data: bytes) -> None:
    packet = rtp.parse(data)
    assert packet is None or 12 <= packet.start <= packet.end <= len(data)


@given(st.binary(min_size=11, max_size=100))
def test_version_2_with_arbitrary_flags_stays_within_bounds(data: bytes) -> None:
    packet = rtp.parse(bytes((0x80 | data[0] & 0x3F,)) + data)
    assert packet is None or 12 <= packet.start <= packet.end <= len(data) + 1


def test_csrcs_extension_and_padding_are_left_out_of_the_payload() -> None:
    head = bytearray(rtp.header(8, 1, 2, 3))
    head[0] |= 0x32  # padding, extension, two CSRCs
    data = bytes(head) + b"C" * 8 + b"\xbe\xde\x00\x01" + b"X" * 4 + b"sound" + b"\0\0\x03"
    packet = rtp.parse(data)
    assert packet is not None
    assert data[packet.start : packet.end] == b"sound"


@pytest.mark.parametrize(
    "data",
    [b"", b"\x80" * 11, b"\x00" + bytes(20), b"\xa0" + bytes(20), b"\x8f" + bytes(20), b"\x90" + bytes(13)],
    ids=["empty", "short", "version 0", "padding of 0", "CSRCs missing", "extension missing"],
)
def test_malformed(data: bytes) -> None:
    assert rtp.parse(data) is None


@given(st.binary(max_size=120))
def test_arbitrary_rtcp_never_raises(data: bytes) -> None:
    reports = rtcp.parse(data)
    assert reports is None or len(reports.blocks) <= 31 * len(data)


@given(st.integers(-0x800000, 0x7FFFFF), st.integers(0, 255), u32, u32)
def test_report_block_is_read_as_written(lost: int, fraction: int, highest: int, jitter: int) -> None:
    block = Block(77, fraction, lost, highest, jitter)
    reports = rtcp.parse(rtcp.write_report(1, None, block, "us"))
    assert reports is not None
    assert reports.blocks == [block]
    assert reports.sender_ntp is None


def test_sender_report_says_the_time_as_ntp() -> None:
    assert rtcp.ntp_time(0.5) == (2_208_988_800 << 32) + (1 << 31)
    data = rtcp.write_report(1, rtcp.Sender(0.5, 160, 10, 1600), None, "us")
    reports = rtcp.parse(data)
    assert reports is not None
    assert reports.sender_ntp == (2_208_988_800 & 0xFFFF) << 16 | 1 << 15
    assert data[1] == rtcp.SENDER_REPORT
    assert data[28 + 1] == rtcp.SOURCE_DESCRIPTION
    assert len(data) % 4 == 0


def test_truncated_report_is_refused() -> None:
    data = rtcp.write_report(1, None, Block(2, 0, 0, 0, 0), "us")
    assert all(rtcp.parse(data[:size]) is None for size in range(1, 32))
