"""What a worker does with its commands: legs, joins, prompts and recordings, and what time brings to them."""

from __future__ import annotations

import errno
import gc
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any, Final

import structlog

from .events import Closed, Event, PlayEnded, Quality, RecordingFailed
from .leg import Leg, Surroundings
from .ports import PortPool
from .prompts import Prompts
from .protocol import (
    Alive,
    Close,
    Command,
    Configure,
    Family,
    Join,
    Open,
    Play,
    Ports,
    Record,
    Remote,
    Report,
    StopPlaying,
    StopRecording,
    Unjoin,
)
from .recorder import CALLER, OPERATOR, DiskWriter, Recording
from .relay import Handler

TICKS_A_SECOND: Final = 50
REFILL_AT_ONCE: Final = 32
"Port pairs bound in one go while voices wait: about 1 ms."
WRITER_STOP_S: Final = 8.0
"Less than the agent waits for a worker to end."
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
        self._recordings: dict[int, tuple[Recording, Leg | None]] = {}
        "By caller leg, with the leg on the operator's channel."
        self._seconds: list[dict[int, Leg]] = [{} for _ in range(TICKS_A_SECOND)]
        "Legs by the tick of each second in which their housekeeping is done, to spread the work."
        self._prompts = Prompts()
        self._writer = DiskWriter()
        self._packets = 0
        self._dropped = 0
        self._around = Surroundings(self._emit, self._handle, 0.0, 0.0)
        self._do: dict[type[Any], Callable[[Any], None]] = {
            Configure: self._configure,
            Open: self._open,
            Remote: self._remote,
            Play: self._play,
            StopPlaying: self._stop_playing,
            Join: self._join,
            Unjoin: self._unjoin,
            Record: self._record,
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
        """Every 20 ms: prompts go on, a fiftieth of the legs is looked after, ports are bound."""
        self._around.tick = number
        # A prompt that ends may change the set, by way of what its end changes.
        for leg in [leg for leg in self._playing if not leg.play_tick(number)]:
            self._playing.discard(leg)
        now = monotonic()
        for leg in list(self._seconds[number % TICKS_A_SECOND].values()):
            self._packets += leg.keep_house(now)
            if leg.id in self._recordings:
                self._recordings[leg.id][0].flush(now)
        self._writer.hand_over()
        while self._writer.failures:
            self._end_failed(*self._writer.failures.popleft())
        self.refill(now)
        if number % TICKS_A_SECOND == 0:
            if not self._legs:
                gc.collect()  # see `main` of worker.py
            dropped = self._dropped + sum(leg.dropped for leg in self._legs.values())
            self._tell(Alive(len(self._legs), self._packets, dropped, self._cpu_s()))

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
        for caller in list(self._recordings):
            self._end_recording(caller)
        self._writer.stop(WRITER_STOP_S)
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
        for family, host in command.bind.items():
            self._pools[family] = PortPool(
                family, host, command.first_port, command.last_port, command.start_at, command.quarantine_s
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

    def _play(self, command: Play) -> None:
        leg = self._leg(command.leg)
        frames = self._prompts.frames(command.language, command.prompt)
        if frames is None:
            log.error("unknown prompt", prompt=command.prompt, leg=leg.id)
            self._tell(PlayEnded(leg.id, command.prompt))
            return
        leg.play(command.prompt, frames, command.loop)
        self._playing.add(leg)

    def _stop_playing(self, command: StopPlaying) -> None:
        leg = self._leg(command.leg)
        self._playing.discard(leg)
        leg.stop_playing()

    def _join(self, command: Join) -> None:
        a, b = self._leg(command.a), self._leg(command.b)
        a.join(b)
        for caller, operator in ((a, b), (b, a)):
            if caller.id in self._recordings and operator.tape is None:
                self._attach(caller, operator)

    def _unjoin(self, command: Unjoin) -> None:
        a, b = self._leg(command.a), self._leg(command.b)
        if a.peer is b:
            a.unjoin()
        for caller, operator in ((a, b), (b, a)):
            self._detach(caller.id, operator)

    def _record(self, command: Record) -> None:
        caller = self._leg(command.caller)
        operator = self._leg(command.operator) if command.operator else caller.peer
        if caller.id not in self._recordings:
            recording = Recording(Path(command.path), caller.id, self._writer, monotonic())
            self._recordings[caller.id] = recording, None
            caller.tape = recording.tapes[CALLER]
            caller.changed()
        if operator is not None and operator.tape is None:
            self._attach(caller, operator)

    def _attach(self, caller: Leg, operator: Leg) -> None:
        recording, present = self._recordings[caller.id]
        if present is not None:
            self._detach(caller.id, present)
        recording.replace_operator()
        self._recordings[caller.id] = recording, operator
        operator.tape = recording.tapes[OPERATOR]
        operator.changed()

    def _detach(self, caller: int, operator: Leg) -> None:
        recording, present = self._recordings.get(caller, (None, None))
        if recording is not None and present is operator:
            self._recordings[caller] = recording, None
            operator.tape = None
            operator.changed()

    def _stop_recording(self, command: StopRecording) -> None:
        self._end_recording(self._leg(command.caller).id)

    def _end_recording(self, caller: int) -> None:
        recording, operator = self._recordings.pop(caller, (None, None))
        if recording is None:
            return
        for leg in (self._legs.get(caller), operator):
            if leg is not None:
                leg.tape = None
                leg.changed()
        recording.finish(monotonic())

    def _end_failed(self, caller: int, reason: str) -> None:
        log.error("recording failed", leg=caller, reason=reason)
        self._end_recording(caller)
        self._tell(RecordingFailed(caller, reason))

    def _close(self, command: Close) -> None:
        leg = self._leg(command.leg)
        self._end_recording(leg.id)
        if leg.tape is not None:
            caller = next(key for key, (_, operator) in self._recordings.items() if operator is leg)
            self._detach(caller, leg)
        self._playing.discard(leg)
        leg.unjoin()
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
