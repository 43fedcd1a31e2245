"""Telephone events (RFC 4733): each press is told once, whatever is lost or repeated on the way."""

from hypothesis import given
from hypothesis import strategies as st

from ntpd112.media.dtmf import DIGITS, END_LOST_S, DtmfReceiver

SSRC = 5


def event(digit: str, duration: int, *, end: bool = False) -> bytes:
    return bytes((DIGITS.index(digit), 0x8A if end else 0x0A)) + duration.to_bytes(2, "big")


class Line:
    """Feeds packets 20 ms apart and collects what is told."""

    def __init__(self) -> None:
        self.receiver = DtmfReceiver()
        self.now = 0.0
        self.told: list[tuple[str, int]] = []

    def packet(self, start: int, payload: bytes, *, marker: bool = False, ssrc: int = SSRC) -> None:
        self.now += 0.02
        self.told += self.receiver.feed(ssrc, start, marker, payload, self.now)

    def press(self, digit: str, start: int, *, ends: int = 3) -> None:
        for n in range(1, 5):
            self.packet(start, event(digit, n * 160), marker=n == 1)
        for _ in range(ends):
            self.packet(start, event(digit, 800, end=True))


def test_press_is_told_once_though_its_end_comes_three_times() -> None:
    line = Line()
    line.press("5", 1000)
    assert line.told == [("5", 100)]


def test_same_digit_twice_is_two_presses() -> None:
    line = Line()
    line.press("1", 1000)
    line.press("1", 3000)
    assert line.told == [("1", 100), ("1", 100)]


def test_lost_end_is_told_with_the_next_press() -> None:
    line = Line()
    line.press("1", 1000, ends=0)
    line.press("2", 3000)
    assert line.told == [("1", 80), ("2", 100)]


def test_lost_end_is_told_after_a_pause() -> None:
    line = Line()
    line.press("*", 1000, ends=0)
    assert line.receiver.expire(line.now + END_LOST_S / 2) == []
    assert line.receiver.expire(line.now + END_LOST_S) == [("*", 80)]
    assert line.receiver.expire(line.now + 10) == []
    line.packet(1000, event("*", 800, end=True))
    assert line.told == []


def test_only_the_end_arrived() -> None:
    line = Line()
    line.packet(1000, event("#", 800, end=True))
    assert line.told == [("#", 100)]


def test_straggler_of_the_press_before_is_ignored() -> None:
    line = Line()
    line.press("1", 1000)
    line.packet(3000, event("2", 160), marker=True)
    line.packet(1000, event("1", 800, end=True))
    line.packet(3000, event("2", 800, end=True))
    assert line.told == [("1", 100), ("2", 100)]


def test_press_longer_than_the_duration_field_is_one() -> None:
    """RFC 4733 §2.5.1.3: a long event is sent in segments that begin where the one before ended."""
    line = Line()
    line.packet(0, event("9", 0xFFFF), marker=True)
    line.packet(0xFFFF, event("9", 8000))
    line.packet(0xFFFF, event("9", 8000, end=True))
    assert line.told == [("9", round((0xFFFF + 8000) / 8))]


def test_other_events_and_short_payloads_are_ignored() -> None:
    line = Line()
    line.packet(0, bytes((16, 0x80, 0, 160)))
    line.packet(0, b"\x01\x80\x00")
    assert line.told == []


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5000), st.booleans(), st.binary(max_size=6))))
def test_arbitrary_packets_tell_only_digits(packets: list[tuple[int, int, bool, bytes]]) -> None:
    line = Line()
    for ssrc, start, marker, payload in packets:
        line.packet(start, payload, marker=marker, ssrc=ssrc)
    assert len(line.told) <= len(packets)
    assert all(digit in DIGITS and duration >= 0 for digit, duration in line.told)
