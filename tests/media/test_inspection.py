"""A stranger's stream and loss: what is told of a leg whose packets come."""

from hypothesis import given
from hypothesis import strategies as st

from ntpd112.media.events import Lossy, Replayed, Stranger, Unauthentic
from ntpd112.media.inspection import (
    LOSS_PACKETS,
    LOSS_SPAN_S,
    REPLAYED_PACKETS,
    STRANGE_PACKETS,
    UNAUTHENTIC_PACKETS,
    Inspection,
    Problem,
)

STRANGER = ("203.0.113.9", 999)


def seconds(inspection: Inspection, figures: list[tuple[int, int]]) -> list[Problem]:
    """Received and lost of each second."""
    told, packets, lost = [], 0, 0
    for new, gone in figures:
        packets, lost = packets + new, lost + gone
        told += inspection.second(packets, lost)
    return told


def refuse(inspection: Inspection, times: int) -> None:
    for _ in range(times):
        inspection.refused(STRANGER)


def test_a_second_stream_is_told_once_with_where_it_comes_from() -> None:
    inspection = Inspection(7)
    for expected in ([Stranger(7, *STRANGER)], [], []):
        refuse(inspection, STRANGE_PACKETS)
        assert inspection.second(50, 0) == expected


def test_strays_now_and_then_are_none() -> None:
    inspection = Inspection(7)
    for _ in range(100):
        refuse(inspection, STRANGE_PACKETS - 1)
        assert inspection.second(50, 0) == []


def test_much_loss_is_told_once_with_its_share() -> None:
    assert seconds(Inspection(7), [(45, 5)] * 3 * LOSS_SPAN_S) == [Lossy(7, 10)]


def test_loss_that_begins_late_counts_without_the_good_time_before() -> None:
    good = [(50, 0)] * 60 * LOSS_SPAN_S
    assert seconds(Inspection(7), good + [(40, 10)] * LOSS_SPAN_S) == [Lossy(7, 20)]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 2)), max_size=60))
def test_of_few_packets_or_little_loss_nothing_is_told(figures: list[tuple[int, int]]) -> None:
    few = LOSS_PACKETS // LOSS_SPAN_S - 1
    quiet = [(min(new, few - gone), gone) for new, gone in figures]
    assert seconds(Inspection(7), quiet) == []


def test_wrong_keys_are_told_once_but_not_of_the_few_packets_on_their_way_when_keys_change() -> None:
    inspection = Inspection(7)
    totals = (UNAUTHENTIC_PACKETS - 1, UNAUTHENTIC_PACKETS, UNAUTHENTIC_PACKETS + 50)
    told = [inspection.second(0, 0, unauthentic) for unauthentic in totals]
    assert told == [[], [Unauthentic(7, UNAUTHENTIC_PACKETS)], []]


def test_packets_that_come_again_are_told_once_but_not_of_the_few_that_a_network_doubles() -> None:
    inspection = Inspection(7)
    totals, total = [], 0
    for new in (REPLAYED_PACKETS - 1, REPLAYED_PACKETS - 1, REPLAYED_PACKETS, REPLAYED_PACKETS):
        total += new
        totals.append(inspection.second(0, 0, 0, total))
    assert totals == [[], [], [Replayed(7, 3 * REPLAYED_PACKETS - 2)], []]
