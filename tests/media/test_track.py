"""Where recorded sound is placed."""

from hypothesis import given
from hypothesis import strategies as st

from ntpd112.media.track import DRIFT_TOLERANCE, DRIFT_WINDOW, MAX_PENDING, SoundBuffer, Track

RATE = 8000
SILENT = 0xD5


def test_packets_follow_their_timestamps_not_their_arrival() -> None:
    track = Track()
    positions = [
        track.place(1, 5000 + 160 * n, 160, False, 1160 + 160 * n + late)
        for n, late in enumerate([0, 300, 140, 0, 90])
    ]
    assert positions == [1000, 1160, 1320, 1480, 1640]


def test_reordered_and_wrapping_timestamps() -> None:
    track = Track()
    start = 0xFFFFFF00
    order = [0, 2, 1, 4, 3]
    placed = {n: track.place(1, start + 160 * n & 0xFFFFFFFF, 160, False, 160 * (n + 1) + 200) for n in order}
    assert [placed[n] - placed[0] for n in range(5)] == [0, 160, 320, 480, 640]


def test_pause_keeps_its_length() -> None:
    track = Track()
    track.place(1, 0, 160, False, 160)
    assert track.place(1, 24000, 160, True, 24160) == 24000


def test_sender_whose_clock_stood_still_in_the_pause() -> None:
    """Timestamp goes on as if nothing was, but three seconds have passed: the arrival counts."""
    track = Track()
    track.place(1, 0, 160, False, 160)
    assert track.place(1, 160, 160, True, 24160) == 24000


def test_new_ssrc_and_jumping_timestamps_start_at_the_arrival() -> None:
    track = Track()
    track.place(1, 0, 160, False, 160)
    assert track.place(2, 777_777, 160, False, 8160) == 8000
    assert track.place(2, 3, 160, False, 16160) == 16000


def test_burst_after_a_stall_of_the_network_keeps_its_order() -> None:
    track = Track()
    track.place(1, 0, 160, False, 160)
    positions = [track.place(1, 160 * n, 160, False, 8000) for n in range(1, 40)]
    assert positions == [160 * n for n in range(1, 40)]


@given(st.sampled_from([-300e-6, -100e-6, 100e-6, 300e-6]))
def test_drift_of_the_senders_clock_is_followed(drift: float) -> None:
    """Ten minutes of a clock that is off by up to 300 ppm: 180 ms if nobody looked."""
    track = Track()
    worst = 0
    for n in range(30_000):
        arrived = 160 + int(160 * n * (1 + drift))
        worst = max(worst, abs(track.place(1, 160 * n, 160, False, arrived) - (arrived - 160)))
    # It is seen at the end of a window, and grows for another before it is put right.
    assert worst <= DRIFT_TOLERANCE + 2 * DRIFT_WINDOW * 300e-6 + 1


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.integers(0, 0xFFFFFFFF),
            st.integers(0, 480),
            st.booleans(),
            st.integers(0, 900),
        ),
        max_size=80,
    )
)
def test_no_timestamp_moves_sound_far_from_its_arrival(
    packets: list[tuple[int, int, int, bool, int]],
) -> None:
    track = Track()
    arrived = 0
    for ssrc, timestamp, size, marker, pause in packets:
        arrived += pause
        position = track.place(ssrc, timestamp, size, marker, arrived)
        assert -2 * RATE <= position - (arrived - size) <= RATE // 5


def test_gaps_are_silence() -> None:
    buffer = SoundBuffer()
    buffer.put(1, b"ab")
    buffer.put(4, b"c")
    assert buffer.take(6) == bytes((SILENT, ord("a"), ord("b"), SILENT, ord("c"), SILENT))
    assert buffer.base == 6


def test_what_comes_after_its_place_was_taken_is_cut_off() -> None:
    buffer = SoundBuffer(base=2)
    buffer.put(0, b"abc")
    assert buffer.take(4) == b"c" + bytes((SILENT,))


def test_buffer_is_bounded() -> None:
    buffer = SoundBuffer()
    buffer.put(MAX_PENDING - 1, b"a")
    buffer.put(MAX_PENDING, b"b")
    assert buffer.take(MAX_PENDING + 5).rstrip(bytes((SILENT,)))[-1:] == b"a"
    assert buffer.take(0) == b""


@given(st.lists(st.tuples(st.integers(-50, 400), st.binary(max_size=40)), max_size=30))
def test_buffer_gives_as_much_as_is_asked_for_whatever_was_put(puts: list[tuple[int, bytes]]) -> None:
    buffer = SoundBuffer()
    taken = 0
    for n, (position, sound) in enumerate(puts):
        buffer.put(position, sound)
        taken += len(buffer.take(n * 10))
    assert taken == max(0, (len(puts) - 1) * 10)
