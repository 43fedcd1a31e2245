"""Whatever happens in whatever order, the ACD keeps its promises.

The machine plays phones, callers, supervisors and the clock against the ACD and follows its effects in a
model of its own: who rings for which call according to what was *said*, so that a promise kept only in the
ACD's own books would not pass.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ntpd112.queue import Acd, CancelOffer, Offer, OperatorSpec, QueuePolicy, StateChanged, StateConflict
from ntpd112.queue.states import SettledState

OPERATORS = ("ani", "budi", "citra", "dewi")
SKILLS: st.SearchStrategy[dict[str, int]] = st.just({}) | st.dictionaries(
    st.sampled_from(["medical", "english"]), st.integers(0, 2), max_size=2
)
POLICIES = {
    "112": QueuePolicy("112", ring_timeout=15.0, wrap_up=10.0),
    "quick": QueuePolicy("quick", ring_timeout=5.0, wrap_up=0.0, decline_pause=0.0),
}
LONGEST_PAUSE = 15.0
"Seconds: the longest ring, wrap-up or decline pause of POLICIES."


def fit(skills: dict[str, int], needed: dict[str, int]) -> bool:
    return all(skills.get(skill, 0) >= level for skill, level in needed.items())


class CallCentre(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.acd = Acd()
        for policy in POLICIES.values():
            self.acd.set_queue(policy)
        self.calls = 0
        self.skills: dict[str, dict[str, int]] = {}
        self.phones: set[str] = set()
        self.place: dict[str, tuple[int, float, int]] = {}
        "Order of every unfinished, unanswered call."
        self.needs: dict[str, dict[str, int]] = {}
        self.rings: dict[str, str] = {}
        "Operator to call, by the effects."
        self.talks: dict[str, str] = {}
        self.states: dict[str, str] = {}
        self.entered: dict[str, float] = {}
        self.idle: list[str] = []
        "Ready operators, the longest idle first; who rings keeps their place for the case of a withdrawal."
        self.offers: dict[str, int] = {}

    # --- the effects, followed in the model

    def follow(self) -> None:
        for effect in self.acd.effects():
            match effect:
                case Offer(call, operator, number):
                    self.check_offer(call, operator)
                    self.offers[call] = self.offers.get(call, 0) + 1
                    assert number == self.offers[call]
                    self.rings[operator] = call
                case CancelOffer(call, operator, number, _):
                    assert self.rings.pop(operator) == call
                    assert number == self.offers[call]
                case StateChanged(operator, previous, state, reason, _):
                    assert self.states[operator] == previous != state
                    self.states[operator] = state
                    self.entered[operator] = self.now
                    self.reorder(operator, state, reason)

    def check_offer(self, call: str, operator: str) -> None:
        assert operator not in self.rings, "offered two calls"
        assert operator not in self.talks, "offered a call while talking"
        assert call not in self.rings.values(), "one call rings two operators"
        assert call in self.place, "offered a call that is over or answered"
        assert operator in self.phones, "offered a call without a phone"
        assert self.states[operator] == "ready"
        assert fit(self.skills[operator], self.needs[call]), "offered to someone unfit"
        rivals = [o for o in self.idle if self.states[o] == "ready" and fit(self.skills[o], self.needs[call])]
        assert rivals[0] == operator, "someone fit was idle for longer"
        ahead = [
            other
            for other in self.place
            if other not in self.rings.values() and fit(self.skills[operator], self.needs[other])
        ]
        assert min(ahead, key=self.place.__getitem__) == call, "another waiting call was first"

    def reorder(self, operator: str, state: str, reason: str) -> None:
        if state == "ready" and reason != "withdrawn":
            self.idle = [other for other in self.idle if other != operator] + [operator]

    # --- what happens

    @rule(operator=st.sampled_from(OPERATORS), skills=SKILLS)
    def set_operator(self, operator: str, skills: dict[str, int]) -> None:
        self.skills[operator] = skills
        self.states.setdefault(operator, "offline")
        self.acd.set_operator(OperatorSpec(operator, operator, skills), self.now)
        self.follow()

    @initialize(skills=st.lists(SKILLS, min_size=2, max_size=3))
    def morning_shift(self, skills: list[dict[str, int]]) -> None:
        for operator, learned in zip(OPERATORS, skills, strict=False):
            self.set_operator(operator, learned)
            self.phones.add(operator)
            self.acd.phone_available(operator, self.now)
        self.follow()

    @precondition(lambda self: self.skills)
    @rule(data=st.data())
    def phone_registers(self, data: st.DataObject) -> None:
        operator = data.draw(st.sampled_from(sorted(self.skills)))
        self.phones.add(operator)
        self.acd.phone_available(operator, self.now)
        self.follow()

    @precondition(lambda self: self.phones)
    @rule(data=st.data())
    def phone_is_lost(self, data: st.DataObject) -> None:
        operator = data.draw(st.sampled_from(sorted(self.phones)))
        self.phones.discard(operator)
        self.acd.phone_lost(operator, self.now, "unreachable")
        self.follow()

    @precondition(lambda self: self.skills)
    @rule(data=st.data(), wanted=st.sampled_from(["ready", "ready", "break", "offline"]))
    def state_is_asked_for(self, data: st.DataObject, wanted: SettledState) -> None:
        operator = data.draw(st.sampled_from(sorted(self.skills)))
        try:
            self.acd.request_state(operator, wanted, self.now, "api")
        except StateConflict:
            assert operator not in self.phones
        self.follow()

    @precondition(lambda self: self.skills)
    @rule(data=st.data())
    def operator_is_removed(self, data: st.DataObject) -> None:
        operator = data.draw(st.sampled_from(sorted(self.skills)))
        self.acd.remove_operator(operator, self.now)
        self.follow()
        if operator in self.talks:
            self.acd.set_operator(OperatorSpec(operator, operator, self.skills[operator]), self.now)
        else:
            assert self.acd.operator(operator) is None
            self.phones.discard(operator)
            self.idle = [other for other in self.idle if other != operator]
            del self.skills[operator], self.states[operator]

    @rule(queue=st.sampled_from(sorted(POLICIES)), priority=st.integers(0, 2), needs=SKILLS)
    def call_arrives(self, queue: str, priority: int, needs: dict[str, int]) -> None:
        self.calls += 1
        call = f"call{self.calls}"
        self.place[call], self.needs[call] = (priority, self.now, self.calls), needs
        self.acd.enqueue(call, queue, priority, needs, self.now)
        self.follow()

    @precondition(lambda self: self.place)
    @rule(data=st.data())
    def caller_hangs_up(self, data: st.DataObject) -> None:
        call = data.draw(st.sampled_from(sorted(self.place)))
        del self.place[call]
        self.acd.withdraw(call, self.now)
        self.follow()
        assert call not in self.rings.values(), "rings for a caller who has left"

    @precondition(lambda self: self.rings)
    @rule(data=st.data())
    def operator_answers(self, data: st.DataObject) -> None:
        operator = data.draw(st.sampled_from(sorted(self.rings)))
        call = self.talks[operator] = self.rings.pop(operator)
        del self.place[call]
        self.acd.offer_accepted(call, operator, self.now)
        self.follow()

    @precondition(lambda self: self.rings)
    @rule(data=st.data(), outcome=st.sampled_from(["declined", "failed"]))
    def operator_declines(self, data: st.DataObject, outcome: str) -> None:
        operator = data.draw(st.sampled_from(sorted(self.rings)))
        call = self.rings.pop(operator)
        self.acd.offer_declined(call, operator, self.now, "declined" if outcome == "declined" else "failed")
        self.follow()

    @precondition(lambda self: self.talks)
    @rule(data=st.data())
    def call_ends(self, data: st.DataObject) -> None:
        operator = data.draw(st.sampled_from(sorted(self.talks)))
        self.acd.call_finished(self.talks.pop(operator), operator, self.now)
        self.follow()

    @rule(seconds=st.sampled_from([0.0, 1.0, 4.0, 20.0]))
    def time_passes(self, seconds: float) -> None:
        end = self.now + seconds
        while (due := self.acd.next_timer()) is not None and due <= end:
            self.now = max(self.now, due)
            self.acd.handle_timer(self.now)
            self.follow()
        self.now = end

    # --- what always holds

    @invariant()
    def no_call_is_lost(self) -> None:
        waiting = {call.call_id for call in self.acd.waiting()}
        assert waiting | set(self.rings.values()) == set(self.place)
        assert waiting.isdisjoint(self.rings.values())

    @invariant()
    def waiting_calls_are_in_order(self) -> None:
        waiting = [call.call_id for call in self.acd.waiting()]
        assert waiting == sorted(waiting, key=self.place.__getitem__)

    @invariant()
    def nobody_fit_is_free_while_a_call_waits(self) -> None:
        for call in self.acd.waiting():
            for operator, state in self.states.items():
                assert state != "ready" or not fit(self.skills[operator], self.needs[call.call_id])

    @invariant()
    def states_tell_the_truth(self) -> None:
        for operator in self.acd.operators():
            assert operator.state == self.states[operator.id]
            assert (operator.state == "ringing") == (operator.id in self.rings)
            assert (operator.state == "talking") == (operator.id in self.talks)
            if operator.state in ("ready", "ringing", "wrap-up"):
                assert operator.id in self.phones
        serving = [state for state in self.states.values() if state not in ("offline", "break")]
        assert self.acd.anyone_serving() == bool(serving)

    @invariant()
    def every_ring_and_wrap_up_has_a_deadline(self) -> None:
        passing = [o for o, state in self.states.items() if state in ("ringing", "wrap-up")]
        due = self.acd.next_timer()
        assert (due is not None) == bool(passing)
        if due is not None:
            assert due <= min(self.entered[operator] for operator in passing) + LONGEST_PAUSE

    @invariant()
    def loads_add_up(self) -> None:
        loads = [self.acd.load(queue, self.now) for queue in POLICIES]
        assert sum(load.waiting for load in loads) == len(self.place) - len(self.rings)
        assert sum(load.ringing for load in loads) == len(self.rings)
        assert sum(load.talking for load in loads) == len(self.talks)
        arrived = min((since for _, since, _ in self.place.values()), default=self.now)
        assert max(load.longest_wait_s for load in loads) == self.now - arrived


TestCallCentre = CallCentre.TestCase
TestCallCentre.settings = settings(max_examples=250, stateful_step_count=50, deadline=None)
