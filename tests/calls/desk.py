"""A call centre in memory: the real call control and ACD; phones, media worker and journal played by hand.

A test says what callers and operators do and looks at what the others would see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ntpd112.app.policies import policy_of
from ntpd112.app.remembering import settings_of
from ntpd112.calls.commands import Commands
from ntpd112.calls.context import Context
from ntpd112.calls.control import CallControl
from ntpd112.calls.steering import Steering
from ntpd112.config import Config
from ntpd112.journal.events import CallEnded, JournalEvent
from ntpd112.media import NoPorts
from ntpd112.media.events import Closed, Dtmf, Learned, PlayEnded, Quality, Voice
from ntpd112.memory import Memory
from ntpd112.queue import Acd, OperatorSpec
from ntpd112.sip.body import Part
from ntpd112.sip.events import (
    Answered,
    Cause,
    Ended,
    Failed,
    IncomingCall,
    MediaChanged,
    Progress,
    Referred,
    Registered,
    Unregistered,
)
from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.line import NoWay
from ntpd112.sip.message import Request
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.replaces import Replaces
from ntpd112.sip.sdp import Codec, LocalMedia, RemoteMedia, SessionDescription, parse_sdp
from ntpd112.sip.session_policy import SessionPolicy
from ntpd112.sip.target import Target
from ntpd112.sip.uri import Uri

SDP = b"v=0\r\nc=IN IP4 127.0.0.2\r\nm=audio 6000 RTP/AVP 8\r\n"
REMOTE = RemoteMedia("127.0.0.2", 6000, 6001, Codec("PCMA", 8), 101, "sendrecv")
HELD = RemoteMedia("127.0.0.2", 6000, 6001, Codec("PCMA", 8), 101, "recvonly")
FLOW = Flow("udp", Address("127.0.0.1", 5060), Address("127.0.0.2", 5060))
FLOW_6 = Flow("udp", Address("2001:db8::1", 5060), Address("2001:db8::2", 5060))

DESTINATIONS = [
    {
        "name": "police",
        "kind": "centre",
        "to": ["sip:polres@10.0.0.1", "sip:polda@10.0.0.2"],
        "ring": "10s",
        "numbers": ["110"],
    },
    {"name": "psychologist", "kind": "agency", "to": "sip:psy@10.0.0.3", "ring": "20s"},
]


@dataclass(eq=False)
class FakeLeg:
    """A SIP leg that writes down what call control does with it."""

    id: int
    inbound: bool
    offer: SessionDescription | None = None
    flow: Flow = FLOW
    user: str = ""
    trunk: Any = None
    policy: SessionPolicy = field(default_factory=SessionPolicy)
    parts: list[Any] = field(default_factory=list)
    remote: RemoteMedia | None = None
    did: list[str] = field(default_factory=list)
    cause: Cause | None = None
    over: bool = False
    answered: bool = False
    "By who was called."
    desk: Desk | None = None
    call_id: str = "leg@fake"
    takes_refer: bool = False
    told: list[int] = field(default_factory=list)
    "What its phone was told by NOTIFY."
    probes: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> str:
        return "ended" if self.over else "established"

    @property
    def audible(self) -> bool:
        early = not self.inbound and not self.answered
        return self.remote is not None and not (early and self.policy.early_media == "off")

    def ring(self, now: float) -> None:
        self.did.append("ring")

    def answer(self, now: float, local: LocalMedia) -> None:
        """With a late offer the media is agreed on only by the ACK, see `Desk.acknowledge`."""
        if self.over:
            return
        self.did.append("answer")
        self.answered = True
        assert self.desk is not None
        if self.offer is not None:
            self.remote = REMOTE
            self.desk.sip.append(MediaChanged(self, REMOTE))  # type: ignore[arg-type]

    def progress(self, now: float, local: LocalMedia) -> None:
        self.did.append("progress")
        self.remote = REMOTE
        assert self.desk is not None
        self.desk.sip.append(MediaChanged(self, REMOTE))  # type: ignore[arg-type]

    def reject(self, now: float, code: int, headers: dict[str, str] | None = None) -> None:
        if not self.over:
            self.did.append(f"reject {code}")
            self._end(Cause(code))

    def hang_up(self, now: float, cause: Cause) -> None:
        if not self.over:
            self.did.append("hang up")
            self._end(cause)

    def refer_progress(self, now: float, code: int, phrase: str = "") -> None:
        if not self.over:
            self.told.append(code)

    def probe(self, now: float) -> None:
        self.probes += 1

    def heard(self) -> None:
        self.did.append("heard")

    def _end(self, cause: Cause) -> None:
        self.over, self.cause = True, cause
        assert self.desk is not None
        event = Ended(self, "local", cause) if self.inbound else Failed(self, Cause(487))  # type: ignore[arg-type]
        self.desk.sip.append(event)


@dataclass(eq=False)
class FakeMediaLeg:
    id: int
    port: int
    hears: str = ""
    "The prompts that are played, with a blank between."
    loops: bool = False
    "Whether they begin again at their end."
    language: str | None = None
    listened: bool = False
    "Whether speech is waited for."
    call_id: str = ""
    closed: bool = False
    sending: bool = False
    worker: int = 0
    family: int = 4
    beside: FakeMediaLeg | None = None
    "Whose worker it has to be on."
    quality: Quality = field(default_factory=lambda: Quality(10, 0, 0.0))
    tell: Callable[[Any], None] = lambda event: None
    "Takes what the worker reports."

    def remote(self, *args: Any, send: bool, **kwargs: Any) -> None:
        self.sending = send

    def play(self, *prompts: str, loop: bool = False, language: str | None = None) -> None:
        self.hears, self.loops, self.language = " ".join(prompts), loop, language

    def watch_voice(self, on: bool) -> None:
        self.listened = on

    def belongs_to(self, call_id: str) -> None:
        self.call_id = call_id

    def stop_playing(self) -> None:
        self.hears = ""

    def close(self) -> None:
        self.closed = True
        self.tell(Closed(self.id, self.quality))


class FakeMedia:
    def __init__(self) -> None:
        self.legs: list[FakeMediaLeg] = []
        self.wiring: dict[int, tuple[int, ...]] = {}
        "Whom each leg hears."
        self.attached: list[int] = []
        "On the right channel of the recording."
        self.recorded: list[Path] = []
        self.pending: list[Any] = []
        self.exhausted = False
        self.ports_left = 10_000

    def open(self, family: int, **kwargs: Any) -> FakeMediaLeg:
        if self.exhausted or not self.ports_left:
            raise NoPorts("no port")
        self.ports_left -= 1
        number = len(self.legs)
        leg = FakeMediaLeg(number + 1, 20000 + 2 * number, family=family, beside=kwargs.get("beside"))
        leg.tell = lambda event: self.pending.append(event)
        self.legs.append(leg)
        return leg

    def hear(self, leg: FakeMediaLeg, sources: Sequence[FakeMediaLeg]) -> None:
        self.wiring[leg.id] = tuple(source.id for source in sources)

    def attach(self, caller: FakeMediaLeg, others: Sequence[FakeMediaLeg]) -> None:
        self.attached = [other.id for other in others]

    def record(self, path: Path, caller: FakeMediaLeg) -> None:
        self.recorded.append(path)

    def end_prompts(self) -> None:
        """What does not loop comes to its end."""
        for leg in self.legs:
            if leg.hears and not leg.loops and not leg.closed:
                prompt, leg.hears = leg.hears.split()[-1], ""
                self.pending.append(PlayEnded(leg.id, prompt))

    def events(self) -> list[Any]:
        events, self.pending = self.pending, []
        return events

    def open_legs(self) -> int:
        return sum(not leg.closed for leg in self.legs)


class BothVersions(Target):
    """Gateways of both IP versions, IPv4 first."""

    @classmethod
    def of(cls, uri: Uri) -> BothVersions:
        return cls(uri, FLOW, others=(Target(uri, FLOW_6),))

    @property
    def user(self) -> str | None:
        return self.uri.user


class Desk:
    """`call()` dials, `register()` logs an operator in; `phones(op)` are that operator's ringing legs."""

    def __init__(
        self,
        *,
        recordings: Path | None = Path("recordings"),
        also: dict[str, Any] | None = None,
        **queue: Any,
    ) -> None:
        """`queue`: settings of the first queue, 112; `also`: further sections of the configuration."""
        self.now = 1000.0
        self.sip: list[Any] = []
        self.written: list[JournalEvent] = []
        self.media = FakeMedia()
        self.acd = Acd()
        self.rung: list[FakeLeg] = []
        self.offered: list[LocalMedia] = []
        self.registered: dict[str, int] = {}
        self.doubted: list[str] = []
        self.answers_options = True
        self.sessions = SessionPolicy()
        "Of the legs that come."
        self.trunk_full = False
        "No call of ours gets a line."
        self.second_line: FakeLeg | None = None
        "What a Replaces names."
        self._ids: Iterator[int] = count(1)
        first = {"name": "112", "numbers": ["112", "urn:service:sos"]} | queue
        medical = {
            "name": "medis",
            "numbers": ["119", "urn:service:sos.ambulance"],
            "skills": {"medical": 1},
        }
        sections: dict[str, Any] = {
            "site": {"region": "35.78"},
            "media": {"recordings": recordings},
            "trunk": [{"name": "pbx", "peers": ["127.0.0.2"]}],
            "queue": [first, medical],
            "destination": DESTINATIONS,
        }
        more = dict(also or {})
        sections["queue"] += more.pop("queue", [])
        config = Config(**(sections | more))
        for one in config.queue:
            self.acd.set_queue(policy_of(one, config.shield, config.flood))
        me: Any = self
        journal: Any = SimpleNamespace(append=self.written.append, has_call=self._has_call)
        registrar: Any = SimpleNamespace(
            contacts=self._contacts,
            bindings=self._contacts,
            doubt=lambda user, now: self.doubted.append(user),
        )
        self.context = Context(
            config, me, registrar, self.acd, me.media, journal, new_id=lambda: f"call-{next(self._ids)}"
        )
        self.context.memory = Memory(settings_of(config))
        self.control = CallControl(self.context)

    # --- what call control sees of the user agent and the registrar

    def events(self) -> list[Any]:
        events, self.sip = self.sip, []
        return events

    def invite(self, target: Any, local: LocalMedia, **kwargs: Any) -> FakeLeg:
        if self.trunk_full:
            raise NoWay("the trunk is full")
        self.offered.append(local)
        flow = FLOW_6 if ":" in local.address else FLOW
        headers = kwargs.get("headers", {})
        leg = FakeLeg(next(self._ids), False, flow=flow, user=target.user, desk=self, headers=headers)
        leg.policy = self.sessions
        self.rung.append(leg)
        return leg

    def _has_call(self, call_id: str) -> bool:
        return any(event.call_id == call_id for event in self.written)

    def _contacts(self, user: str) -> list[Any]:
        target = SimpleNamespace(flow=FLOW, others=(), user=user, uri=f"sip:{user}@phone")
        liveness = SimpleNamespace(answers=self.answers_options)
        return [SimpleNamespace(target=target, liveness=liveness)] * self.registered.get(user, 0)

    def target_of(self, uri: Uri) -> Any:
        """Names are not looked up, and IPv6 is reached by no socket."""
        return (
            SimpleNamespace(flow=FLOW, others=(), user=uri.user, uri=uri, line=None)
            if uri.host[0].isdigit() and ":" not in uri.host
            else None
        )

    def leg_of(self, replaces: Replaces) -> FakeLeg | None:
        return self.second_line

    # --- what people do

    def happen(self, *events: Any) -> None:
        self.sip += events
        self.control.settle(self.now)

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.control.handle_timer(self.now)
        self.control.settle(self.now)

    def register(self, operator: str, *, phones: int = 1, **skills: int) -> None:
        self.acd.set_operator(OperatorSpec(operator, operator.title(), skills), self.now)
        self.registered[operator] = phones
        self.happen(Registered(operator))
        self.now += 1

    def commands(self) -> Commands:
        """As a console has them."""
        return Commands(self.context, self.control, lambda call, now: None, lambda: None, lambda: self.now)  # type: ignore[arg-type,return-value]

    def steering(self) -> Steering:
        return Steering(self.context, lambda call, now: None, lambda: None, lambda: self.now)  # type: ignore[arg-type,return-value]

    def unregister(self, operator: str) -> None:
        self.registered[operator] = 0
        self.happen(Unregistered(operator, "unreachable"))

    def call(
        self,
        dialled: str = "112",
        headers: dict[str, list[str]] | None = None,
        parts: list[Part] | None = None,
        *,
        late_offer: bool = False,
        cancelled: bool = False,
        flow: Flow = FLOW,
        offer: SessionDescription | None = None,
    ) -> FakeLeg:
        """`cancelled`: the CANCEL came in the same turn as the INVITE; `flow`: which it came by."""
        fields = {
            "from": ["<sip:08123456789@pbx>;tag=a"],
            "to": [f"<sip:{dialled}@agent>"],
            "call-id": [f"pbx-{next(self._ids)}"],
        }
        request = Request(method="INVITE", uri=f"sip:{dialled}@agent", fields=fields | (headers or {}))
        offer = None if late_offer else offer or parse_sdp(SDP)
        leg = FakeLeg(next(self._ids), inbound=True, offer=offer, flow=flow, parts=parts or [], desk=self)
        leg.policy = self.sessions
        trunk: Any = SimpleNamespace(name="pbx")
        self.sip.append(IncomingCall(leg, request, trunk))  # type: ignore[arg-type]
        if cancelled:
            leg.over = True
            self.sip.append(Ended(leg, "remote", Cause(487)))  # type: ignore[arg-type]
        self.control.settle(self.now)
        return leg

    def talk(self, operator: str = "budi", **skills: int) -> tuple[FakeLeg, FakeLeg]:
        """A caller and the operator talk; both legs."""
        self.register(operator, **skills)
        caller = self.call()
        return caller, self.pick_up(operator)

    def refer(self, phone: FakeLeg, to: str, replaces: Replaces | None = None) -> None:
        """The operator presses transfer."""
        self.happen(Referred(phone, NameAddr(Uri("sip", "agent", to)), replaces, None))  # type: ignore[arg-type]

    def acknowledge(self, leg: FakeLeg, remote: RemoteMedia = REMOTE) -> None:
        """The ACK with the answer to our offer comes."""
        leg.remote = remote
        self.happen(MediaChanged(leg, remote))  # type: ignore[arg-type]

    def phones(self, operator: str) -> list[FakeLeg]:
        return [leg for leg in self.rung if leg.user == operator and not leg.over]

    def ringing(self, operator: str) -> bool:
        """The phone says 180."""
        phones = self.phones(operator)
        for phone in phones:
            self.happen(Progress(phone, 180))  # type: ignore[arg-type]
        return bool(phones)

    def pick_up(self, operator: str, phone: int = 0) -> FakeLeg:
        leg = self.phones(operator)[phone]
        leg.remote, leg.answered = REMOTE, True
        self.happen(Answered(leg))  # type: ignore[arg-type]
        return leg

    def sounds_early(self, operator: str) -> int:
        """The phone plays something before it answers. Its media leg."""
        leg = self.phones(operator)[0]
        leg.remote = REMOTE
        self.happen(MediaChanged(leg, REMOTE), Progress(leg, 183))  # type: ignore[arg-type]
        media = next(one for one in self.media.legs if one.port == self.offered[self.rung.index(leg)].port)
        self.media.pending.append(Learned(media.id, REMOTE.address, REMOTE.port))
        self.happen()
        return media.id

    def refuse(self, operator: str, code: int) -> None:
        self.refuse_leg(self.phones(operator)[0], code)

    def refuse_leg(self, leg: FakeLeg, code: int) -> None:
        leg.over = True
        self.happen(Failed(leg, Cause(code)))  # type: ignore[arg-type]

    def prompt_ends(self, media: int = 1) -> None:
        """What the leg is played comes to its end; ring-back never does."""
        prompt = self.media.legs[media - 1].hears.split()[-1]
        self.media.pending.append(PlayEnded(media, prompt))
        self.happen()

    def prompt_ends_late(self, prompt: str, media: int = 1) -> None:
        """News of the end of a prompt that was played before."""
        self.media.pending.append(PlayEnded(media, prompt))
        self.happen()

    def speak(self, media: int = 1) -> None:
        """The caller with this media leg says something, which is heard if somebody listens."""
        if self.media.legs[media - 1].listened:
            self.media.pending.append(Voice(media, 300))
        self.happen()

    def press(self, *keys: str, media: int = 1) -> None:
        """The caller with this media leg presses keys."""
        self.media.pending += [Dtmf(media, key, 100) for key in keys]
        self.happen()

    def hang_up(self, leg: FakeLeg, code: int = 0, q850: int = 16) -> None:
        """The remote party sends BYE, or CANCEL (487)."""
        leg.over = True
        self.happen(Ended(leg, "remote", Cause(code, q850)))  # type: ignore[arg-type]

    # --- what the others see

    def story(self, call_id: str = "") -> list[str]:
        """The journal's event types in order, of calls only."""
        return [str(type(e).__struct_config__.tag) for e in self.written if e.call_id and e.call_id != "-"]

    def all_of(self, kind: type) -> list[Any]:
        return [event for event in self.written if isinstance(event, kind)]

    def end(self) -> CallEnded:
        ends = self.all_of(CallEnded)
        assert len(ends) == 1, f"one call, {len(ends)} ends"
        end: CallEnded = ends[0]
        return end

    def state(self, operator: str) -> str:
        found = self.acd.operator(operator)
        assert found is not None
        return found.state
