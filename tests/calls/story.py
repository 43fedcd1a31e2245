"""What the events of one call may look like, and what its CDR must say about them."""

from __future__ import annotations

from ntpd112.cdr.fold import fold
from ntpd112.cdr.record import Cdr
from ntpd112.journal.events import (
    CallAccepted,
    CallAnnounced,
    CallClassified,
    CallConnected,
    CallDtmf,
    CallEnded,
    CallHeld,
    CallIncident,
    CallLane,
    CallQueued,
    CallRelaxed,
    CallResumed,
    CallScreened,
    CallStarted,
    CallWaits,
    JournalEvent,
    LastOperator,
    LegEnded,
    LegQuality,
    OfferEnded,
    OfferMade,
    OfferRinging,
)


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
        self.holders: set[str] = set()
        self.kinds: set[type[JournalEvent]] = set()

    @property
    def over(self) -> bool:
        return CallEnded in self.kinds

    def take(self, event: JournalEvent) -> None:
        assert (CallStarted in self.kinds) != isinstance(event, CallStarted), f"start: {event}"
        assert not self.over or isinstance(event, CallClassified | LegQuality), f"after the end: {event}"
        if self.events:
            assert event.at >= self.events[-1].at, "time went back"
        match event:
            case CallQueued() | CallAccepted() | CallEnded():
                assert type(event) not in self.kinds, f"twice: {event}"
            case OfferMade() | OfferRinging() | OfferEnded():
                self._take_offer(event)
            case CallConnected():
                assert CallConnected not in self.kinds
                assert self.outcomes.get(event.offer) == "answered"
            case CallHeld() | CallResumed():
                assert CallConnected in self.kinds
                assert (event.by in self.holders) == isinstance(event, CallResumed)
                self.holders ^= {event.by}
            case LegEnded():
                assert event.offer not in self.legs_over, f"twice: {event}"
                assert event.offer == 0 or event.offer in self.outcomes
                self.legs_over.add(event.offer)
            case (
                CallWaits()
                | CallLane()
                | CallRelaxed()
                | CallScreened()
                | CallAnnounced()
                | CallIncident()
                | LastOperator()
            ):
                assert CallQueued in self.kinds
                assert CallConnected not in self.kinds
            case CallDtmf() | CallStarted() | CallClassified() | LegQuality():
                pass
            case _:
                raise AssertionError(f"not foreseen: {event}")
        self.events.append(event)
        self.kinds.add(type(event))

    def _take_offer(self, event: OfferMade | OfferRinging | OfferEnded) -> None:
        if isinstance(event, OfferMade):
            assert CallQueued in self.kinds
            assert event.offer > max(self.offers, default=0)
            assert "answered" not in self.outcomes.values()
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

    def finish(self) -> Cdr:
        """The call is over: everything in it is closed, and the CDR fits."""
        assert self.over
        assert not self.open
        assert self.legs_over == {0, *self.offers} or self._refused()
        cdr = fold(self.events)
        assert cdr is not None
        self._check(cdr)
        return cdr

    def _refused(self) -> bool:
        """Without a media port there never was a leg of its own."""
        return CallQueued not in self.kinds and not self.legs_over

    def _check(self, cdr: Cdr) -> None:
        connected = CallConnected in self.kinds
        assert (cdr.disposition == "answered") <= connected
        assert connected <= (cdr.disposition in ("answered", "interrupted"))
        assert (cdr.answered_at is not None) == (cdr.operator is not None) == connected
        assert cdr.offers == len(self.offers)
        assert cdr.started_at <= (cdr.queued_at or cdr.started_at) <= cdr.ended_at
        assert 0 <= cdr.hold_s <= cdr.talk_s
        assert (cdr.talk_s == 0) or connected
        if cdr.queued_at is not None:
            total = (cdr.ended_at - cdr.queued_at).total_seconds()
            assert abs(cdr.wait_s + cdr.talk_s - total) < 0.01
        if cdr.disposition == "abandoned":
            assert cdr.hangup_by == "caller"
        if connected:
            assert cdr.sip_code == 200
        if CallAccepted not in self.kinds and "answered" not in self.outcomes.values():
            assert cdr.sip_code >= 300
        caller, *operators = cdr.segments
        assert (caller.sip_code, caller.outcome) in {
            (cdr.sip_code, cdr.disposition),
        }
        for segment in operators:
            assert segment.outcome == self.outcomes[segment.number]
            assert (segment.outcome == "answered") == (segment.sip_code == 200)
            assert segment.started_at <= segment.ended_at <= cdr.ended_at
