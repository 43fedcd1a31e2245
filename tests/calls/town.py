"""A town in memory: the real user agent, registrar, ACD and call control, and everyone who talks to them.

A PBX and operators' phones are user agents of their own; datagrams pass, get lost, come twice or late, and
time goes on by hand. Only the media worker is played.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

from tests.calls.desk import FakeMedia, FakeMediaLeg

from ntpd112.app.policies import policy_of
from ntpd112.calls.centre import LiveCentre
from ntpd112.calls.context import Context
from ntpd112.calls.control import CallControl
from ntpd112.config import Config
from ntpd112.journal.events import JournalEvent
from ntpd112.media.events import Dtmf, Learned, NoAudio, Voice, WorkerLost
from ntpd112.queue import Acd, OperatorSpec
from ntpd112.sip.agent import UaConfig, UserAgent
from ntpd112.sip.digest import answer_challenge, make_credentials
from ntpd112.sip.events import IncomingCall, SipEvent
from ntpd112.sip.flow import Address, Flow, Outgoing
from ntpd112.sip.gateways import Entry
from ntpd112.sip.leg import Leg
from ntpd112.sip.message import Response
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.offer_answer import sdp_of
from ntpd112.sip.outbound import Outbound, OutboundSpec
from ntpd112.sip.registrar import Registrar
from ntpd112.sip.replaces import Replaces
from ntpd112.sip.sdp import LocalMedia
from ntpd112.sip.target import Target
from ntpd112.sip.trunks import Trunks, TrunkSpec
from ntpd112.sip.uac_leg import OutboundLeg
from ntpd112.sip.uri import Uri

AGENT = Address("192.0.2.12", 5060)
PBX = Address("192.0.2.1", 5060)
REALM = "112.example"
PASSWORD = "rahasia"
TICK = 0.01
"Seconds a datagram is on its way."
MAX_CALLS = 6
"Of the PBX's trunk: few, so that it is full at times."
MAX_CALLS_OUT = 2
"Of the trunk that the police are called by."
POLICE = Address("192.0.2.40", 5060)
SKILLS: dict[str, dict[str, int]] = {
    "ani": {"medical": 2},
    "budi": {},
    "citra": {},
    "ratna": {"supervisor": 1},
}
PHONES = ("ani", "budi", "budi", "citra", "ratna")
"Whose each phone is: one operator has two."
QUEUES: tuple[dict[str, Any], ...] = (
    {"name": "112", "numbers": ["112"], "skills": {}, "wrap_up": 10.0, "answer": "announce"},
    {
        "name": "110",
        "numbers": ["110"],
        "wrap_up": 0.0,
        "answer": "ring",
        "ladder": [{"after": 5.0, "to": "police"}],
    },
    {"name": "119", "numbers": ["119"], "skills": {"medical": 1}, "wrap_up": 5.0, "answer": "announce"},
    {"name": "113", "numbers": ["113"], "skills": {}, "answer": "ring", "no_operator": "reject"},
    {
        "name": "115",
        "numbers": ["115"],
        "screening": {"when": "busy"},
        "tell_position": True,
        "ladder": [{"after": 5.0, "to": "police"}, {"after": 10.0, "to": "110"}],
    },
    {"name": "116", "numbers": ["116"], "screening": {"when": "always"}, "strategy": "ring-all"},
)
_FINAL = re.compile(
    rb"SIP/2.0 (?P<code>[2-6]\d\d) (?=.*\r\nCSeq: 1 INVITE\r\n).*\r\nCall-ID: (?P<call>[^\r]*)\r\n",
    re.DOTALL,
)
_RELIABLE = re.compile(rb"SIP/2.0 1\d\d (?=.*\r\nRSeq: ).*\r\nCall-ID: (?P<call>[^\r]*)\r\n", re.DOTALL)
_CONFIRMED = re.compile(
    rb"SIP/2.0 200 (?=.*\r\nCSeq: \d+ PRACK\r\n).*\r\nCall-ID: (?P<call>[^\r]*)\r\n", re.DOTALL
)
DEFAULTS: dict[str, Any] = {"wrap_up": 0.0}


class TownMedia(FakeMedia):
    """Refuses what the worker would."""

    def __init__(self) -> None:
        super().__init__()
        self.lost: set[int] = set()
        "Legs that went with their worker, before anybody could know."

    def open(self, family: int, **kwargs: Any) -> FakeMediaLeg:
        leg = super().open(family, **kwargs)
        close = leg.close

        def close_once() -> None:
            assert not leg.closed, f"media leg {leg.id} closed twice"
            close()

        leg.close = close_once  # type: ignore[method-assign]
        return leg

    def hear(self, leg: FakeMediaLeg, sources: Sequence[FakeMediaLeg]) -> None:
        closed = [one.id for one in (leg, *sources) if one.closed and one.id not in self.lost]
        assert not closed, f"wired closed legs {closed}"
        super().hear(leg, sources)

    def hear_callers(self) -> None:
        """Who is listened to says something."""
        self.pending += [Voice(leg.id, 300) for leg in self.legs if leg.listened and not leg.closed]

    def hear_sound(self) -> None:
        """From everybody who has said where it comes from."""
        self.pending += [Learned(leg.id, "", 0) for leg in self.legs if leg.sending and not leg.closed]

    def fall_silent(self, leg: FakeMediaLeg) -> None:
        self.pending.append(NoAudio(leg.id, 10.0))

    def press(self, digit: str) -> None:
        self.pending += [Dtmf(leg.id, digit, 100) for leg in self.legs if not leg.closed]

    def lose_worker(self) -> None:
        lost = [leg for leg in self.legs if not leg.closed]
        self.lost |= {leg.id for leg in lost}
        for leg in lost:
            leg.close = lambda: None  # type: ignore[method-assign]
            leg.closed = True
        self.pending.append(WorkerLost(0, [leg.id for leg in lost]))


class LateLeg(OutboundLeg):
    """A caller who makes no offer: the agent offers in its 200, the answer goes in the ACK."""

    mute = False
    "The ACK comes without an answer."
    _offer_of_200: bytes | None = None

    def _first_invite(self, caller: NameAddr, headers: dict[str, str]) -> Any:
        request = super()._first_invite(caller, headers)
        request.body = b""
        del request.fields["content-type"]
        self.media.withdraw()
        return request

    def _on_success(self, response: Response, now: float) -> None:
        self._offer_of_200 = self._offer_of_200 or sdp_of(response)
        super()._on_success(response, now)

    def _make_ack(self, dialog: Any, seq: int) -> Outgoing:
        request = dialog.request("ACK", seq)
        if self._offer_of_200 is not None and not self.mute:
            self.media.take_offer(self._offer_of_200)
            request.body, _ = self.media.answer()
            request.fields["content-type"] = ["application/sdp"]
        return self.core.transactions.without_state(request, dialog.flow)


class PhoneLeg(OutboundLeg):
    """A call that a phone makes: it shows its password when asked."""

    node: Node
    number: str

    def _on_failure(self, response: Response, now: float) -> None:
        super()._on_failure(response, now)
        if response.code == 401:
            self.node.call(self.number, response.all("www-authenticate"))


class Node:
    """A peer of the agent: the PBX or a phone."""

    def __init__(self, town: Town, address: Address, user: str) -> None:
        self.town, self.address, self.user = town, address, user
        trunks = Trunks([TrunkSpec("any", ["0.0.0.0/0"], 1000, options_s=0)])
        numbers = count(1)
        self.ua = UserAgent(
            UaConfig(contact_user=user),
            None,
            trunks,
            token=lambda: f"{user}{address.host[-2:]}x{next(numbers)}",
        )
        self.flow = Flow("udp", address, AGENT)
        self.legs: list[Leg] = []
        "Calls that came or were made, the newest last."
        self.on = True
        "Off: it hears nothing and says nothing."
        self._nonces = count(1)

    def __repr__(self) -> str:
        return f"<{self.user} {self.address.host}>"

    @property
    def local(self) -> LocalMedia:
        return LocalMedia(self.address.host, 4000)

    def gather(self) -> list[SipEvent]:
        events = self.ua.events()
        self.legs += [event.leg for event in events if isinstance(event, IncomingCall)]
        return events

    def live(self, *states: str) -> list[Leg]:
        return [leg for leg in self.legs if leg.state in states]

    def ringing(self) -> list[Leg]:
        return [leg for leg in self.live("calling") if leg.inbound]

    # What a phone does

    def register(self, expires: int = 600) -> None:
        self._register(expires, {})

    def _register(self, expires: int, headers: dict[str, str]) -> None:
        me = f"<sip:{self.user}@{REALM}>"
        contact = f"<sip:{self.user}@{self.address.host}:{self.address.port}>;expires={expires}"

        def on_response(response: Response, now: float) -> None:
            if response.code == 401 and not headers:
                challenges = response.all("www-authenticate")
                self._register(expires, self._credentials(challenges, "REGISTER", Uri("sip", REALM)))

        self.ua.request(
            "REGISTER",
            Uri("sip", REALM),
            self.flow,
            headers={"To": me, "Contact": contact, **headers},
            on_response=on_response,
            now=self.town.now,
        )

    def _credentials(self, challenges: list[str], method: str, uri: Uri) -> dict[str, str]:
        text = answer_challenge(
            challenges,
            method=method,
            uri=str(uri),
            user=self.user,
            password=PASSWORD,
            cnonce=f"c{next(self._nonces)}",
        )
        return {"Authorization": text or ""}

    def call(self, number: str, challenges: list[str] | None = None) -> None:
        """The phone's user dials; once more with the password when it was asked for."""
        target = Target(Uri("sip", AGENT.host, number, AGENT.port), self.flow)
        headers = self._credentials(challenges, "INVITE", target.uri) if challenges is not None else {}
        caller = NameAddr(Uri("sip", REALM, self.user))
        call_id = f"{self.user}-{self.ua.core.token()}"
        leg = PhoneLeg(self.ua.core, target, caller, self.local, headers, call_id, self.town.now)
        leg.node, leg.number = self, number
        self.legs.append(leg)

    def refer(self, leg: Leg, to: str, line: Leg | None = None) -> None:
        """The phone's user presses transfer; with a second `line`: to whom they talk there."""
        assert leg.dialog is not None
        replaces = f"?Replaces={quote(_name_of(line), safe='')}" if line is not None else ""
        headers = {"refer-to": [f"<sip:{to}@{AGENT.host}{replaces}>"]}
        leg._request(leg.dialog, "REFER", headers, lambda response, now: None, self.town.now)

    # What a PBX does

    def dial(self, number: str, headers: dict[str, str], caller: NameAddr, late: bool, mute: bool) -> None:
        target = Target(Uri("sip", AGENT.host, number, AGENT.port), self.flow)
        core = self.ua.core
        call_id = f"pbx-{core.token()}"
        if late:
            leg: OutboundLeg = LateLeg(core, target, caller, self.local, headers, call_id, self.town.now)
            leg.mute = mute  # type: ignore[attr-defined]
        else:
            leg = OutboundLeg(core, target, caller, self.local, headers, call_id, self.town.now)
        self.legs.append(leg)


def _name_of(line: Leg) -> str:
    """As a Replaces names it to the agent."""
    early: Any = getattr(line, "_early", {})
    tag = line.dialog.remote_tag if line.dialog is not None else next(iter(early), "none")
    return str(Replaces(line.call_id, tag or "none", line.local_tag))


class Town:
    """`act`, then `run`. `fates` says what happens to the next datagrams: `pass`, `drop`, `twice`, `late`."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.fates: list[str] = []
        self.lossy = False
        self.finals: dict[str, int] = {}
        "How the agent answered each call, by Call-ID."
        self.unconfirmed: set[str] = set()
        "Calls whose 183 waits for its PRACK, and with it their 200, also when somebody has answered."
        self.late: list[tuple[Outgoing, Node, bool]] = []
        self.journal: list[JournalEvent] = []
        self.media = TownMedia()
        self.acd = Acd()
        self._numbers: Iterator[int] = count(1)
        sections: dict[str, Any] = {
            "site": {"region": "35.78"},
            "trunk": [
                {"name": "pbx", "peers": [PBX.host]},
                {"name": "out", "peers": [POLICE.host], "to": f"sip:{POLICE.host}"},
            ],
            "queue": [DEFAULTS | queue for queue in QUEUES],
            "destination": [
                {
                    "name": "police",
                    "to": ["trunk:out/110", "sip:111@192.0.2.41"],
                    "ring": "10s",
                    "numbers": ["1100"],
                }
            ],
            "callbacks": {"to": f"sip:{{number}}@{PBX.host}"},
        }
        config = Config(**sections)
        for one in config.queue:
            self.acd.set_queue(policy_of(one, config.shield, config.flood))
        users = {name: make_credentials(name, REALM, PASSWORD) for name in SKILLS}
        self.registrar = Registrar(REALM, users.get, secret=b"s" * 16)
        pbx = TrunkSpec("pbx", [PBX.host], MAX_CALLS, options_s=0)
        out = TrunkSpec("out", [POLICE.host], MAX_CALLS_OUT, options_s=0)
        self.trunks = Trunks([pbx, out])
        self.trunk, self.way_out = self.trunks
        self.ua = UserAgent(UaConfig(), self.registrar, self.trunks, token=self._token)
        record: Any = SimpleNamespace(append=self.journal.append, has_call=lambda call_id: True)
        media: Any = self.media
        self.context = Context(
            config, self.ua, self.registrar, self.acd, media, record, new_id=lambda: f"call-{self._token()}"
        )
        self.context.clock.anchor = 1_700_000_000.0
        self.control = CallControl(self.context)
        self.control.start(self.now)
        self.centre = LiveCentre(
            self.context, self.control, self.trunks, lambda: None, list, now=lambda: self.now
        )
        self.pbx = Node(self, PBX, "pbx")
        self.police = Node(self, POLICE, "110")
        self.ua.set_flow_to(lambda transport, remote: Flow("udp", AGENT, remote))
        self.outbound = self.context.outbound = Outbound(self.ua, self.trunks)
        gateways = (Entry(f"sip:{POLICE.host}"),)
        self.outbound.configure([OutboundSpec("out", gateways, options_s=0)], self.now)
        self.phones = [Node(self, Address(f"192.0.2.{20 + n}", 5060), user) for n, user in enumerate(PHONES)]
        self.nodes = {node.address: node for node in [self.pbx, self.police, *self.phones]}
        for name in SKILLS:
            self.employ(name)

    def _token(self) -> str:
        return f"t{next(self._numbers)}"

    def employ(self, name: str) -> None:
        """Put the operator into the directory."""
        self.acd.set_operator(OperatorSpec(name, name.title(), SKILLS[name]), self.now)

    def dismiss(self, name: str) -> None:
        self.registrar.remove_user(name)
        if self.acd.operator(name) is not None:
            self.acd.remove_operator(name, self.now)

    # The network and the turn

    def run(self) -> None:
        """Turns of the agent until nobody sends: all that has come in is fed in before each."""
        self._turn()
        while self._carry():
            self.now += TICK
            self._turn()

    def _turn(self) -> None:
        self.control.settle(self.now)
        for one in self.ua.outgoing():
            self._note_final(one.data)
            self._note_reliable(one.data)
            if (node := self.nodes.get(one.flow.remote)) is not None:
                self._send(one, node, to_agent=False)

    def _note_final(self, data: bytes) -> None:
        found = _FINAL.match(data)
        if found is not None:
            self.finals.setdefault(found["call"].decode(), int(found["code"]))

    def _note_reliable(self, data: bytes) -> None:
        if (found := _RELIABLE.match(data)) is not None:
            self.unconfirmed.add(found["call"].decode())
        elif (found := _CONFIRMED.match(data)) is not None:
            self.unconfirmed.discard(found["call"].decode())

    def _carry(self, *, phones_first: bool = False) -> bool:
        """What peers say goes to the agent; True if anything was on its way."""
        moving = False
        for node in sorted(self.nodes.values(), key=lambda node: (node is self.pbx) == phones_first):
            node.gather()
            for one in node.ua.outgoing():
                moving = True
                self._send(one, node, to_agent=True)
        return moving

    def at_once(self, *, phones_first: bool) -> None:
        """What everybody has said meets in one turn of the agent."""
        self._carry(phones_first=phones_first)
        self.run()

    def _send(self, one: Outgoing, node: Node, *, to_agent: bool) -> None:
        fate = self.fates.pop(0) if self.fates else "pass"
        self.lossy = self.lossy or fate != "pass" or not node.on
        if fate == "late":
            self.late.append((one, node, to_agent))
        for _ in range({"pass": 1, "twice": 2}.get(fate, 0)):
            self._hand_over(one, node, to_agent)

    def _hand_over(self, one: Outgoing, node: Node, to_agent: bool) -> None:
        if not node.on:
            return
        if to_agent:
            self.ua.receive(one.data, Flow("udp", AGENT, node.address), self.now)
        else:
            node.ua.receive(one.data, node.flow, self.now)
            node.gather()

    def pass_time(self, seconds: float) -> None:
        """Timer by timer. What was late arrives in the same turn as the next timer fires."""
        end = self.now + seconds
        self.run()
        while True:
            due = min((at for at in self._timers() if at is not None), default=end + 1)
            if due > end:
                break
            self.now = max(self.now, due)
            late, self.late = self.late, []
            for one, node, to_agent in late:
                self._hand_over(one, node, to_agent)
            self._fire()
            self.run()
        self.now = max(self.now, end)

    def meet(self, act: Callable[[], None]) -> None:
        """Let time go on to the ACD's next timer and `act` so that it reaches the agent in that same turn."""
        due = self.acd.next_timer()
        if due is not None and due > self.now + 2 * TICK:
            self.pass_time(due - self.now - 2 * TICK)
        act()
        self.now = max(self.now, due or 0.0)
        self._carry()
        self._fire()
        self.run()

    def _timers(self) -> Iterator[float | None]:
        yield self.ua.next_timer()
        yield self.control.next_timer()
        for node in self.nodes.values():
            yield node.ua.next_timer()

    def _fire(self) -> None:
        self.ua.handle_timer(self.now)
        self.control.handle_timer(self.now)
        for node in self.nodes.values():
            node.ua.handle_timer(self.now)
