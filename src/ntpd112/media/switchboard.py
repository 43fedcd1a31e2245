"""What a worker does with its commands: legs, joins, prompts and recordings, and what time brings to them."""

from __future__ import annotations

import errno
import gc
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any, Final

import structlog

from .events import Closed, Event, PlayEnded, Quality, RecordingFailed, Voice
from .hearing import Hearing
from .leg import Leg, Surroundings
from .ports import PortPool
from .prompts import PromptShelf
from .protocol import (
    Alive,
    Attach,
    Belongs,
    Close,
    Command,
    Configure,
    Family,
    Hear,
    Join,
    Open,
    Play,
    Ports,
    Record,
    ReloadPrompts,
    Remote,
    Report,
    StopPlaying,
    StopRecording,
    Unjoin,
    WatchVoice,
)
from .recordings import Recordings
from .relay import Handler
from .voice import VoiceWatch

TICKS_A_SECOND: Final = 50
REFILL_AT_ONCE: Final = 32
"Port pairs bound in one go while voices wait: about 1 ms."
MAX_DRAINED: Final = 1000
"Stray packets thrown away from a port that was bound ahead of need."

log = structlog.get_logger("ntpd112.media")


class UnknownLeg(Exception):
    """A command names a leg that is not there (any more)."""


class Switchboard:
    """`watch` and `handle` connect file descriptors to the loop; `tell` sends a report to the agent."""

    def __init__(
        self,
        tell: Callable[[Report], None],
        watch: Callable[[int, Handler], None],
        handle: Callable[[int, Handler], None],
        forget: Callable[[int], None],
        cpu_s: Callable[[], float],
    ) -> None:
        self._tell = tell
        self._watch = watch
        self._handle = handle
        self._forget = forget
        self._cpu_s = cpu_s
        self._settings: Configure | None = None
        self._pools: dict[Family, PortPool] = {}
        self._legs: dict[int, Leg] = {}
        self._playing: set[Leg] = set()
        self._recordings = Recordings(lambda caller, reason: tell(RecordingFailed(caller, reason)))
        self._hearing = Hearing(self._recordings.follow)
        self._seconds: list[dict[int, Leg]] = [{} for _ in range(TICKS_A_SECOND)]
        "Legs by the tick of each second in which their housekeeping is done, to spread the work."
        self._shelf = PromptShelf()
        self._watches: dict[Leg, VoiceWatch] = {}
        self._packets = 0
        self._dropped = 0
        self._around = Surroundings(self._emit, self._handle, 0.0, 0.0)
        self._do: dict[type[Any], Callable[[Any], None]] = {
            Configure: self._configure,
            Open: self._open,
            Remote: self._remote,
            Belongs: self._belongs,
            Play: self._play,
            StopPlaying: self._stop_playing,
            WatchVoice: self._watch_voice,
            ReloadPrompts: lambda command: self._shelf.reload(),
            Join: self._join,
            Unjoin: self._unjoin,
            Hear: self._hear,
            Record: self._record,
            Attach: self._attach,
            StopRecording: self._stop_recording,
            Close: self._close,
        }

    def command(self, command: Command) -> None:
        """Obey. What names an unknown leg is logged and ignored: its call has ended meanwhile."""
        try:
            self._do[type(command)](command)
        except UnknownLeg as unknown:
            log.warning("command for an unknown leg", leg=unknown.args[0], command=repr(command))

    def tick(self, number: int) -> None:
        """Every 20 ms: prompts and mixes go on, a fiftieth of the legs is looked after, ports are bound."""
        self._around.tick = number
        # A prompt that ends may change the set, by way of what its end changes.
        for leg in [leg for leg in self._playing if not leg.play_tick(number)]:
            self._playing.discard(leg)
        self._hearing.tick(number)
        self._shelf.tick()
        for leg, watch in list(self._watches.items()):
            after_ms = watch.after_ms()
            if after_ms is not None:
                self._end_watch(leg)
                self._tell(Voice(leg.id, after_ms))
        now = monotonic()
        for leg in list(self._seconds[number % TICKS_A_SECOND].values()):
            self._packets += leg.keep_house(now)
            self._recordings.flush(leg.id, now)
        self._recordings.tick(now)
        self.refill(now)
        if number % TICKS_A_SECOND == 0:
            if not self._legs:
                gc.collect()  # see `main` of worker.py
            dropped = self._dropped + sum(leg.dropped for leg in self._legs.values())
            self._tell(self._alive(dropped))

    def _alive(self, dropped: int) -> Alive:
        free = sum(pool.free for pool in self._pools.values())
        resting = sum(pool.resting for pool in self._pools.values())
        return Alive(len(self._legs), self._packets, dropped, self._cpu_s(), free, resting)

    def refill(self, now: float, at_once: int = REFILL_AT_ONCE) -> None:
        """Bind ports until the reserve is full again, and announce them."""
        settings = self._settings
        if settings is None:
            return
        for family, pool in list(self._pools.items()):
            missing = settings.reserve - pool.bound
            if missing <= 0:
                continue
            try:
                ports = pool.bind(min(missing, at_once), now)
            except OSError as problem:
                log.warning(
                    "address cannot be bound: family not served", host=pool.host, problem=str(problem)
                )
                pool.close()
                del self._pools[family]
                continue
            if ports:
                self._tell(Ports(family, ports))

    def stop(self) -> None:
        """Finish the recordings and close everything."""
        self._recordings.stop(monotonic())
        for leg in self._legs.values():
            leg.close()
        for pool in self._pools.values():
            pool.close()

    def _leg(self, leg_id: int) -> Leg:
        try:
            return self._legs[leg_id]
        except KeyError:
            raise UnknownLeg(leg_id) from None

    def _emit(self, event: Event) -> None:
        self._tell(event)  # type: ignore[arg-type]  # every event but WorkerLost is a report

    def _configure(self, command: Configure) -> None:
        self._settings = command
        self._around.no_audio_s = command.no_audio_s
        self._around.rtcp_interval_s = command.rtcp_interval_s
        self._shelf.take_site(Path(command.prompts) if command.prompts else None)
        for family, host in command.bind.items():
            self._pools[family] = PortPool(
                family,
                host,
                command.first_port,
                command.last_port,
                command.start_at,
                command.quarantine_s,
                command.dscp,
            )
        self.refill(monotonic(), at_once=command.reserve)
        if not self._pools:
            log.error("no address to bind media ports to", bind=command.bind)

    def _open(self, command: Open) -> None:
        pool = self._pools.get(command.family)
        sockets = pool.take(command.port) if pool is not None else None
        if sockets is None:
            log.error("leg on a port that is not bound", command=repr(command))
            self._tell(Closed(command.leg, Quality(0, 0, 0.0)))
            return
        for sock in sockets:
            _drain(sock.recv)
        leg = Leg(command, sockets, self._around)
        self._legs[leg.id] = self._seconds[leg.id % TICKS_A_SECOND][leg.id] = leg
        self._watch(sockets.rtp.fileno(), leg.receive)
        self._watch(sockets.rtcp.fileno(), leg.receive_rtcp)

    def _remote(self, command: Remote) -> None:
        self._leg(command.leg).set_remote(command, monotonic())

    def _belongs(self, command: Belongs) -> None:
        self._leg(command.leg).call_id = command.call_id

    def _play(self, command: Play) -> None:
        leg = self._leg(command.leg)
        frames: tuple[bytes, ...] = ()
        for prompt in command.prompts:
            found = self._shelf.prompts.frames(command.language, prompt)
            if found is None:
                log.error("unknown prompt", call_id=leg.call_id, prompt=prompt, leg=leg.id)
            frames += found or ()
        last = command.prompts[-1]
        if not frames:
            self._tell(PlayEnded(leg.id, last))
            return
        leg.play(last, frames, command.loop)
        self._playing.add(leg)

    def _stop_playing(self, command: StopPlaying) -> None:
        leg = self._leg(command.leg)
        self._playing.discard(leg)
        leg.stop_playing()

    def _watch_voice(self, command: WatchVoice) -> None:
        leg = self._leg(command.leg)
        self._end_watch(leg)
        if command.on:
            self._watches[leg] = watch = VoiceWatch(monotonic())
            leg.tap(watch.inbox)

    def _end_watch(self, leg: Leg) -> None:
        watch = self._watches.pop(leg, None)
        if watch is not None:
            leg.untap(watch.inbox)

    def _join(self, command: Join) -> None:
        self._hearing.join(self._leg(command.a), self._leg(command.b))

    def _unjoin(self, command: Unjoin) -> None:
        self._hearing.unjoin(self._leg(command.a), self._leg(command.b))

    def _hear(self, command: Hear) -> None:
        self._hearing.hear(self._leg(command.leg), self._present(command.sources))

    def _record(self, command: Record) -> None:
        self._recordings.record(Path(command.path), self._leg(command.caller), monotonic())

    def _attach(self, command: Attach) -> None:
        self._recordings.attach(self._leg(command.caller), self._present(command.others))

    def _stop_recording(self, command: StopRecording) -> None:
        self._recordings.end(self._leg(command.caller).id, monotonic())

    def _present(self, legs: list[int]) -> list[Leg]:
        """Those that are still there: one who hung up keeps nobody from hearing the others."""
        return [self._legs[leg] for leg in legs if leg in self._legs]

    def _close(self, command: Close) -> None:
        leg = self._leg(command.leg)
        self._playing.discard(leg)
        self._end_watch(leg)
        self._hearing.leave(leg)
        self._recordings.leave(leg, monotonic())
        for sock in leg.sockets:
            self._forget(sock.fileno())
        new = leg.reception.packets
        quality = leg.close()
        del self._legs[leg.id], self._seconds[leg.id % TICKS_A_SECOND][leg.id]
        self._packets += new - leg.counted
        self._dropped += leg.dropped
        self._pools[leg.family].give_back(leg.port, monotonic())
        self._tell(Closed(leg.id, quality))


def _drain(receive: Callable[[int], bytes]) -> None:
    for _ in range(MAX_DRAINED):
        try:
            receive(1)
        except OSError as problem:
            if problem.errno == errno.EAGAIN:
                return
