"""Whatever operators and destinations do, no caller who waits is hung up on, and nothing stays behind."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import structlog
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.calls.desk import Desk, FakeLeg

from ntpd112.journal.events import CallConnected, CallEnded, CallStarted, PartyJoined, StateRepaired

OPERATORS = ("ani", "budi")
OUTSIDE = ("polres", "polda", "neighbour")
LADDER: list[dict[str, Any]] = [
    {"after": 5.0, "any": True},
    {"after": 10.0, "to": "police"},
    {"after": 12.0, "to": "second", "announce": ""},
    {"after": 12.0, "to": "sip:nobody@[2001:db8::9]"},
]
SECOND = {
    "name": "second",
    "numbers": ["1"],
    "answer": "announce",
    "ladder": [{"after": 20.0, "to": "112"}, {"after": 30.0, "to": "neighbour", "ring": 5.0}],
}
DESTINATIONS = [
    {"name": "police", "kind": "centre", "to": ["sip:polres@192.0.2.5", "sip:polda@192.0.2.6"]},
    {"name": "neighbour", "kind": "centre", "to": "sip:neighbour@192.0.2.7"},
]
PICK = st.integers(0, 9)
CODES = st.sampled_from([486, 503, 603])


class Night(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.logged = self._stack.enter_context(structlog.testing.capture_logs())
        self.desk = Desk(
            ladder=LADDER,
            skills={"medical": 1},
            max_waiting=2,
            periodic_every=7.0,
            also={"destination": DESTINATIONS, "queue": [SECOND]},
        )
        self.desk.control.start(self.desk.now)
        self.callers: list[FakeLeg] = []

    def ringing(self) -> list[str]:
        return sorted({leg.user for leg in self.desk.rung if not leg.over and leg.remote is None})

    def talking(self) -> list[FakeLeg]:
        return [party.leg for call in self.desk.context.calls.values() for party in call.parties]  # type: ignore[misc]

    @rule(late=st.booleans())
    def call(self, late: bool) -> None:
        caller = self.desk.call(late_offer=late)
        if late and not caller.over:
            self.desk.acknowledge(caller)
        self.callers.append(caller)

    @rule(operator=st.sampled_from(OPERATORS), medical=st.integers(0, 1))
    def register(self, operator: str, medical: int) -> None:
        self.desk.register(operator, medical=medical)
        self.desk.pass_time(0.0)

    @rule(operator=st.sampled_from(OPERATORS))
    def unregister(self, operator: str) -> None:
        if self.desk.acd.operator(operator) is not None:
            self.desk.unregister(operator)

    @precondition(lambda self: self.ringing())
    @rule(pick=PICK)
    def pick_up(self, pick: int) -> None:
        ringing = self.ringing()
        leg = self.desk.phones(ringing[pick % len(ringing)])[-1]
        if leg.remote is None:
            self.desk.pick_up(leg.user, self.desk.phones(leg.user).index(leg))

    @precondition(lambda self: self.ringing())
    @rule(pick=PICK, code=CODES)
    def refuse(self, pick: int, code: int) -> None:
        ringing = self.ringing()
        legs = [leg for leg in self.desk.phones(ringing[pick % len(ringing)]) if leg.remote is None]
        self.desk.refuse_leg(legs[0], code)

    @precondition(lambda self: self.talking())
    @rule(pick=PICK)
    def other_side_hangs_up(self, pick: int) -> None:
        legs = self.talking()
        self.desk.hang_up(legs[pick % len(legs)])

    @precondition(lambda self: self.desk.context.calls)
    @rule(pick=PICK)
    def caller_leaves(self, pick: int) -> None:
        legs: list[Any] = [call.leg for call in self.desk.context.calls.values()]
        self.desk.hang_up(legs[pick % len(legs)])

    @rule(seconds=st.sampled_from([0.5, 2.0, 5.0, 10.0, 30.0]))
    def pass_time(self, seconds: float) -> None:
        """In steps, as timers come."""
        until = self.desk.now + seconds
        while (due := self.desk.control.next_timer()) is not None and due < until:
            self.desk.pass_time(max(0.0, due - self.desk.now))
        self.desk.pass_time(until - self.desk.now)

    @precondition(lambda self: self.desk.context.calls)
    @rule(pick=PICK)
    def prompt_ends(self, pick: int) -> None:
        media: list[Any] = [call.media for call in self.desk.context.calls.values()]
        leg = media[pick % len(media)]
        if leg.hears not in ("", "ringback", "hold"):
            self.desk.prompt_ends(leg.id)

    @rule(exhausted=st.sampled_from([False, False, True]))
    def ports_run_out(self, exhausted: bool) -> None:
        self.desk.media.exhausted = exhausted

    @invariant()
    def nobody_who_waits_is_hung_up_on(self) -> None:
        reached = {e.call_id for e in self.desk.all_of(CallConnected) + self.desk.all_of(PartyJoined)}
        for end in self.desk.all_of(CallEnded):
            refused = end.disposition == "rejected"
            assert end.disposition == "abandoned" or end.call_id in reached or refused, end

    @invariant()
    def who_waits_hears_something_and_is_known_to_the_acd(self) -> None:
        for call in self.desk.context.calls.values():
            media: Any = call.media
            assert (self.desk.acd.call(call.id) is None) == bool(call.parties)
            assert call.parties or media.hears
            dialled = [ring for ring in call.rings.values() if ring.attempt is not None]
            assert len(dialled) <= 1, "one destination rings at a time"
            assert not (call.parties and call.rings)

    @invariant()
    def the_watchdog_and_the_acd_find_nothing(self) -> None:
        assert not self.desk.all_of(StateRepaired)
        assert self.desk.acd.audit(self.desk.now) == []

    def teardown(self) -> None:
        with self._stack:
            for call in list(self.desk.context.calls.values()):
                leg: Any = call.leg
                self.desk.hang_up(leg)
            assert len(self.desk.all_of(CallStarted)) == len(self.desk.all_of(CallEnded))
            assert self.desk.media.open_legs() == 0
            assert not self.desk.context.legs
            assert all(leg.over for leg in self.desk.rung + self.callers)
            faults = [entry for entry in self.logged if entry.get("exc_info")]
            assert not faults, faults


TestNight = Night.TestCase
TestNight.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
