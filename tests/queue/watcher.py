"""Follows the ACD by what it *says*, and checks each word against a model of its own, so that a promise kept
only in the ACD's own books would not pass."""

from __future__ import annotations

from dataclasses import dataclass, field

from ntpd112.queue import (
    CancelOffer,
    Climb,
    Effect,
    IncidentWaited,
    LaneChanged,
    LastOperator,
    Offer,
    QueuePolicy,
    Relaxed,
    StateChanged,
    Waits,
)

SERVING = {"ready", "ringing", "talking", "wrap-up"}
RANK = {"lifted": 0, "normal": 1, "quiet": 2, "held": 3}


@dataclass
class Caller:
    """A call that nobody has answered."""

    policy: QueuePolicy
    priority: int
    since: float
    arrival: int
    needs: dict[str, int]
    prefer: dict[str, int]
    lane: str
    incident: bool
    wish: str
    excluded: set[str]
    refused: set[str] = field(default_factory=set)
    rings: dict[str, int] = field(default_factory=dict)
    offers: int = 0
    pulled: bool = False
    climbed: list[int] = field(default_factory=list)

    @property
    def place(self) -> tuple[int, float, int]:
        return (RANK[self.lane], self.since + self.priority * self.policy.ageing, self.arrival)

    def accepts(self, skills: dict[str, int]) -> bool:
        kept_out = any(skills.get(role, 0) > 0 for role in self.excluded)
        return not kept_out and all(skills.get(one, 0) >= level for one, level in self.needs.items())

    def unmet(self, skills: dict[str, int]) -> int:
        return sum(skills.get(one, 0) < level for one, level in self.prefer.items() if level > 0)


class Watcher:
    def __init__(self) -> None:
        self.now = 0.0
        self.callers: dict[str, Caller] = {}
        self.skills: dict[str, dict[str, int]] = {}
        self.phones: set[str] = set()
        self.states: dict[str, str] = {}
        self.rings: dict[str, str] = {}
        "Operator to call."
        self.let_ring: dict[str, Caller] = {}
        "Operator to whose call it was that they did not pick up last."
        self.talks: dict[str, str] = {}
        self.lines: dict[str, list[str]] = {}
        "Operator to calls that they made, the first first."
        self.idle: list[str] = []
        "Operators by when they last became ready; who rings keeps their place for the case of a withdrawal."
        self.kept_free = 0

    def waiting(self) -> dict[str, Caller]:
        return {call: caller for call, caller in self.callers.items() if not caller.rings}

    def ready(self) -> list[str]:
        return [operator for operator in self.idle if self.states[operator] == "ready"]

    def others_serve(self, operator: str) -> bool:
        """Besides who let a call ring, for such calls."""
        caller = self.let_ring[operator]
        return any(
            state in SERVING and caller.accepts(self.skills[one])
            for one, state in self.states.items()
            if one != operator
        )

    def free_for(self, caller: Caller) -> list[str]:
        return [one for one in self.ready() if caller.accepts(self.skills[one])]

    def follow(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Offer():
                    self._offer(effect)
                case CancelOffer(call, operator, number, outcome):
                    assert self.rings.pop(operator) == call
                    if (caller := self.callers.get(call)) is not None:
                        assert caller.rings.pop(operator) == number
                        if outcome == "rona":
                            caller.refused.add(operator)
                            self.let_ring[operator] = caller
                case StateChanged():
                    self._state(effect)
                case LaneChanged(call, lane, _):
                    assert self.callers[call].lane != lane
                    self.callers[call].lane = lane
                case IncidentWaited(call, _):
                    assert self.callers[call].incident
                    self.callers[call].incident = False
                case Relaxed(call, _, skills, excluded):
                    caller = self.callers[call]
                    assert skills.items() <= caller.needs.items()
                    assert set(excluded) <= caller.excluded
                    caller.needs, caller.excluded = dict(skills), set(excluded)
                case Climb(call, step):
                    assert self.callers[call].policy.ladder[step - 1].to
                    self.callers[call].climbed.append(step)
                case Waits(call, fit):
                    caller = self.callers[call]
                    assert not caller.rings
                    those = [self.states[o] for o, has in self.skills.items() if caller.accepts(has)]
                    # Who is just being removed is offline, and may count or not.
                    said = {state: count for state, count in fit.items() if state != "offline"}
                    assert said == {state: those.count(state) for state in {*those} - {"offline"}}
                case LastOperator(_, operator):
                    assert self.states[operator] == ("talking" if operator in self.lines else "wrap-up")
                    assert not self.others_serve(operator)

        for operator, lines in self.lines.items():
            if operator not in self.talks and operator not in self.rings:
                self.talks[operator] = lines[0]

    # --- offers

    def _offer(self, offer: Offer) -> None:
        call, operator = offer.call_id, offer.operator
        assert operator not in self.rings, "offered two calls"
        assert operator not in self.talks, "offered a call while talking"
        assert call in self.callers, "offered a call that is over or answered"
        assert operator in self.phones, "offered a call without a phone"
        assert self.states[operator] == "ready"
        caller = self.callers[call]
        caller.offers += 1
        assert offer.number == caller.offers
        assert offer.why.waited_ms == round(1000 * (self.now - caller.since))
        assert (
            operator in offer.why.candidates
            or offer.why.free > len(offer.why.candidates)
            or (offer.why.chosen_by == "pulled")
        )
        if offer.why.chosen_by != "pulled":
            self._check_choice(caller, operator, offer.why.chosen_by)
        caller.pulled = offer.why.chosen_by == "pulled" or (caller.pulled and bool(caller.rings))
        caller.rings[operator] = offer.number
        self.rings[operator] = call

    def _check_choice(self, caller: Caller, operator: str, chosen_by: str) -> None:
        assert caller.lane != "held"
        assert caller.accepts(self.skills[operator]), "offered to someone unfit"
        assert not caller.incident or len(self.ready()) > self.kept_free, "nobody kept free for others"
        if caller.policy.strategy not in ("ring-all", "progressive") or caller.incident:
            assert not caller.rings, "rings two at once"
        fresh = [one for one in self.free_for(caller) if one not in caller.refused]
        if operator in caller.refused:
            assert not fresh, "rung again while another was free"
            assert not caller.rings, "rung again while another's phone rang"
        elif chosen_by == "sticky":
            assert operator == caller.wish
        elif chosen_by != "freed":
            assert caller.wish not in fresh
            best = min(fresh, key=lambda one: caller.unmet(self.skills[one]))
            if caller.policy.strategy == "random":
                assert caller.unmet(self.skills[operator]) == caller.unmet(self.skills[best]), "not the best"
            else:
                assert operator == best, "not the best"
        self._check_order(caller, operator)

    def _check_order(self, caller: Caller, operator: str) -> None:
        spare = caller.incident or not self.kept_free
        rivals = [
            other.place
            for other in self.waiting().values()
            if other.lane != "held" and other.accepts(self.skills[operator]) and (spare or not other.incident)
        ]
        if caller.rings:
            assert not rivals, "joined a ring while a call rang nowhere"
        else:
            assert min(rivals) == caller.place, "another waiting call was first"

    # --- operators

    def _state(self, change: StateChanged) -> None:
        operator = change.operator
        assert self.states[operator] == change.previous != change.state
        self.states[operator] = change.state
        if change.reason == "rona" and change.previous == "ringing":
            staying = "break" if self.others_serve(operator) else "wrap-up"
            assert change.state == staying, "the last operator leaves"
        withdrawn = change.reason in ("withdrawn", "answered elsewhere", "pulled")
        if change.state == "ready" and not (change.previous == "ringing" and withdrawn):
            self.idle = [other for other in self.idle if other != operator] + [operator]
