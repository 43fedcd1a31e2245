"""Simulated softphones and callers: real SIP over UDP through our own user agent, real RTP with speech."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass, field

from ntpd112.app.alarm import Alarm
from ntpd112.config import ListenUrl
from ntpd112.sip.agent import UaConfig, UserAgent
from ntpd112.sip.digest import answer_challenge
from ntpd112.sip.endpoint import SipEndpoint
from ntpd112.sip.events import Cause, Ended, Failed, IncomingCall, MediaChanged, SipEvent
from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.leg import Leg
from ntpd112.sip.message import Response
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.sdp import LocalMedia
from ntpd112.sip.target import Target
from ntpd112.sip.trunks import Trunks, TrunkSpec
from ntpd112.sip.uri import Uri

from .speech import Voice, load_speech

GOODBYE = Cause(0, 16)
PICK_UP_S = (1.0, 4.0)
TALK_S = (6.0, 20.0)
LET_RING = 0.05
"Share of offers that a simulated operator does not pick up, so that one sees what happens then."


@dataclass
class Bank:
    """Phones that share one SIP socket on `host`. Subclasses say what a phone does."""

    host: str
    agent: tuple[str, int]
    port: int = 0
    "0: any that is free."
    voices: set[Voice] = field(default_factory=set)
    legs: dict[int, tuple[Leg, Voice]] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def open(self) -> None:
        trunk = TrunkSpec("agent", [self.agent[0]], max_calls=1_000, options_s=0)
        self.ua = UserAgent(UaConfig(user_agent="ntpd112-demo"), None, Trunks([trunk]))
        self.endpoint = SipEndpoint(self.ua, self.turn)
        self.loop = asyncio.get_running_loop()
        self._alarm = Alarm(self.loop, self._timer)
        addresses = await self.endpoint.open([ListenUrl("udp", self.host, self.port)])
        local = addresses[0]
        self.flow = Flow("udp", local, Address(*self.agent))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._alarm.cancel()
        await self.endpoint.close()
        for voice in self.voices:
            voice.close()

    def turn(self) -> None:
        while events := self.ua.events():
            for event in events:
                self.handle(event)
        self.endpoint.send(self.ua.outgoing())
        self._alarm.arm(self.ua.next_timer())

    def _timer(self) -> None:
        self.ua.handle_timer(self.loop.time())
        self.turn()

    def handle(self, event: SipEvent) -> None:
        match event:
            case MediaChanged(leg, remote) if leg.id in self.legs:
                self.legs[leg.id][1].remote = (remote.address, remote.port)
            case Ended(leg) | Failed(leg):
                self._silence(leg)

    def spawn(self, doing: Coroutine[None, None, None]) -> None:
        task = self.loop.create_task(doing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def voice_for(self, speech: str) -> tuple[Voice, LocalMedia]:
        voice = Voice(load_speech(speech))
        port = await voice.open(self.host)
        self.voices.add(voice)
        return voice, LocalMedia(self.host, port, ("PCMA",))

    def attach(self, leg: Leg, voice: Voice) -> None:
        self.legs[leg.id] = leg, voice

    def hang_up(self, leg: Leg) -> None:
        leg.hang_up(self.loop.time(), GOODBYE)
        self.turn()

    def _silence(self, leg: Leg) -> None:
        _, voice = self.legs.pop(leg.id, (leg, None))
        if voice is not None:
            self.voices.discard(voice)
            voice.close()


class Operators(Bank):
    """Phones that register, ring, pick up after a moment and sometimes do not. Without registering: the
    neighbouring centre, which takes what the ladder brings."""

    async def register(self, user: str, password: str, realm_host: str) -> None:
        """Raises RuntimeError with the response when the agent refuses."""
        uri = Uri("sip", realm_host)
        aor = NameAddr(Uri("sip", realm_host, user))
        headers = {
            "From": str(aor.with_tag(secrets.token_hex(8))),
            "To": str(aor),
            "Contact": f"<sip:{user}@{self.flow.local.host}:{self.flow.local.port}>",
            "Expires": "3600",
            "Call-ID": secrets.token_hex(8),
        }
        first = await self._send(uri, headers | {"CSeq": "1 REGISTER"})
        challenges = first.all("www-authenticate")
        answer = answer_challenge(
            challenges,
            method="REGISTER",
            uri=str(uri),
            user=user,
            password=password,
            cnonce=secrets.token_hex(8),
        )
        if first.code != 401 or answer is None:
            raise RuntimeError(f"registering {user}: {first.code} {first.phrase}")
        second = await self._send(uri, headers | {"CSeq": "2 REGISTER", "Authorization": answer})
        if second.code != 200:
            raise RuntimeError(f"registering {user}: {second.code} {second.phrase}")

    async def _send(self, uri: Uri, headers: dict[str, str]) -> Response:
        done: asyncio.Future[Response] = self.loop.create_future()

        def on_response(response: Response, now: float) -> None:
            if response.code >= 200 and not done.done():
                done.set_result(response)

        self.ua.request(
            "REGISTER", uri, self.flow, headers=headers, on_response=on_response, now=self.loop.time()
        )
        self.turn()
        return await done

    def handle(self, event: SipEvent) -> None:
        if isinstance(event, IncomingCall):
            self.spawn(self._take(event.leg))
        super().handle(event)

    async def _take(self, leg: Leg) -> None:
        leg.ring(self.loop.time())
        self.turn()
        if random.random() < LET_RING:
            return
        await asyncio.sleep(random.uniform(*PICK_UP_S))
        if leg.state == "ended":
            return
        voice, local = await self.voice_for("operator")
        self.attach(leg, voice)
        leg.answer(self.loop.time(), local)
        self.turn()
        await asyncio.sleep(random.uniform(*TALK_S))
        self.hang_up(leg)


class Callers(Bank):
    """People who dial 112, or 119 for an ambulance, and talk until the operator hangs up."""

    SPEECH = ("caller-fire", "caller-medical", "caller-accident")

    async def dial(self) -> None:
        speech = random.choice(self.SPEECH)
        number = "119" if speech == "caller-medical" and random.random() < 0.5 else "112"
        anonymous = random.random() < 0.1
        name = "anonymous" if anonymous else f"08{random.randint(10**8, 10**10):d}"
        host = "anonymous.invalid" if anonymous else self.host
        voice, local = await self.voice_for(speech)
        leg = self.ua.invite(
            Target(Uri("sip", self.agent[0], number, self.agent[1]), self.flow),
            caller=NameAddr(Uri("sip", host, name)),
            local=local,
            headers={},
            now=self.loop.time(),
        )
        self.attach(leg, voice)
        self.turn()

    async def keep_dialling(self, per_minute: float) -> None:
        """Calls at random moments, `per_minute` of them on average."""
        while True:
            await self.dial()
            await asyncio.sleep(random.expovariate(per_minute / 60.0))

    def hang_up_all(self) -> None:
        for leg, _ in list(self.legs.values()):
            leg.hang_up(self.loop.time(), GOODBYE)
        self.turn()
