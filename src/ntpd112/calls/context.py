"""What the parts of call control share: the calls, the legs they own, and the ports to the rest.

Nothing here waits. Ports are called and return at once; what they cause comes back as events in the same
or a later turn.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import structlog

from ntpd112.config import Config, QueueConfig
from ntpd112.journal import Journal
from ntpd112.journal.events import JournalEvent, PartyKind
from ntpd112.journal.ids import new_call_id
from ntpd112.media import MediaClient, MediaLeg
from ntpd112.memory import Memory
from ntpd112.queue import Acd
from ntpd112.sip.agent import UserAgent
from ntpd112.sip.events import Cause
from ntpd112.sip.leg import Leg
from ntpd112.sip.outbound import Outbound
from ntpd112.sip.registrar import Registrar
from ntpd112.sip.timers import Timer, Timers

from .call import Call, Census
from .needs import queue_of
from .tally import Tally

LINGER_S = 2.0
"""Seconds for a phone whose transfer is done to read so in its NOTIFY and to hang up by itself (RFC 5589
§6.1); it hears nobody meanwhile."""
MAX_ENDED = 2_000
"Ended calls whose last media figures are awaited or whose journal is asked again; the oldest give way."
log = structlog.get_logger("ntpd112.calls")


@dataclass(slots=True)
class Clock:
    """Monotonic seconds to epoch seconds. Durations come from the monotonic side, so a stepped wall clock
    cannot make a call last minus ten seconds; `anchor` is taken anew by the application now and then."""

    anchor: float = field(default_factory=lambda: time.time() - time.monotonic())

    def wall(self, now: float) -> float:
        return self.anchor + now


@dataclass(slots=True)
class Context:
    config: Config
    ua: UserAgent
    registrar: Registrar
    acd: Acd
    media: MediaClient
    journal: Journal
    clock: Clock = field(default_factory=Clock)
    new_id: Callable[[], str] = new_call_id
    on_unknown_user: Callable[[], None] = lambda: None
    "A user that nobody knows wants to register: the directory may have changed."
    guard: Callable[[Callable[[float], None], Call, float], None] = lambda action, call, now: action(now)
    "Runs an action about a call; call control sees to it that a mistake in it ends that call only."
    memory: Memory = field(default_factory=Memory)
    "What is known of callers and calls that were lost; each event that is written is taken by it too."
    outbound: Outbound | None = None
    "The trunks' ways out."
    tally: Tally = field(default_factory=Tally)
    timers: Timers = field(default_factory=Timers)
    "Deadlines of call control itself: a destination that does not answer, a prompt to repeat."
    calls: dict[str, Call] = field(default_factory=dict)
    "Live ones by id: `begin` and `end` change it."
    census: Census = field(default_factory=Counter)
    legs: dict[int, tuple[Call, PartyKind]] = field(default_factory=dict)
    "Every SIP leg that belongs to a live call."
    lingering: dict[int, Leg] = field(default_factory=dict)
    "Legs whose part in a call is over, and whose phones may hang up by themselves for a moment."
    sounds: OrderedDict[int, tuple[str, PartyKind]] = field(default_factory=OrderedDict)
    "Media leg id to call id and party; kept after the call's end until the leg's figures came."

    def later(self, call: Call, at: float, action: Callable[[float], None]) -> Timer:
        """Call `action(now)` at `at`, unless the call is over by then. A fault in it costs that call only."""

        def fire(now: float) -> None:
            if self.calls.get(call.id) is call:
                self.guard(action, call, now)

        return self.timers.start(at, fire)

    def write(self, event: JournalEvent) -> None:
        """Every event of the live centre goes this way."""
        self.journal.append(event)
        self.memory.take(event)
        self.tally.take(event)

    def begin(self, call: Call) -> None:
        """It is live from now on."""
        self.calls[call.id] = call
        call.census = self.census
        call.counted(1)

    def end(self, call: Call) -> None:
        """No harm if it was over already."""
        if self.calls.pop(call.id, None) is not None:
            call.counted(-1)
            call.census = None

    def own_leg(self, leg: Leg, call: Call, party: PartyKind) -> None:
        """From now on events of the leg concern this call. Operators may transfer from their phones."""
        self.legs[leg.id] = (call, party)
        call.legs[leg.id] = leg
        leg.takes_refer = party == "operator" or call.facts.direction == "internal"

    def forget_leg(self, leg: Leg) -> None:
        """Events of the leg concern no call any more. No harm if they never did."""
        found = self.legs.pop(leg.id, None)
        if found is not None:
            found[0].legs.pop(leg.id, None)

    def drop_leg(self, leg: Leg, cause: Cause, now: float) -> None:
        """Forget the leg and hang it up. Never raises: one leg's fault must not keep the others."""
        self.forget_leg(leg)
        try:
            leg.hang_up(now, cause)
        except Exception:
            log.exception("leg cannot be hung up", leg=leg.call_id, sip_code=cause.sip_code)

    def let_go(self, leg: Leg, cause: Cause, now: float) -> None:
        """As `drop_leg`, but the phone may hang up first."""
        self.forget_leg(leg)
        self.lingering[leg.id] = leg
        self.timers.start(now + LINGER_S, partial(self._linger_no_more, leg, cause))

    def _linger_no_more(self, leg: Leg, cause: Cause, now: float) -> None:
        if self.lingering.pop(leg.id, None) is not None:
            self.drop_leg(leg, cause, now)

    def drop_lingering(self, cause: Cause, now: float) -> None:
        for leg in list(self.lingering.values()):
            self._linger_no_more(leg, cause, now)

    def own_sound(self, media: MediaLeg, call: Call, party: PartyKind) -> None:
        """From now on what happens to the media leg concerns this call."""
        self.sounds[media.id] = (call.id, party)
        media.belongs_to(call.id)
        while len(self.sounds) > MAX_ENDED + 4 * len(self.calls):
            self.sounds.popitem(last=False)

    def call_of_sound(self, media_id: int) -> tuple[Call, PartyKind] | None:
        found = self.sounds.get(media_id)
        call = self.calls.get(found[0]) if found else None
        return (call, found[1]) if call is not None and found is not None else None

    def present(self, queue: QueueConfig) -> QueueConfig:
        """The queue as configured now: a reload may have changed it since the call came."""
        return next((one for one in self.config.queue if one.name == queue.name), queue)

    def queue_for(self, dialled: str, call_id: str) -> QueueConfig:
        """The queue that serves the number. A number nobody configured goes to the first queue: it came over
        a trunk of ours, so somebody needs help; the log says so."""
        serving = queue_of(self.config, dialled)
        if serving is not None:
            return serving
        log.warning("number is in no queue; the first queue takes it", call_id=call_id, dialled=dialled)
        return self.config.queue[0]
