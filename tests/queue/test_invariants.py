"""Whatever happens in whatever order, the ACD keeps its promises.

The machine plays phones, callers, supervisors and the clock against the ACD; `watcher.py` follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from random import Random
from typing import Literal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.queue.watcher import Caller, Watcher

from ntpd112.queue import Acd, Ask, LadderStep, Lane, OperatorSpec, QueuePolicy, StateConflict
from ntpd112.queue.states import SERVING, SettledState

OPERATORS = ("ani", "budi", "citra", "dewi")
SKILLS: st.SearchStrategy[dict[str, int]] = st.just({}) | st.dictionaries(
    st.sampled_from(["medical", "english", "reserve"]), st.integers(0, 2), max_size=2
)
NEEDS: st.SearchStrategy[dict[str, int]] = st.just({}) | st.dictionaries(
    st.sampled_from(["medical", "english"]), st.integers(0, 2), max_size=2
)
NOTHING: st.SearchStrategy[dict[str, int]] = st.just({})
LANES: st.SearchStrategy[Lane] = st.sampled_from(["normal", "normal", "normal", "quiet", "held", "lifted"])
LADDER = (
    LadderStep(after=4.0, drop=frozenset({"english"})),
    LadderStep(after=9.0, any=True, to=True),
    LadderStep(after=20.0, include=frozenset({"reserve", "supervisor"})),
    LadderStep(after=20.0, to=True),
)
POLICIES = {
    "112": QueuePolicy("112", ring_timeout=15.0, wrap_up=10.0, ageing=2.0, ladder=LADDER, longest_wait=12.0),
    "quick": QueuePolicy(
        "quick", ring_timeout=5.0, wrap_up=0.0, decline_pause=0.0, ageing=2.0, max_waiting=2
    ),
    "all": QueuePolicy("all", 5.0, 1.0, ageing=2.0, strategy="ring-all", ladder=LADDER[1:2]),
    "more": QueuePolicy("more", 15.0, 1.0, ageing=2.0, strategy="progressive", ring_step=2.0),
    "random": QueuePolicy("random", 15.0, 1.0, ageing=2.0, strategy="random"),
}


class CallCentre(RuleBasedStateMachine):
    queues: Sequence[str] = sorted(POLICIES)
    skills: st.SearchStrategy[dict[str, int]] = SKILLS
    needs: st.SearchStrategy[dict[str, int]] = NEEDS
    supervised = True
    "Whether supervisors and the directory take part."

    def __init__(self) -> None:
        super().__init__()
        self.watch = Watcher()
        self.acd = Acd(Random(1))
        for policy in POLICIES.values():
            self.acd.set_queue(policy)
        self.calls = self.lines = 0
        self.answered: dict[str, Caller] = {}

    @property
    def now(self) -> float:
        return self.watch.now

    def follow(self) -> None:
        self.watch.follow(self.acd.effects())

    # --- the directory and phones

    @precondition(lambda self: self.supervised)
    @rule(operator=st.sampled_from(OPERATORS), data=st.data())
    def operator_learns(self, operator: str, data: st.DataObject) -> None:
        self.set_operator(operator, data.draw(self.skills))

    def set_operator(self, operator: str, skills: dict[str, int]) -> None:
        self.watch.skills[operator] = skills
        self.watch.states.setdefault(operator, "offline")
        self.acd.set_operator(OperatorSpec(operator, operator, skills), self.now)
        self.follow()

    @initialize(present=st.integers(2, 4), data=st.data())
    def morning_shift(self, present: int, data: st.DataObject) -> None:
        for operator in OPERATORS[:present]:
            self.set_operator(operator, data.draw(self.skills))
            self.watch.phones.add(operator)
            self.acd.phone_available(operator, self.now)
        self.follow()

    @precondition(lambda self: self.watch.skills)
    @rule(data=st.data())
    def phone_registers(self, data: st.DataObject) -> None:
        operator = data.draw(st.sampled_from(sorted(self.watch.skills)))
        self.watch.phones.add(operator)
        self.acd.phone_available(operator, self.now)
        self.follow()

    @precondition(lambda self: self.watch.phones)
    @rule(data=st.data())
    def phone_is_lost(self, data: st.DataObject) -> None:
        operator = data.draw(st.sampled_from(sorted(self.watch.phones)))
        self.watch.phones.discard(operator)
        self.acd.phone_lost(operator, self.now, "unreachable")
        self.follow()

    @precondition(lambda self: self.watch.skills)
    @rule(data=st.data(), wanted=st.sampled_from(["ready", "ready", "break", "offline"]))
    def state_is_asked_for(self, data: st.DataObject, wanted: SettledState) -> None:
        operator = data.draw(st.sampled_from(sorted(self.watch.skills)))
        try:
            self.acd.request_state(operator, wanted, self.now, "api")
        except StateConflict:
            assert operator not in self.watch.phones
        self.follow()

    @precondition(lambda self: self.supervised and self.watch.skills)
    @rule(data=st.data())
    def operator_is_removed(self, data: st.DataObject) -> None:
        watch = self.watch
        operator = data.draw(st.sampled_from(sorted(watch.skills)))
        self.acd.remove_operator(operator, self.now)
        if operator in watch.talks or operator in watch.lines:
            self.follow()
            self.acd.set_operator(OperatorSpec(operator, operator, watch.skills[operator]), self.now)
            return
        assert self.acd.operator(operator) is None
        self.follow()
        watch.phones.discard(operator)
        watch.idle = [other for other in watch.idle if other != operator]
        del watch.skills[operator], watch.states[operator]

    # --- callers

    @rule(
        data=st.data(),
        priority=st.integers(0, 2),
        lane=LANES,
        earlier=st.sampled_from([0.0, 0.0, 6.0, 30.0]),
        wish=st.sampled_from(["", "ani", "budi"]),
        incident=st.booleans(),
    )
    def call_arrives(
        self,
        data: st.DataObject,
        priority: int,
        lane: Lane,
        earlier: float,
        wish: str,
        incident: bool,
    ) -> None:
        self.calls += 1
        ask = Ask(
            call_id=f"call{self.calls}",
            queue=data.draw(st.sampled_from(self.queues)),
            priority=priority,
            skills=data.draw(self.needs),
            prefer=data.draw(self.needs),
            since=self.now - earlier,
            wish=wish,
            lane=lane,
            incident=incident,
        )
        self.enqueue(ask)

    def enqueue(self, ask: Ask) -> None:
        self.calls += 1
        assert ask.since is not None
        policy = POLICIES[ask.queue]
        self.watch.callers[ask.call_id] = Caller(
            policy=policy,
            priority=ask.priority,
            since=ask.since,
            arrival=self.calls,
            needs={skill: level for skill, level in ask.skills.items() if level > 0},
            prefer=dict(ask.prefer),
            lane=ask.lane,
            incident=ask.incident,
            wish=ask.wish,
            excluded=set(policy.roles),
            refused=set(ask.declined),
            offers=ask.offers,
        )
        self.acd.enqueue(ask, self.now)
        self.follow()

    @precondition(lambda self: self.watch.callers)
    @rule(data=st.data())
    def caller_hangs_up(self, data: st.DataObject) -> None:
        call = self.draw_call(data)
        del self.watch.callers[call]
        self.acd.withdraw(call, self.now)
        self.follow()
        assert call not in self.watch.rings.values(), "rings for a caller who has left"

    def draw_call(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.watch.callers)))

    # --- operators at their phones

    @precondition(lambda self: self.watch.rings)
    @rule(data=st.data())
    def operator_answers(self, data: st.DataObject) -> None:
        watch = self.watch
        operator = data.draw(st.sampled_from(sorted(watch.rings)))
        call = watch.talks[operator] = watch.rings.pop(operator)
        self.answered[call] = watch.callers.pop(call)
        self.acd.offer_accepted(call, operator, self.now)
        self.follow()
        assert call not in watch.rings.values(), "rings on although it was answered"

    @precondition(lambda self: self.watch.rings)
    @rule(data=st.data(), outcome=st.sampled_from(["declined", "failed"]))
    def operator_declines(self, data: st.DataObject, outcome: Literal["declined", "failed"]) -> None:
        operator = data.draw(st.sampled_from(sorted(self.watch.rings)))
        call = self.watch.rings.pop(operator)
        caller = self.watch.callers[call]
        del caller.rings[operator]
        caller.refused.add(operator)
        self.acd.offer_declined(call, operator, self.now, outcome)
        self.follow()

    @precondition(lambda self: self.queue_talks())
    @rule(data=st.data(), again=st.sampled_from(["no", "no", "before", "after"]))
    def call_ends_or_waits_again(self, data: st.DataObject, again: str) -> None:
        """A transfer to the queue, or an operator who was lost."""
        operator = data.draw(st.sampled_from(self.queue_talks()))
        call = self.watch.talks.pop(operator)
        caller = self.answered.pop(call, None)
        if caller is not None and again == "before":
            self.requeue(call, caller)
        self.acd.call_finished(call, operator, self.now)
        self.follow()
        if caller is not None and again == "after":
            self.requeue(call, caller)

    def queue_talks(self) -> list[str]:
        """Operators who talk in something else than a call of their own."""
        return sorted(one for one, call in self.watch.talks.items() if not call.startswith("line-"))

    def requeue(self, call: str, caller: Caller) -> None:
        ask = Ask(
            call_id=call,
            queue="112",
            priority=caller.priority,
            since=caller.since,
            lane="lifted",
            offers=caller.offers,
            declined=dict.fromkeys(caller.refused, "declined"),
        )
        self.enqueue(ask)

    @precondition(lambda self: self.supervised and self.watch.states)
    @rule(data=st.data())
    def operator_is_engaged(self, data: st.DataObject) -> None:
        operator = data.draw(st.sampled_from(sorted(self.watch.states)))
        possible = self.watch.states[operator] in ("ready", "break", "wrap-up")
        try:
            self.acd.engage(operator, "elsewhere", self.now, "call-back")
        except StateConflict:
            assert not possible
        else:
            assert possible
            self.watch.talks[operator] = "elsewhere"
        self.follow()

    @precondition(lambda self: "elsewhere" in self.watch.talks.values())
    @rule(wrap_up=st.booleans())
    def operators_disengage(self, wrap_up: bool) -> None:
        for operator in [one for one, call in self.watch.talks.items() if call == "elsewhere"]:
            del self.watch.talks[operator]
            self.acd.disengage(operator, self.now, wrap_up)
            self.follow()

    @precondition(lambda self: self.watch.states)
    @rule(data=st.data())
    def operator_calls_somebody(self, data: st.DataObject) -> None:
        operator = data.draw(st.sampled_from(sorted(self.watch.states)))
        self.lines += 1
        line = f"line-{self.lines}"
        self.watch.lines.setdefault(operator, []).append(line)
        self.acd.open_line(operator, line, self.now, "desk")
        self.follow()

    @precondition(lambda self: self.watch.lines)
    @rule(data=st.data(), pick=st.integers(0, 2))
    def operators_line_is_over(self, data: st.DataObject, pick: int) -> None:
        operator = data.draw(st.sampled_from(sorted(self.watch.lines)))
        lines = self.watch.lines[operator]
        line = lines.pop(pick % len(lines))
        if not lines:
            del self.watch.lines[operator]
        self.acd.close_line(operator, line)
        if self.watch.talks.get(operator) == line:
            del self.watch.talks[operator]
            self.acd.disengage(operator, self.now, wrap_up=False)
        self.follow()

    # --- supervisors

    @precondition(lambda self: self.supervised and self.watch.callers)
    @rule(data=st.data(), lane=LANES)
    def lane_is_set(self, data: st.DataObject, lane: Lane) -> None:
        self.acd.set_lane(self.draw_call(data), lane, self.now, "test")
        self.follow()

    @precondition(lambda self: self.supervised and self.watch.callers)
    @rule(data=st.data(), priority=st.integers(0, 4))
    def priority_is_set(self, data: st.DataObject, priority: int) -> None:
        call = self.draw_call(data)
        self.watch.callers[call].priority = priority
        self.acd.set_priority(call, priority, self.now)
        self.follow()

    @precondition(lambda self: self.supervised and self.watch.callers)
    @rule(data=st.data(), needs=NEEDS, prefer=NEEDS)
    def requirement_is_set(self, data: st.DataObject, needs: dict[str, int], prefer: dict[str, int]) -> None:
        call = self.draw_call(data)
        caller = self.watch.callers[call]
        caller.needs = {skill: level for skill, level in needs.items() if level > 0}
        caller.prefer = prefer
        self.acd.set_requirement(call, needs, prefer, self.now)
        self.follow()

    @precondition(lambda self: self.supervised and self.watch.callers and self.watch.states)
    @rule(data=st.data())
    def call_is_pulled(self, data: st.DataObject) -> None:
        call = self.draw_call(data)
        operator = data.draw(st.sampled_from(sorted(self.watch.states)))
        ready = self.watch.states[operator] == "ready"
        with suppress(StateConflict):
            self.acd.pull(call, operator, self.now)
            assert ready
        self.follow()
        if ready:
            assert list(self.watch.callers[call].rings) == [operator]

    @precondition(lambda self: self.supervised and self.watch.callers)
    @rule(data=st.data(), about=st.booleans())
    def incident_is_known(self, data: st.DataObject, about: bool) -> None:
        call = self.draw_call(data)
        self.watch.callers[call].incident = about
        self.acd.set_incident(call, about, self.now)
        self.follow()

    @precondition(lambda self: self.supervised)
    @rule(count=st.integers(0, 2))
    def some_are_kept_free(self, count: int) -> None:
        self.watch.kept_free = count
        self.acd.set_kept_free(count, self.now)
        self.follow()

    @precondition(lambda self: self.supervised and self.watch.callers)
    @rule(data=st.data())
    def call_is_hurried(self, data: st.DataObject) -> None:
        call = self.draw_call(data)
        self.acd.hurry(call, self.now, "test")
        self.follow()
        caller = self.watch.callers[call]
        assert caller.climbed == [n for n, step in enumerate(caller.policy.ladder, 1) if step.to]

    # --- time

    @rule(seconds=st.sampled_from([0.0, 1.0, 4.0, 20.0]))
    def time_passes(self, seconds: float) -> None:
        end = self.now + seconds
        while (due := self.acd.next_timer()) is not None and due <= end:
            self.watch.now = max(self.now, due)
            self.acd.handle_timer(self.now)
            self.follow()
        self.watch.now = end

    # --- what always holds

    @invariant()
    def the_books_agree(self) -> None:
        assert self.acd.audit(self.now) == []

    @invariant()
    def lanes_are_counted_as_the_calls_are(self) -> None:
        calls = [call for one in self.acd.known() if (call := self.acd.call(one)) is not None]
        waiting = Counter((call.queue, call.lane) for call in calls if call.state == "waiting")
        assert self.acd.lanes() == waiting
        for queue in {call.queue for call in calls}:
            lanes = self.acd.load(queue, self.now).lanes
            assert lanes == Counter(call.lane for call in calls if call.queue == queue)

    @invariant()
    def no_call_is_lost_and_all_wait_in_order(self) -> None:
        waiting, watch = [call.call_id for call in self.acd.waiting()], self.watch
        assert waiting == sorted(watch.waiting(), key=lambda call: watch.callers[call].place)
        assert self.acd.ringing() == {c: caller.rings for c, caller in watch.callers.items() if caller.rings}
        assert self.acd.talking() == watch.talks

    @invariant()
    def nobody_fit_is_free_while_a_call_waits(self) -> None:
        for caller in self.watch.waiting().values():
            kept = caller.incident and len(self.watch.ready()) <= self.watch.kept_free
            assert caller.lane == "held" or kept or not self.watch.free_for(caller)

    @invariant()
    def nobody_fit_is_free_while_a_call_rings_all(self) -> None:
        for caller in self.watch.callers.values():
            ring_all = caller.policy.strategy == "ring-all" and caller.lane != "held"
            if ring_all and caller.rings and not caller.incident and not caller.pulled:
                assert set(self.watch.free_for(caller)) <= caller.refused

    @invariant()
    def states_tell_the_truth(self) -> None:
        watch = self.watch
        for operator in self.acd.operators():
            assert operator.state == watch.states[operator.id]
            assert (operator.state == "ringing") == (operator.id in watch.rings)
            assert (operator.state == "talking") == (operator.id in watch.talks)
            if operator.state in ("ready", "ringing", "wrap-up"):
                assert operator.id in watch.phones
        serving = [state for state in watch.states.values() if state not in ("offline", "break")]
        assert self.acd.anyone_serving() == bool(serving)

    @invariant()
    def every_call_climbs_in_time(self) -> None:
        for caller in self.watch.callers.values():
            steps = [(n, step.after) for n, step in enumerate(caller.policy.ladder, 1) if step.to]
            assert caller.climbed == [n for n, _ in steps[: len(caller.climbed)]]
            deserted = not self.acd.anyone_serving()
            due = [n for n, after in steps if deserted or caller.since + after < self.now]
            assert len(caller.climbed) >= len(due)

    @invariant()
    def who_waits_for_nobody_has_been_hurried(self) -> None:
        """As far as somebody who serves, or a destination, or the ladder's end."""
        for call, caller in self.watch.waiting().items():
            serve = (one for one, state in self.watch.states.items() if state in SERVING)
            if caller.lane == "held" or any(caller.accepts(self.watch.skills[one]) for one in serve):
                continue
            view = self.acd.call(call)
            assert view is not None
            assert caller.climbed or view.step == len(caller.policy.ladder)

    @invariant()
    def loads_add_up(self) -> None:
        loads = [self.acd.load(queue, self.now) for queue in POLICIES]
        callers = self.watch.callers.values()
        assert sum(load.waiting for load in loads) == len(self.watch.waiting())
        assert sum(load.ringing for load in loads) == sum(bool(caller.rings) for caller in callers)
        assert sum(load.talking for load in loads) == len(
            [call for call in self.watch.talks.values() if call.startswith("call")]
        )
        first = min((caller.since for caller in callers), default=self.now)
        assert max(load.longest_wait_s for load in loads) == self.now - first


class RingingSeveral(CallCentre):
    """Only queues that ring several at once, everybody fit, no supervisor: deeper into races of phones."""

    queues = ("all", "more")
    skills = NOTHING
    needs = NOTHING
    supervised = False


class RingingOne(CallCentre):
    """Only queues that ring one after another."""

    queues = ("112", "quick")
    skills = NOTHING
    needs = NOTHING
    supervised = False


TestCallCentre = CallCentre.TestCase
TestRingingSeveral = RingingSeveral.TestCase
TestRingingOne = RingingOne.TestCase
for case in (TestCallCentre, TestRingingSeveral, TestRingingOne):
    case.settings = settings(
        max_examples=200, stateful_step_count=50, deadline=None, report_multiple_bugs=False
    )
