"""The agent's turn: what happens to its clock and its inputs when something in it goes wrong."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from tests.calls.desk import Desk

from ntpd112.app.turn import Turn
from ntpd112.calls import control as control_module
from ntpd112.calls.tally import Tally
from ntpd112.sip.endpoint import NEVER
from ntpd112.sip.events import UnknownUser


class Machine:
    """A turn whose parts write down that they were asked; `broken` ones raise."""

    def __init__(self, *broken: str) -> None:
        self.asked: list[str] = []
        self.broken = broken
        self.settled = [True, True]
        "What call control says of each turn."
        self.rang = asyncio.Event()
        self.due: float | None = asyncio.get_running_loop().time()
        control: Any = SimpleNamespace(
            settle=self.settle,
            handle_timer=lambda now: self.ring(),
            next_timer=lambda: self.due,
        )
        ua: Any = SimpleNamespace(
            handle_timer=lambda now: self.note("sip timers"), next_timer=lambda: None, outgoing=list
        )
        journal: Any = SimpleNamespace(commit=lambda: self.note("commit"))
        media: Any = SimpleNamespace(flush=lambda: self.note("flush"))
        endpoint: Any = SimpleNamespace(send=lambda outgoing: self.note("send"), reading_since=lambda: NEVER)
        self.turn = Turn(control, ua, journal, media, endpoint, Tally())

    def note(self, what: str) -> None:
        self.asked.append(what)
        if what in self.broken:
            raise RuntimeError("injected")

    def settle(self, now: float) -> bool:
        self.note("settle")
        return self.settled.pop(0)

    def ring(self) -> None:
        self.due = None
        self.note("ring times")
        self.rang.set()


async def test_a_fault_in_a_timer_of_sip_does_not_stop_the_ring_times() -> None:
    machine = Machine("sip timers")
    machine.turn.run()
    await asyncio.wait_for(machine.rang.wait(), 5)
    await asyncio.sleep(0)
    assert machine.asked[-4:] == ["settle", "commit", "send", "flush"]


@pytest.mark.parametrize("part", ["settle", "send", "flush"])
async def test_after_a_turn_that_failed_the_clock_goes_on(part: str) -> None:
    machine = Machine(part)
    with pytest.raises(RuntimeError):
        machine.turn.run()
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    await asyncio.wait_for(machine.rang.wait(), 5)


async def test_what_did_not_settle_goes_on_in_the_next_turn() -> None:
    machine = Machine()
    machine.settled, machine.due = [False, True], None
    machine.turn.run()
    await asyncio.sleep(0)
    assert machine.asked.count("settle") == 2


def test_call_control_says_whether_it_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    assert desk.control.settle(desk.now) is True
    monkeypatch.setattr(control_module, "MAX_ROUNDS", 1)
    desk.sip.append(UnknownUser("nobody"))
    assert desk.control.settle(desk.now) is False
    assert desk.control.settle(desk.now) is True
