"""The jitter buffer, tick by tick: what comes when, and what sounds then."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntpd112.media.playout import DELAY, MAX_BUFFERED, MAX_SPARE, WINDOW_FRAMES, Playout

FRAME = 160
SILENT = b"\xd5"
FRAMES_OF_DELAY = DELAY // FRAME


def voice(number: int, size: int = FRAME) -> bytes:
    """A packet's sound that can be told from others, and is nowhere silence."""
    return bytes((number % 200 + 1,)) * size


def put(playout: Playout, number: int, *, ssrc: int = 1, start: int = 0) -> None:
    timestamp = (start + number * FRAME) & 0xFFFFFFFF
    playout.inbox.append((0.0, ssrc, timestamp, False, voice(number)))


def play(playout: Playout, arrivals: Mapping[int, Iterable[int]], ticks: int, start: int = 0) -> list[bytes]:
    """What each tick sounds like; `arrivals` are numbers of packets by the tick before which they come."""
    heard = []
    for tick in range(ticks):
        for number in arrivals.get(tick, ()):
            put(playout, number, start=start)
        playout.advance()
        heard.append(playout.frame or b"")
    return heard


def said(heard: list[bytes]) -> list[int]:
    """Numbers of the packets that were heard, in order."""
    return [frame[0] - 1 for frame in heard if frame and frame != SILENT * FRAME]


@given(st.integers(0, 0xFFFFFFFF))
def test_even_packets_come_out_as_they_went_in_40_ms_later(start: int) -> None:
    heard = play(Playout(), {n: [n] for n in range(50)}, 50, start)
    assert heard[:FRAMES_OF_DELAY] == [SILENT * FRAME] * FRAMES_OF_DELAY
    assert heard[FRAMES_OF_DELAY:] == [voice(n) for n in range(50 - FRAMES_OF_DELAY)]


def test_packets_late_by_less_than_the_delay_are_not_noticed() -> None:
    arrivals = {0: [0], 1: [1], 3: [2], 4: [4, 3], 6: [5, 6], 7: [7], 9: [8, 9]}
    heard = play(Playout(), arrivals, 11)
    assert said(heard) == list(range(9))


def test_packet_sizes_may_be_mixed() -> None:
    playout = Playout()
    position = 0
    heard = b""
    sizes = random.Random(112).choices((80, 160, 240, 320, 480), k=60)
    sound = random.Random(113).randbytes(sum(sizes))
    for size in sizes:
        playout.inbox.append((0.0, 1, position, False, sound[position : position + size]))
        position += size
        while playout.buffered + (position - len(heard)) > 480 and len(heard) < position - 320:
            playout.advance()
            heard += playout.frame or b""
    assert heard[DELAY:] == sound[: len(heard) - DELAY]


def test_lost_packet_is_a_gap_of_its_length() -> None:
    heard = play(Playout(), {n: [n] for n in range(10) if n != 4}, 12)
    assert heard[FRAMES_OF_DELAY + 4] == SILENT * FRAME
    assert said(heard) == [0, 1, 2, 3, 5, 6, 7, 8, 9]


def test_duplicate_is_heard_once() -> None:
    heard = play(Playout(), {n: [n, n, max(n - 1, 0)] for n in range(10)}, 12)
    assert said(heard) == list(range(10))


def test_delay_grows_by_what_a_network_needs_and_nothing_more_is_lost() -> None:
    """From packet 5 on everything comes 80 ms later than before."""
    arrivals: dict[int, list[int]] = {n + (4 if n >= 5 else 0): [n] for n in range(40)}
    heard = play(Playout(), arrivals, 46)
    assert said(heard) == list(range(40))
    assert b"" not in heard[10:44]


def test_delay_that_is_no_longer_needed_is_taken_back() -> None:
    playout = Playout()
    play(playout, {0: range(10)}, 1)
    assert playout.buffered > MAX_SPARE + FRAME
    packets = {tick: [tick + 9] for tick in range(1, 12 * WINDOW_FRAMES)}
    play(playout, packets, 12 * WINDOW_FRAMES)
    assert playout.buffered <= MAX_SPARE + FRAME


@pytest.mark.parametrize("drift", [-300e-6, -50e-6, 50e-6, 300e-6])
def test_drift_of_the_senders_clock_neither_fills_nor_starves_the_buffer(drift: float) -> None:
    """Ten minutes of a clock that is off: 180 ms if nobody looked."""
    ticks = 30_000
    arrivals: dict[int, list[int]] = {}
    for n in range(ticks):
        arrivals.setdefault(int(n * (1 + drift) + 0.5), []).append(n)
    playout = Playout()
    deepest = empty = 0
    for tick in range(ticks):
        for number in arrivals.get(tick, ()):
            put(playout, number)
        playout.advance()
        empty += playout.frame is None
        deepest = max(deepest, playout.buffered)
    assert deepest <= MAX_SPARE + 2 * FRAME
    assert empty <= 10


def test_pause_is_silence_and_the_voice_comes_back_with_the_same_delay() -> None:
    heard = play(Playout(), {n: [n] for n in (*range(5), *range(105, 110))}, 115)
    assert heard[5 + FRAMES_OF_DELAY : 105] == [b""] * (100 - FRAMES_OF_DELAY)
    assert heard[105 + FRAMES_OF_DELAY : 110 + FRAMES_OF_DELAY] == [voice(n) for n in range(105, 110)]


def test_sender_whose_clock_stood_still_in_the_pause_is_heard_on() -> None:
    arrivals: dict[int, list[int]] = {n: [n] for n in range(5)} | {n + 100: [n] for n in range(5, 10)}
    assert said(play(Playout(), arrivals, 120)) == list(range(10))


def test_another_stream_begins_at_once() -> None:
    playout = Playout()
    play(playout, {n: [n] for n in range(5)}, 5)
    put(playout, 77, ssrc=2, start=123_456_789)
    heard = play(playout, {}, 4)
    assert said(heard) == [77]


def test_burst_after_a_stall_is_heard_as_far_as_it_is_not_too_old() -> None:
    playout = Playout()
    arrivals: dict[int, Iterable[int]] = {n: [n] for n in range(5)} | {60: range(5, 61)}
    arrivals |= {n: [n] for n in range(61, 80)}
    heard = said(play(playout, arrivals, 80))
    assert heard[:5] == [0, 1, 2, 3, 4]
    assert heard[5:15] == list(range(heard[5], heard[5] + 10))
    assert heard[5] >= 60 - MAX_BUFFERED // FRAME


packets = st.tuples(
    st.integers(0, 2),
    st.one_of(st.integers(0, 0xFFFFFFFF), st.integers(0, 4000)),
    st.binary(max_size=1488),
)


@given(st.lists(st.one_of(st.none(), packets), max_size=200))
def test_whatever_comes_a_frame_is_20_ms_and_the_buffer_is_bounded(
    events: list[tuple[int, int, bytes] | None],
) -> None:
    """None: a tick."""
    playout = Playout()
    for event in events:
        if event is not None:
            ssrc, timestamp, sound = event
            playout.inbox.append((0.0, ssrc, timestamp, False, sound))
            continue
        playout.advance()
        assert playout.frame is None or len(playout.frame) == FRAME
        assert playout.buffered <= MAX_BUFFERED
        assert not playout.inbox
