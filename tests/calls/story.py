"""What the events of one call may look like, and what its CDR must say about them."""

from __future__ import annotations

from collections.abc import Container

from ntpd112.cdr.fold import fold
from ntpd112.cdr.record import Cdr
from ntpd112.journal.events import (
    CallAccepted,
    CallAnnounced,
    CallbackClosed,
    CallbackTried,
    CallClassified,
    CallConnected,
    CallDtmf,
    CallEnded,
    CallHeld,
    CallIncident,
    CallLane,
    CallQueued,
    CallRelaxed,
    CallRequeued,
    CallResumed,
    CallScreened,
    CallStarted,
    CallWaits,
    Direction,
    JournalEvent,
    LastOperator,
    LegEnded,
    LegQuality,
    MediaProblem,
    OfferEnded,
    OfferMade,
    OfferRinging,
    PartyChanged,
    PartyFailed,
    PartyJoined,
    PartyLeft,
    PartyRings,
    TransferEnded,
    TransferStarted,
)

AFTERWARDS = CallClassified | LegQuality | CallbackTried | CallbackClosed
DIAL_IN = ("callback", "supervision", "transfer")
"Purposes of those who join from their own phone, or from their second line (`transfer`)."


class Story:
    """Feed a call's events in order; asserts that each may come where it comes."""

    def __init__(self) -> None:
        self.events: list[JournalEvent] = []
        self.offers: list[int] = []
        self.open: set[int] = set()
        self.rang: set[int] = set()
        self.outcomes: dict[int, str] = {}
        self.legs_over: set[int] = set()
        "Offers, and 0 for the caller."
        self.holders: set[tuple[str, int]] = set()
        self.ringing: set[int] = set()
        "Legs dialled by call control, from 1001."
        self.inside: set[int] = set()
        "Legs beside the caller's that are in the call."
        self.talked_once = False
        self.overflowed = False
        "A destination of the ladder took the call."
        self.brought_in: set[int] = set()
        "Legs of operators who did not get the call by an offer."
        self.transferring = False
        self.caller_held = False
        self.kinds: set[type[JournalEvent]] = set()
        self.direction: Direction = "in"

    @property
    def queued(self) -> bool:
        """Once. The citizen of a call-back only if the operator's phone was lost, or handed them on."""
        return bool({CallQueued, CallRequeued} & self.kinds)

    @property
    def over(self) -> bool:
        return CallEnded in self.kinds

    def take(self, event: JournalEvent) -> None:
        assert (CallStarted in self.kinds) != isinstance(event, CallStarted), f"start: {event}"
        assert not self.over or isinstance(event, AFTERWARDS), f"after the end: {event}"
        if self.events:
            assert event.at >= self.events[-1].at, "time went back"
        match event:
            case CallQueued() | CallAccepted() | CallEnded():
                assert type(event) not in self.kinds, f"twice: {event}"
            case OfferMade() | OfferRinging() | OfferEnded():
                self._take_offer(event)
            case CallConnected():
                assert event.offer in self.inside
                self.talked_once = True
            case CallHeld() | CallResumed():
                assert self.talked_once or self.overflowed
                who = (event.by, event.leg)
                assert (who in self.holders) == isinstance(event, CallResumed)
                assert event.leg in self.inside | {0}
                self.holders ^= {who}
            case LegEnded():
                assert event.offer not in self.legs_over, f"twice: {event}"
                assert event.offer == 0 or event.offer in self.outcomes
                self.legs_over.add(event.offer)
            case CallRequeued():
                assert not self.inside, "waits while somebody talks to the caller"
                assert not self.caller_held
                self.transferring = False
            case TransferStarted() | TransferEnded():
                assert self.transferring == isinstance(event, TransferEnded), f"transfer: {event}"
                self.transferring = not self.transferring
            case PartyRings() | PartyFailed() | PartyJoined() | PartyChanged() | PartyLeft():
                self._take_party(event)
            case (
                CallWaits()
                | CallLane()
                | CallRelaxed()
                | CallScreened()
                | CallAnnounced()
                | CallIncident()
                | LastOperator()
            ):
                assert self.queued
                assert not self.inside
            case CallStarted():
                self.direction = event.direction
            case (
                CallDtmf()
                | CallClassified()
                | LegQuality()
                | MediaProblem()
                | CallbackTried()
                | CallbackClosed()
            ):
                pass
            case _:
                raise AssertionError(f"not foreseen: {event}")
        self.events.append(event)
        self.kinds.add(type(event))

    def _take_offer(self, event: OfferMade | OfferRinging | OfferEnded) -> None:
        if isinstance(event, OfferMade):
            assert self.queued
            assert event.offer > max(self.offers, default=0)
            assert not self.inside
            self.offers.append(event.offer)
            self.open.add(event.offer)
            return
        assert event.offer in self.open
        if isinstance(event, OfferRinging):
            assert event.offer not in self.rang
            self.rang.add(event.offer)
        else:
            self.outcomes[event.offer] = event.outcome
            self.open.discard(event.offer)
            if event.outcome == "answered":
                self.inside.add(event.offer)

    def _take_party(self, event: PartyRings | PartyFailed | PartyJoined | PartyChanged | PartyLeft) -> None:
        match event:
            case PartyRings():
                assert event.leg > max(self.outcomes.keys() | self.ringing | {1000})
                self.ringing.add(event.leg)
                self.outcomes[event.leg] = "rings"
            case PartyFailed():
                self.ringing.remove(event.leg)
                self.outcomes[event.leg] = event.outcome
            case PartyJoined():
                assert event.leg in self.ringing or event.purpose in DIAL_IN
                self.ringing.discard(event.leg)
                self.inside.add(event.leg)
                self.outcomes[event.leg] = "answered"
                self.overflowed = self.overflowed or event.purpose == "ladder"
                if event.kind == "operator" and event.purpose in ("transfer", "conference"):
                    self.brought_in.add(event.leg)
                    self._hear_who_was_brought_in()
            case PartyChanged(leg=0):
                assert self.caller_held == (event.mode == "talk")
                self.caller_held = not self.caller_held
                self._hear_who_was_brought_in()
            case PartyChanged():
                assert event.leg in self.inside
            case PartyLeft():
                self.inside.remove(event.leg)
                assert not any(leg == event.leg for _, leg in self.holders)

    def _hear_who_was_brought_in(self) -> None:
        """An operator after a destination of the ladder; whoever is only consulted does not count."""
        hears = self.overflowed and not self.caller_held and self.brought_in & self.inside
        self.talked_once = self.talked_once or bool(hears)

    def finish(self, unconfirmed: Container[str] = ()) -> Cdr:
        """The call is over: everything in it is closed, and the CDR fits. `unconfirmed`: Call-IDs of callers
        who may talk to somebody and not have their 200 yet."""
        assert self.over
        assert not self.open
        assert not self.ringing
        assert self.inside <= self.legs_over
        answered = {leg for leg, outcome in self.outcomes.items() if outcome == "answered"}
        assert self.legs_over == {0, *self.offers, *answered} or self._refused()
        cdr = fold(self.events)
        assert cdr is not None
        self._check(cdr, unconfirmed)
        return cdr

    def _refused(self) -> bool:
        """Without a media port there never was a leg of its own."""
        return CallQueued not in self.kinds and not self.legs_over

    def _check(self, cdr: Cdr, unconfirmed: Container[str]) -> None:
        connected = self.talked_once
        assert (cdr.disposition == "answered") <= connected
        assert connected <= (cdr.disposition in ("answered", "interrupted")), (cdr.disposition, cdr.reason)
        reached = connected or self.overflowed
        assert (cdr.operator is not None) == (connected or self.direction != "in")
        assert (cdr.answered_at is not None) == reached
        assert (cdr.disposition == "overflowed") <= (self.overflowed and not connected)
        assert cdr.offers == len(self.offers)
        assert cdr.started_at <= (cdr.queued_at or cdr.started_at) <= cdr.ended_at
        assert 0 <= cdr.hold_s <= cdr.talk_s
        assert (cdr.talk_s == 0) or reached
        if cdr.queued_at is not None:
            total = (cdr.ended_at - cdr.queued_at).total_seconds()
            assert abs(cdr.wait_s + cdr.talk_s - total) < 0.01
        if cdr.disposition == "abandoned":
            assert cdr.hangup_by == "caller" or self.direction == "internal"
        if reached and cdr.sip_call_id not in unconfirmed:
            assert cdr.sip_code == 200
        if CallAccepted not in self.kinds and "answered" not in self.outcomes.values():
            assert cdr.sip_code >= 300
        caller, *operators = cdr.segments
        assert (caller.sip_code, caller.outcome) in {
            (cdr.sip_code, cdr.disposition),
        }
        assert {segment.number for segment in operators} == self.outcomes.keys()
        for segment in operators:
            assert segment.outcome == self.outcomes[segment.number]
            assert (segment.outcome == "answered") == (segment.sip_code == 200)
            assert (segment.purpose is None) == (segment.number in self.offers)
            assert segment.started_at <= segment.ended_at <= cdr.ended_at
