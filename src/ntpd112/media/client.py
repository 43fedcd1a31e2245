"""The agent's side of the media workers: synchronous, never waits, nothing on a call's path is awaited.

Commands are buffered until `flush`, which the turn calls after the journal's commit. Ports come from a
reserve that a worker has bound beforehand, so opening a leg needs no round trip.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import protocol
from .events import Closed, MediaEvent, WorkerLost
from .figures import Figures
from .process import CONNECT_S, WorkerSlot
from .protocol import Alive, Command, Configure, Family, Law, Report, Secured

MAX_EVENTS = 100_000
"Events nobody has taken; a client whose events are not taken is not looked after, the oldest are dropped."

MAX_PLAY_LIST = 64
"Prompts played in one go: more than a sentence with numbers has."


class NoPorts(Exception):
    """No bound port pair is at hand: the range is used up, or the worker is being started again."""


class MediaError(Exception):
    """The media workers could not be started."""


@dataclass(frozen=True, slots=True)
class MediaSettings:
    """`ports`: first and last UDP port, inclusive; a leg takes an even one for RTP and the next for RTCP."""

    ports: tuple[int, int] = (20000, 29999)
    workers: int = 1
    language: str = "id"
    "Of the prompts, unless `play` says otherwise."
    bind: dict[Family, str] = field(default_factory=lambda: {4: "0.0.0.0", 6: "::"})
    prompts: Path | None = None
    "A folder with the site's own, `id/NAME.wav` and `en/NAME.wav` as `convert` makes them."
    no_audio_s: float = 5.0
    reserve: int = 128
    "Bound port pairs kept ready per family: half a second at 250 calls/s of two legs."
    quarantine_s: float = 2.0
    "A port given back is not bound again before this, so that late packets reach no other call."
    rtcp_interval_s: float = 5.0
    dscp: int = 0
    "The code point that marks RTP and RTCP (RFC 2474); 0: none."
    log_format: str = "console"
    log_level: str = "info"


class MediaLeg:
    """One RTP session with one peer. After its worker was lost, or after `close`, its methods do nothing."""

    __slots__ = ("_client", "alive", "family", "id", "port", "worker")

    def __init__(self, client: MediaClient, leg_id: int, port: int, worker: int, family: Family) -> None:
        self._client = client
        self.id = leg_id
        self.port = port
        "RTP; RTCP is `port + 1`."
        self.worker = worker
        self.family = family
        "4 or 6: the IP version of its sockets."
        self.alive = True

    def remote(
        self,
        address: str,
        port: int,
        rtcp_port: int,
        codec: Law,
        payload_type: int,
        dtmf_payload_type: int | None,
        send: bool,
        secured: Secured | None = None,
    ) -> None:
        """What an offer/answer exchange gave. A new address is learned anew, the same one keeps the lock.
        `send` False: the peer holds us. `secured`: by SRTP; keys that stay go on with their counters."""
        self._send(
            protocol.Remote(
                self.id, address, port, rtcp_port, codec, payload_type, dtmf_payload_type, send, secured
            )
        )

    def play(self, prompt: str, *more: str, loop: bool = False, language: str | None = None) -> None:
        """Play prompts one after the other (`loop`: again and again), or the tones `ringback` and `busy`,
        instead of what else would be sent. Replaces what is being played; `PlayEnded` with the last of them
        comes when it ended by itself. Of many the first `MAX_PLAY_LIST` are played."""
        language = language or self._client.settings.language
        self._send(protocol.Play(self.id, language, [prompt, *more][:MAX_PLAY_LIST], loop))

    def stop_playing(self) -> None:
        self._send(protocol.StopPlaying(self.id))

    def watch_voice(self, on: bool) -> None:
        """`Voice` comes once when somebody begins to speak from now on; again after this is called again."""
        self._send(protocol.WatchVoice(self.id, on))

    def belongs_to(self, call_id: str) -> None:
        """What the worker logs of the leg names this call."""
        self._send(protocol.Belongs(self.id, call_id))

    def close(self) -> None:
        """Give the ports back. `Closed` follows with the quality figures; a recording of this caller ends."""
        self._send(protocol.Close(self.id))
        self.alive = False

    def _send(self, command: Command) -> None:
        if self.alive:
            self._client.send(self.worker, command)


class MediaClient:
    """Owns the worker processes. `on_input` is called when events have arrived."""

    def __init__(self, on_input: Callable[[], None] | None = None) -> None:
        self.on_input = on_input
        self.settings = MediaSettings()
        self.figures = Figures()
        self.load: dict[int, Alive] = {}
        "Last report of each worker that is up."
        self._slots: list[WorkerSlot] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._legs: dict[int, MediaLeg] = {}
        self._last_id = 0
        self._events: list[MediaEvent] = []

    async def start(self, settings: MediaSettings) -> None:
        """Start the workers and wait until each has ports. Raises MediaError."""
        self.settings = settings
        self._slots = [self._slot(number) for number in range(settings.workers)]
        self._tasks = [asyncio.create_task(slot.run()) for slot in self._slots]
        try:
            async with asyncio.timeout(CONNECT_S):
                await asyncio.gather(*(slot.ready.wait() for slot in self._slots))
        except TimeoutError:
            await self.stop()
            first, last = settings.ports
            raise MediaError(
                f"[media] ports {first}-{last}: no worker got ports within {CONNECT_S:.0f} s: "
                "another program has them, or the lines above say why"
            ) from None

    async def stop(self) -> None:
        """End the workers; recordings are finished first."""
        self.flush()
        for slot in self._slots:
            slot.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for leg in self._legs.values():
            leg.alive = False
        self._legs.clear()
        self._slots = []
        self._tasks = []

    @property
    def up(self) -> bool:
        """At least one worker can open legs."""
        return any(slot.up for slot in self._slots)

    def pids(self) -> list[int]:
        """Process ids of the workers that are up."""
        return [slot.pid for slot in self._slots if slot.up]

    def open(self, *, codec: Law = "PCMA", beside: MediaLeg | None = None, family: Family = 4) -> MediaLeg:
        """A new leg, on the worker of `beside` when given (both legs of a call must be on one worker), else
        on the least busy. Raises NoPorts."""
        slots = [
            slot
            for slot in self._slots
            if slot.reserve.get(family)
            and (beside is None or (beside.alive and slot.number == beside.worker))
        ]
        if not slots:
            first, last = self.settings.ports
            raise NoPorts(f"no IPv{family} media port free in {first}-{last} at the moment")
        slot = min(slots, key=lambda slot: len(slot.legs))
        self._last_id += 1
        port = slot.last_port = slot.reserve[family].popleft()
        leg = MediaLeg(self, self._last_id, port, slot.number, family)
        slot.legs.add(leg.id)
        self._legs[leg.id] = leg
        slot.send(protocol.Open(leg.id, port, family, codec))
        return leg

    def join(self, a: MediaLeg, b: MediaLeg) -> None:
        """Each hears the other and nobody else. Partners whom they had so far hear nobody."""
        _check_together(a, b)
        if a.alive and b.alive:
            self.send(a.worker, protocol.Join(a.id, b.id))

    def unjoin(self, a: MediaLeg, b: MediaLeg) -> None:
        """Neither hears the other any more; whom else they hear stays."""
        if a.alive and b.alive:
            self.send(a.worker, protocol.Unjoin(a.id, b.id))

    def hear(self, leg: MediaLeg, sources: Sequence[MediaLeg]) -> None:
        """From now on `leg` hears these, itself excepted, at most `MAX_VOICES` of them; none: nothing. Of
        one it is relayed the packets, key presses among them; of several it is sent the sum, without key
        presses."""
        _check_together(leg, *sources)
        if leg.alive:
            self.send(leg.worker, protocol.Hear(leg.id, _ids(sources)))

    def record(self, path: Path | str, caller: MediaLeg) -> None:
        """Record to a new stereo WAV file, its folder made if missing: the caller left, whom the caller hears
        right, as that changes. Once for each caller; further calls do nothing. Ends with `stop_recording` or
        when the caller's leg is closed."""
        if caller.alive:
            self.send(caller.worker, protocol.Record(str(path), caller.id))

    def attach(self, caller: MediaLeg, others: Sequence[MediaLeg]) -> None:
        """Record on the right channel also these, whether the caller hears them or not (an operator and an
        agency while the caller is on hold). Replaces those attached before."""
        _check_together(caller, *others)
        if caller.alive:
            self.send(caller.worker, protocol.Attach(caller.id, _ids(others)))

    def stop_recording(self, caller: MediaLeg) -> None:
        if caller.alive:
            self.send(caller.worker, protocol.StopRecording(caller.id))

    def reload_prompts(self) -> None:
        """The folder of the site's own prompts has changed: the workers read it again, which takes a
        moment."""
        for slot in self._slots:
            slot.send(protocol.ReloadPrompts())

    def flush(self) -> None:
        """Let the buffered commands leave."""
        for slot in self._slots:
            slot.flush()

    def events(self) -> list[MediaEvent]:
        """Takes what has happened, in order."""
        events, self._events = self._events, []
        return events

    def send(self, worker: int, command: Command) -> None:
        self._slots[worker].send(command)

    def _slot(self, number: int) -> WorkerSlot:
        settings = self.settings
        first, last = settings.ports
        share = (last - first + 1) // settings.workers & ~1
        first += number * share
        if number < settings.workers - 1:
            last = first + share - 1
        configure = Configure(
            worker=number,
            first_port=first,
            last_port=last,
            start_at=first,
            bind=settings.bind,
            reserve=settings.reserve,
            quarantine_s=settings.quarantine_s,
            no_audio_s=settings.no_audio_s,
            rtcp_interval_s=settings.rtcp_interval_s,
            prompts=str(settings.prompts.absolute()) if settings.prompts is not None else "",
            dscp=settings.dscp,
        )
        return WorkerSlot(
            configure, self._take, self._lose, self._wake, log=(settings.log_format, settings.log_level)
        )

    def _take(self, slot: WorkerSlot, report: Report) -> None:
        if isinstance(report, Alive):
            self.load[slot.number] = report
            return
        if isinstance(report, protocol.Ports):
            return
        self.figures.take(report)
        if isinstance(report, Closed):
            leg = self._legs.pop(report.leg, None)
            if leg is not None:
                leg.alive = False
            slot.legs.discard(report.leg)
        self._events.append(report)
        if len(self._events) > MAX_EVENTS:
            del self._events[: MAX_EVENTS // 2]

    def _lose(self, slot: WorkerSlot) -> None:
        self.figures.workers_lost += 1
        self.load.pop(slot.number, None)
        lost = sorted(slot.legs)
        for leg_id in lost:
            self._legs.pop(leg_id).alive = False
        self._events.append(WorkerLost(slot.number, lost))
        self._wake()

    def _wake(self) -> None:
        if self._events and self.on_input is not None:
            self.on_input()


def _ids(legs: Sequence[MediaLeg]) -> list[int]:
    return [leg.id for leg in legs if leg.alive]


def _check_together(leg: MediaLeg, *others: MediaLeg) -> None:
    """Raises ValueError for legs of different workers: they were not opened `beside` each other."""
    for other in others:
        if other.worker != leg.worker:
            raise ValueError(f"legs {leg.id} and {other.id} are on workers {leg.worker} and {other.worker}")
