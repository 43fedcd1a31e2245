"""Which calls a worker records, and whose voices go into each.

Left is the caller. Right is everybody whom the caller hears, and who is attached beside them: an emergency
call's record shall have what was settled while the caller was on hold. A whisper, which the caller does not
hear, is in it only if it is attached.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from .recorder import DiskWriter, Recording, Voice

if TYPE_CHECKING:
    from .leg import Leg

WRITER_STOP_S: Final = 8.0
"Less than the agent waits for a worker to end."

log = structlog.get_logger("ntpd112.media")


@dataclass(slots=True)
class _Recorded:
    caller: Leg
    recording: Recording
    others: dict[Leg, Voice] = field(default_factory=dict)


class Recordings:
    """`failed` is told the caller's leg id and the reason when one ends early."""

    def __init__(self, failed: Callable[[int, str], None]) -> None:
        self._failed = failed
        self._running: dict[int, _Recorded] = {}
        "By caller leg."
        self._attached: dict[int, tuple[Leg, ...]] = {}
        self._writer = DiskWriter()

    def __len__(self) -> int:
        return len(self._running)

    def record(self, path: Path, caller: Leg, now: float) -> None:
        """Begin; nothing new if this caller is recorded already."""
        if caller.id not in self._running:
            recording = Recording(path, caller.id, self._writer, now)
            self._running[caller.id] = _Recorded(caller, recording)
            caller.tap(recording.caller.tape)
            self.follow(caller)

    def attach(self, caller: Leg, others: Sequence[Leg]) -> None:
        """Beside whom the caller hears, these are recorded, and none that were attached before."""
        self._attached[caller.id] = tuple(other for other in others if other is not caller)
        if not self._attached[caller.id]:
            del self._attached[caller.id]
        self.follow(caller)

    def follow(self, caller: Leg) -> None:
        """Make the right channel agree with whom the caller hears and who is attached."""
        running = self._running.get(caller.id)
        if running is None:
            return
        wanted = dict.fromkeys((*caller.sources, *self._attached.get(caller.id, ())))
        for other in [other for other in running.others if other not in wanted]:
            self._remove(running, other)
        for other in wanted:
            if other not in running.others:
                running.others[other] = voice = running.recording.add()
                other.tap(voice.tape)

    def flush(self, caller: int, now: float) -> None:
        """About once a second: let the disk have what is complete."""
        if caller in self._running:
            self._running[caller].recording.flush(now)

    def tick(self, now: float) -> None:
        self._writer.hand_over()
        while self._writer.failures:
            caller, reason = self._writer.failures.popleft()
            running = self._running.get(caller)
            call_id = running.caller.call_id if running else ""
            log.error("recording failed", call_id=call_id, leg=caller, reason=reason)
            self.end(caller, now)
            self._failed(caller, reason)

    def end(self, caller: int, now: float) -> None:
        """Finish the file; nothing if there is none."""
        running = self._running.pop(caller, None)
        if running is None:
            return
        for other in list(running.others):
            self._remove(running, other)
        running.caller.untap(running.recording.caller.tape)
        running.recording.finish(now)

    def leave(self, leg: Leg, now: float) -> None:
        """The leg closes. Whom it was heard by must have been told before (`Hearing.leave`)."""
        self.end(leg.id, now)
        self._attached.pop(leg.id, None)
        for caller, others in [item for item in self._attached.items() if leg in item[1]]:
            self._attached[caller] = tuple(other for other in others if other is not leg)
            if caller in self._running:
                self.follow(self._running[caller].caller)

    def stop(self, now: float) -> None:
        """Finish all, and wait for the disk."""
        for caller in list(self._running):
            self.end(caller, now)
        self._writer.stop(WRITER_STOP_S)

    def _remove(self, running: _Recorded, other: Leg) -> None:
        voice = running.others.pop(other)
        other.untap(voice.tape)
        running.recording.remove(voice)
