"""Reception statistics (RFC 3550 A.1, A.3, A.8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntpd112.media.reception import Reception


def receive(sequences: list[int], *, ssrc: int = 7, first: float = 0.0) -> Reception:
    reception = Reception()
    for sequence in sequences:
        reception.take(ssrc, sequence & 0xFFFF, sequence * 160 & 0xFFFFFFFF, first + sequence * 0.02)
    return reception


@given(st.integers(0, 0xFFFF), st.sets(st.integers(1, 298)), st.randoms())
def test_loss_is_what_was_left_out(start: int, left_out: set[int], random: object) -> None:
    """From any first number, over the wrap; first and last arrive, so that everything between is known."""
    reception = receive([start + n for n in range(300) if n not in left_out])
    assert (reception.packets, reception.lost) == (300 - len(left_out), len(left_out))


@given(st.lists(st.integers(0, 20), min_size=100, max_size=100))
def test_reordered_packets_are_not_lost(delays: list[int]) -> None:
    order = [0, *sorted(range(1, 100), key=lambda n: n + delays[n]), 100]
    assert receive(order).lost == 0


def test_duplicates_never_make_loss_negative() -> None:
    assert receive([1, 2, 2, 2, 3]).lost == 0


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)), max_size=60)
)
def test_figures_stay_sane_whatever_arrives(packets: list[tuple[int, int, int]]) -> None:
    reception = Reception()
    for n, (ssrc, sequence, timestamp) in enumerate(packets):
        reception.take(ssrc, sequence, timestamp, n * 0.02)
    assert reception.packets == len(packets)
    assert reception.lost >= 0
    assert 0 <= reception.jitter_ms < 2000
    block = reception.report()
    assert (block is None) == (not packets)


def test_new_ssrc_adds_up() -> None:
    reception = receive([1, 2, 4])
    for sequence in (900, 902, 903):
        reception.take(8, sequence, sequence * 160, 1.0)
    assert (reception.packets, reception.lost) == (6, 2)


def test_restarted_sender_is_not_a_huge_loss() -> None:
    reception = receive([1, 2, 3])
    for sequence in range(30000, 30010):
        reception.take(7, sequence, sequence * 160, 1.0)
    assert (reception.packets, reception.lost) == (13, 0)


def test_even_arrival_has_no_jitter() -> None:
    assert receive(list(range(500))).jitter_ms == pytest.approx(0, abs=1e-6)


def test_jitter_of_alternating_delay() -> None:
    """Every second packet 5 ms late: the difference is always 5 ms, which the estimate approaches."""
    reception = Reception()
    for n in range(500):
        reception.take(7, n, n * 160, n * 0.02 + (0.005 if n % 2 else 0.0))
    assert reception.jitter_ms == pytest.approx(5, rel=0.01)


def test_jump_of_the_timestamp_is_no_jitter() -> None:
    reception = receive(list(range(100)))
    reception.take(7, 100, 0xF0000000, 2.0)
    assert reception.jitter_ms < 0.01


def test_report_counts_loss_since_the_last_one() -> None:
    reception = receive([1, 2, 3, 4])
    first = reception.report()
    for sequence in (7, 8):
        reception.take(7, sequence, sequence * 160, sequence * 0.02)
    second = reception.report()
    assert first is not None
    assert second is not None
    assert (first.fraction_lost, first.lost) == (0, 0)
    assert (second.fraction_lost, second.lost, second.highest) == (128, 2, 8)


def test_extended_highest_counts_wraps() -> None:
    reception = receive(list(range(65530, 65545)))
    block = reception.report()
    assert block is not None
    assert block.highest == 65544
    assert reception.lost == 0
