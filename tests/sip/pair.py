"""Two user agents joined in memory: a lost datagram is one not handed over, and time goes on by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count

from ntpd112.sip.agent import UaConfig, UserAgent
from ntpd112.sip.events import IncomingCall, PhoneCall, SipEvent
from ntpd112.sip.flow import Address, Flow, Outgoing
from ntpd112.sip.leg import Leg
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.parser import StreamParser
from ntpd112.sip.registrar import Registrar
from ntpd112.sip.sdp import LocalMedia
from ntpd112.sip.session_policy import SessionPolicy
from ntpd112.sip.target import Target
from ntpd112.sip.trunks import Trunks, TrunkSpec
from ntpd112.sip.uri import Uri

TICK = 0.01
"Seconds a datagram is on its way."
ALICE = Address("192.0.2.1", 5060)
BOB = Address("192.0.2.2", 5060)
CALLER = NameAddr.parse('"Budi" <sip:+6281234567@192.0.2.1>')
MEDIA_A = LocalMedia("192.0.2.1", 4000, session_id=11)
MEDIA_B = LocalMedia("192.0.2.2", 5000, session_id=22)

Judge = Callable[[bytes], str]
"What happens to a datagram: `pass`, `drop`, `twice`, or `late` (after what follows it)."


def tokens(prefix: str) -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"{prefix}{next(numbers)}"


def first_line(data: bytes) -> str:
    return data.partition(b"\r\n")[0].decode()


def name_of(data: bytes) -> str:
    """`INVITE`, or `200 INVITE` for a response."""
    head = first_line(data)
    if not head.startswith("SIP/2.0"):
        return head.split()[0]
    cseq = next(line for line in data.decode("utf-8", "replace").split("\r\n") if line.startswith("CSeq:"))
    return f"{head.split()[1]} {cseq.split()[-1]}"


class Side:
    """One user agent and all that came out of it."""

    def __init__(
        self,
        address: Address,
        config: UaConfig,
        registrar: Registrar | None = None,
        max_calls: int = 1000,
        networks: Sequence[str] = ("0.0.0.0/0", "::/0"),
    ) -> None:
        self.address = address
        trunks = Trunks([TrunkSpec("any", networks, max_calls, options_s=0)])
        self.trunk = next(iter(trunks))
        self.ua = UserAgent(config, registrar, trunks, token=tokens(f"{address.host.replace('.', '-')}x"))
        self.events: list[SipEvent] = []
        self.legs: list[Leg] = []

    def gather(self) -> None:
        for event in self.ua.events():
            self.events.append(event)
            if isinstance(event, IncomingCall | PhoneCall):
                self.legs.append(event.leg)

    def story(self) -> list[str]:
        """The kinds of events so far."""
        return [type(event).__name__ for event in self.events]

    def last(self, kind: type[SipEvent]) -> SipEvent:
        return [event for event in self.events if isinstance(event, kind)][-1]

    @property
    def leaks(self) -> tuple[int, int, int]:
        """Open transactions, legs and timers."""
        core = self.ua.core
        return len(core.transactions), len(core.legs), len(core.timers)


class Pair:
    def __init__(
        self,
        transport: str = "udp",
        a: UaConfig | None = None,
        b: UaConfig | None = None,
        judge: Judge | None = None,
        max_calls: int = 1000,
    ) -> None:
        self.now = 1000.0
        self.a = Side(ALICE, a or UaConfig(policy=SessionPolicy(session_s=0)))
        self.b = Side(BOB, b or UaConfig(policy=SessionPolicy(session_s=0)), None, max_calls)
        self.flow_a = Flow(transport, ALICE, BOB)
        self.flow_b = Flow(transport, BOB, ALICE)
        self.judge = judge or (lambda data: "pass")
        self.policy: SessionPolicy | None = None
        "Of calls that a makes."
        self.wire: list[str] = []
        "What was sent, as `a INVITE`, `b 200 INVITE`; what was dropped has a `!` behind."
        self.sent: list[bytes] = []

    # The ten lines that are the network

    def run(self) -> None:
        """Hand over what is sent, until nobody sends."""
        while any([self._carry(self.a, self.b, self.flow_b), self._carry(self.b, self.a, self.flow_a)]):
            self.now += TICK

    def _carry(self, source: Side, sink: Side, flow: Flow) -> bool:
        out, late = source.ua.outgoing(), []
        for one in out:
            fate = self.judge(one.data)
            mark = "!" if fate == "drop" else ""
            self.wire.append(f"{'a' if source is self.a else 'b'} {name_of(one.data)}{mark}")
            self.sent.append(one.data)
            late += [one] if fate == "late" else []
            for _ in range({"pass": 1, "twice": 2}.get(fate, 0)):
                self.hand_over(one, sink, flow)
        for one in late:
            self.hand_over(one, sink, flow)
        self.a.gather()
        self.b.gather()
        return bool(out)

    def hand_over(self, one: Outgoing, sink: Side, flow: Flow) -> None:
        if flow.reliable:
            for message in StreamParser().feed(one.data):
                sink.ua.receive_message(message, flow, self.now)  # type: ignore[arg-type]
        else:
            sink.ua.receive(one.data, flow, self.now)

    def pass_time(self, seconds: float) -> None:
        """Let time go on, timer by timer."""
        end = self.now + seconds
        while True:
            self.run()
            timers = [t for t in (self.a.ua.next_timer(), self.b.ua.next_timer()) if t is not None]
            due = min(timers, default=end + 1)
            if due > end:
                break
            self.now = max(self.now, due)
            self.a.ua.handle_timer(self.now)
            self.b.ua.handle_timer(self.now)
        self.now = max(self.now, end)
        self.run()

    # What people do

    def invite(self, headers: dict[str, str] | None = None, local: LocalMedia = MEDIA_A) -> Leg:
        """a calls b; what is said is not carried over yet."""
        target = Target(Uri("sip", BOB.host, "112", BOB.port), self.flow_a, policy=self.policy)
        leg = self.a.ua.invite(target, caller=CALLER, local=local, headers=headers, now=self.now)
        self.a.legs.append(leg)
        return leg

    def call(self, headers: dict[str, str] | None = None) -> tuple[Leg, Leg]:
        """a calls b, b answers; both legs, established."""
        mine = self.invite(headers)
        self.run()
        theirs = self.b.legs[-1]
        theirs.answer(self.now, MEDIA_B)
        self.run()
        return mine, theirs

    def take_wire(self) -> list[str]:
        taken, self.wire = self.wire, []
        return taken

    def settle(self) -> None:
        """Long enough for every transaction to have ended."""
        self.pass_time(300)
