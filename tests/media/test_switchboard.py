"""The worker's bookkeeping without its loop: nothing is left of a call that has ended."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from ntpd112.media import protocol as p
from ntpd112.media.events import Closed

from .board import FIRST_PORT, Board, remote


@pytest.fixture
def board() -> Iterator[Board]:
    board = Board()
    yield board
    board.switchboard.stop()


def test_closed_legs_are_freed_without_the_garbage_collector(board: Board, tmp_path: Path) -> None:
    """The worker runs with the collector switched off."""
    gc.collect()
    gc.disable()
    try:
        board.do(p.Open(1, FIRST_PORT, 4, "PCMA"), p.Open(2, FIRST_PORT + 2, 4, "PCMU"), remote(1), remote(2))
        legs = [weakref.ref(leg) for leg in board.switchboard._legs.values()]
        board.do(
            p.Play(1, "id", ["wait"], False),
            p.Record(str(tmp_path / "a.wav"), 1),
            p.Join(1, 2),
            p.Close(2),
            p.Close(1),
        )
        assert [leg() for leg in legs] == [None, None]
    finally:
        gc.enable()
    assert board.handlers == {}
    assert [report.leg for report in board.told if isinstance(report, Closed)] == [2, 1]


@pytest.mark.parametrize("caller_first", [True, False])
def test_ports_and_recordings_of_every_call_come_back(
    board: Board, tmp_path: Path, caller_first: bool
) -> None:
    """Thirty calls over ten port pairs, whoever hangs up first."""
    free: list[int] = []
    for call in range(30):
        free += [port for report in board.told if isinstance(report, p.Ports) for port in report.ports]
        board.told.clear()
        a, b = 2 * call + 1, 2 * call + 2
        board.do(p.Open(a, free.pop(0), 4, "PCMA"), p.Open(b, free.pop(0), 4, "PCMA"), remote(a), remote(b))
        board.do(p.Join(a, b), p.Record(str(tmp_path / f"{call}.wav"), a))
        board.do(*(p.Close(leg) for leg in ((a, b) if caller_first else (b, a))))
        assert len([report for report in board.told if isinstance(report, Closed)]) == 2
        board.switchboard.tick(call + 1)
    assert board.switchboard._legs == {}
    assert len(board.switchboard._recordings) == 0
    assert board.switchboard._playing == set()


def test_joining_another_leaves_the_former_partner(board: Board) -> None:
    for leg in (1, 2, 3):
        board.do(p.Open(leg, FIRST_PORT + 2 * leg - 2, 4, "PCMA"), remote(leg))
    board.do(p.Join(1, 2), p.Join(1, 3))
    assert board.heard() == {1: {3}, 2: set(), 3: {1}}
    board.do(p.Unjoin(1, 2))
    assert board.heard() == {1: {3}, 2: set(), 3: {1}}
    board.do(p.Unjoin(1, 3))
    assert board.heard() == {1: set(), 2: set(), 3: set()}


def test_leg_joined_to_itself_hears_nothing(board: Board) -> None:
    board.do(p.Open(1, FIRST_PORT, 4, "PCMA"), p.Join(1, 1))
    assert board.heard() == {1: set()}


@pytest.mark.parametrize("host", ["sip.example.org", "0.0.0.0", "::1", "", "192.0.2.1:5"])
def test_address_that_cannot_be_used_is_never_sent_to(board: Board, host: str) -> None:
    board.do(p.Open(1, FIRST_PORT, 4, "PCMA"))
    board.do(p.Remote(1, host, 4000, 4001, "PCMA", 8, 101, True))
    assert board.switchboard._legs[1].target is None
