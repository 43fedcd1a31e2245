"""Who hears whom, whatever is asked for in whatever order: the legs' books agree, and nothing is left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntpd112.media import protocol as p
from ntpd112.media.mixing import MAX_VOICES

from .board import Board

LEGS = range(1, 6)
legs = st.sampled_from(LEGS)
lists = st.lists(legs, max_size=5)
commands: st.SearchStrategy[p.Command] = st.one_of(
    st.builds(p.Hear, legs, lists),
    st.builds(p.Join, legs, legs),
    st.builds(p.Unjoin, legs, legs),
    st.builds(p.Attach, legs, lists),
    st.builds(p.Record, st.just("/dev/null/no.wav"), legs),
    st.builds(p.StopRecording, legs),
    st.builds(p.Close, legs),
)


class Model:
    """The same as plain sets."""

    def __init__(self) -> None:
        self.hears: dict[int, set[int]] = {leg: set() for leg in LEGS}
        self.attached: dict[int, set[int]] = {leg: set() for leg in LEGS}
        self.recorded: set[int] = set()

    def do(self, command: p.Command) -> None:
        hears = self.hears
        match command:
            case p.Hear(leg, sources) if leg in hears:
                hears[leg] = (set(sources) & hears.keys()) - {leg}
            case p.Join(a, b) if {a, b} <= hears.keys():
                for leg in (a, b):
                    for other in hears[leg] - {a, b}:
                        if hears[leg] == {other} and hears[other] == {leg}:
                            hears[other] = set()
                hears[a], hears[b] = {b} - {a}, {a} - {b}
            case p.Unjoin(a, b) if {a, b} <= hears.keys():
                hears[a].discard(b)
                hears[b].discard(a)
            case p.Attach(caller, others) if caller in hears:
                self.attached[caller] = (set(others) & hears.keys()) - {caller}
            case p.Record(_, caller) if caller in hears:
                self.recorded.add(caller)
            case p.StopRecording(caller):
                self.recorded.discard(caller)
            case p.Close(leg) if leg in hears:
                for table in (self.hears, self.attached):
                    del table[leg]
                    for heard in table.values():
                        heard.discard(leg)
                self.recorded.discard(leg)

    def taps_of(self, leg: int) -> int:
        """A jitter buffer, if one who hears several hears it; and each recording that it is in."""
        mixed = any(leg in sources and len(sources) > 1 for sources in self.hears.values())
        right = sum(leg in self.hears[caller] | self.attached[caller] for caller in self.recorded)
        return mixed + right + (leg in self.recorded)


@pytest.fixture(scope="module")
def board() -> Iterator[Board]:
    board = Board()
    yield board
    board.switchboard.stop()


@given(st.lists(commands, max_size=25))
def test_books_agree_after_any_commands(board: Board, wanted: list[p.Command]) -> None:
    board.open(*LEGS)
    open_ = board.switchboard._legs
    model = Model()
    for command in wanted:
        board.do(command)
        model.do(command)
        assert board.heard() == model.hears
        for leg in open_.values():
            assert all(leg in source.listeners for source in leg.sources)
            assert all(leg in listener.sources for listener in leg.listeners)
            assert set(leg.relays) == {other for other in leg.listeners if len(other.sources) == 1}
            assert len(leg.taps) == model.taps_of(leg.id)
    hearing = board.switchboard._hearing
    assert {leg.id for leg in hearing._mixed} == {leg for leg, heard in model.hears.items() if len(heard) > 1}
    board.do(*(p.Close(leg) for leg in list(open_)))
    assert [*hearing._mixed, *hearing._voices, *board.switchboard._recordings._attached] == []
    board.switchboard.tick(1)


def test_more_than_can_be_mixed_are_not_heard() -> None:
    board = Board(port_pairs=40)
    try:
        board.open(*range(1, MAX_VOICES + 3))
        board.do(p.Hear(1, list(range(1, MAX_VOICES + 3))))
        assert board.heard()[1] == set(range(2, MAX_VOICES + 2))
    finally:
        board.switchboard.stop()
