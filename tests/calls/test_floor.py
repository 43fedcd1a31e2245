"""Operators press keys in any order while callers come and go: nothing leaks, nobody stays busy for ever."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.calls.desk import REMOTE, FakeLeg
from tests.calls.floor import Floor

from ntpd112.calls.lines import MAX_S
from ntpd112.calls.whom import Unreachable
from ntpd112.journal.events import CallEnded, CallStarted
from ntpd112.media.events import PlayEnded
from ntpd112.queue import StateConflict
from ntpd112.sip.events import Answered, Cause, Ended, Failed

OPERATORS = ["siti", "budi", "rina"]
NUMBERS = ["*10", "*11", "*12", "*21", "*30", "*40", "*51", "*53siti", "110", "112", "budi", "siti", "999"]
CALLERS = ["08121111111", "08122222222", "anonymous"]
LONG_S = 3_600.0


class Keys(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.desk = Floor()
        self.legs: list[FakeLeg] = []
        "That people have begun."
        for operator in OPERATORS:
            self.desk.register(operator, **({"supervisor": 1} if operator == "rina" else {}))

    def open_legs(self) -> list[FakeLeg]:
        return [leg for leg in (*self.legs, *self.desk.rung) if not leg.over]

    def ringing(self) -> list[FakeLeg]:
        return [leg for leg in self.desk.rung if not leg.over and leg.remote is None]

    def playing(self) -> list[int]:
        """Media that is played something with an end."""
        legs = self.desk.media.legs
        return [
            leg.id for leg in legs if not leg.closed and leg.hears not in ("", "ringback", "hold", "busy")
        ]

    # --- what people do

    @rule(number=st.sampled_from(CALLERS))
    def somebody_calls(self, number: str) -> None:
        self.legs.append(self.desk.call(headers={"from": [f"<sip:{number}@pbx>;tag=a"]}))

    @rule(operator=st.sampled_from(OPERATORS), number=st.sampled_from(NUMBERS))
    def an_operator_dials(self, operator: str, number: str) -> None:
        self.legs.append(self.desk.dial(operator, number))

    @rule(operator=st.sampled_from(OPERATORS))
    def a_console_calls_back(self, operator: str) -> None:
        for entry in self.desk.callbacks()[:1]:
            with suppress(StateConflict, Unreachable):
                self.desk.control.callbacks.from_console(entry.id, operator, self.desk.now)
        self.desk.happen()

    @precondition(lambda self: self.ringing())
    @rule(data=st.data(), code=st.sampled_from([200, 200, 486, 480, 503]))
    def a_phone_is_answered_or_not(self, data: st.DataObject, code: int) -> None:
        leg = data.draw(st.sampled_from(self.ringing()), "phone")
        if code == 200:
            leg.remote = REMOTE
            self.desk.happen(Answered(leg))  # type: ignore[arg-type]
        else:
            leg.over = True
            self.desk.happen(Failed(leg, Cause(code)))  # type: ignore[arg-type]

    @precondition(lambda self: self.open_legs())
    @rule(data=st.data(), lost=st.booleans())
    def a_phone_hangs_up_or_is_lost(self, data: st.DataObject, lost: bool) -> None:
        leg = data.draw(st.sampled_from(self.open_legs()), "phone")
        if not leg.inbound and leg.remote is None:
            return  # rings: see above
        leg.over = True
        cause = Cause(408, 102) if lost else Cause(0)
        self.desk.happen(Ended(leg, "lost" if lost else "remote", cause))  # type: ignore[arg-type]

    @precondition(lambda self: self.playing())
    @rule(data=st.data())
    def a_prompt_ends(self, data: st.DataObject) -> None:
        media = data.draw(st.sampled_from(self.playing()), "media")
        self.desk.media.pending.append(PlayEnded(media, ""))
        self.desk.happen()

    @rule(operator=st.sampled_from(OPERATORS))
    def a_phone_registers_anew(self, operator: str) -> None:
        self.desk.unregister(operator)
        self.desk.register(operator, **({"supervisor": 1} if operator == "rina" else {}))

    @rule(seconds=st.sampled_from([0.5, 6.0, MAX_S, LONG_S]))
    def time_passes(self, seconds: float) -> None:
        self.desk.pass_time(seconds)

    # --- what always holds

    @invariant()
    def who_is_busy_is_so_with_something(self) -> None:
        calls, lines = self.desk.context.calls, self.desk.busy_lines()
        for operator in self.desk.acd.operators():
            if operator.state == "talking":
                assert operator.call_id in calls or operator.id in lines

    @invariant()
    def media_is_of_a_call_or_a_line(self) -> None:
        owned = {id for call in self.desk.context.calls.values() for id in call.sounds}
        open_media = {leg.id for leg in self.desk.media.legs if not leg.closed}
        assert owned <= open_media
        assert len(open_media - owned) == len(self.desk.busy_lines())

    @invariant()
    def each_call_has_one_beginning_and_at_most_one_end(self) -> None:
        begun = [event.call_id for event in self.desk.all_of(CallStarted)]
        over = [event.call_id for event in self.desk.all_of(CallEnded)]
        assert len(set(begun)) == len(begun)
        assert len(set(over)) == len(over)
        assert set(begun) - set(over) == self.desk.context.calls.keys()

    @invariant()
    def no_mistake_of_ours_ended_a_call(self) -> None:
        assert not [end for end in self.desk.all_of(CallEnded) if end.reason == "internal error"]

    def teardown(self) -> None:
        """When all have hung up and the last prompt is over, everybody is free."""
        for leg in self.open_legs():
            if not leg.over and (leg.inbound or leg.remote is not None):
                self.desk.hang_up(leg)
        for _ in range(3):  # a citizen's phone rings out; the operator hears so; wrap-up
            self.desk.pass_time(LONG_S)
        assert not self.desk.context.calls
        assert self.desk.media.open_legs() == 0
        assert not [o.id for o in self.desk.acd.operators() if o.state in ("talking", "ringing")]


TestKeys = Keys.TestCase
TestKeys.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
