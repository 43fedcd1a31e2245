"""Call recordings: stereo A-law WAV files that grow while the call lasts.

Sound is placed by the loop that relays; files are written by one thread, so that a slow disk never stalls a
voice. The header is made true after every write, about once a second: a file is readable at any moment,
also after the process was killed.
"""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from functools import reduce
from pathlib import Path
from typing import Final

from .g711 import SAMPLE_RATE, SILENCE
from .mixing import overlay
from .relay import Sound
from .track import SoundBuffer, Track
from .wav import HEADER_BYTES, MAX_DATA_BYTES, alaw_header

HOLD_BACK: Final = SAMPLE_RATE * 2 // 5
"Samples kept back from writing: a packet that is late by less is still put in its place."
MAX_UNWRITTEN_BYTES: Final = 2 * SAMPLE_RATE * 20
"20 s of one recording. A disk that stalls for longer ends the recording, not the call."


class WavFile:
    """A file being recorded. The loop adds to `queued`, the thread to `written`."""

    __slots__ = ("_fd", "caller", "failed", "path", "queued", "written")

    def __init__(self, path: Path, caller: int) -> None:
        self.path = path
        self.caller = caller
        "Leg id, for the event when it fails."
        self.queued = 0
        self.written = 0
        self.failed = False
        self._fd = -1

    def write(self, data: bytes) -> None:
        """On the thread. Raises OSError."""
        if self._fd < 0:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # A recording is evidence: one that is there already is never written over.
            self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        if self.written + len(data) > MAX_DATA_BYTES:
            raise OSError("recording is at the size limit of a WAV file")
        view = memoryview(data)
        while view:
            done = os.pwrite(self._fd, view, HEADER_BYTES + self.written)
            self.written += done
            view = view[done:]
        os.pwrite(self._fd, alaw_header(2, self.written // 2), 0)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


Job = tuple[WavFile, bytes | None]
"None: close it."


class DiskWriter:
    """The thread. `failures` holds (caller leg, reason) of recordings that ended early, for the loop to
    take."""

    def __init__(self) -> None:
        self.failures: deque[tuple[int, str]] = deque()
        self._gathered: list[Job] = []
        self._jobs: queue.SimpleQueue[list[Job] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="recordings", daemon=True)
        self._thread.start()

    def write(self, file: WavFile, data: bytes) -> None:
        if file.failed:
            return
        if file.queued - file.written > MAX_UNWRITTEN_BYTES:
            self._fail(file, f"disk too slow: {file.queued - file.written} bytes unwritten")
            return
        file.queued += len(data)
        self._gathered.append((file, data))

    def close(self, file: WavFile) -> None:
        """After what was queued before."""
        self._gathered.append((file, None))

    def hand_over(self) -> None:
        """Let the thread have what was gathered. Once a tick: each time it wakes it takes the interpreter
        from the voices."""
        if self._gathered:
            self._jobs.put(self._gathered)
            self._gathered = []

    def stop(self, timeout_s: float) -> None:
        """Write what is queued, wait for it at most this long."""
        self.hand_over()
        self._jobs.put(None)
        self._thread.join(timeout_s)

    def _work(self) -> None:
        while (jobs := self._jobs.get()) is not None:
            for file, data in jobs:
                if data is None:
                    file.close()
                elif not file.failed:
                    try:
                        file.write(data)
                    except OSError as problem:
                        self._fail(file, f"{file.path}: {problem.strerror or problem}")

    def _fail(self, file: WavFile, reason: str) -> None:
        file.failed = True
        self.failures.append((file.caller, reason))


class Voice:
    """What one leg says, on its way into a recording. Positions are samples from the recording's start."""

    __slots__ = ("_buffer", "_place", "tape")

    def __init__(self, base: int = 0) -> None:
        self.tape: list[Sound] = []
        "Where packets are put as they arrive; `lay` finds their places, many at a time."
        self._place = Track().place
        self._buffer = SoundBuffer(base)

    @property
    def waiting(self) -> bool:
        """Some of it is not yet taken."""
        return bool(self.tape or len(self._buffer))

    def lay(self, started_at: float) -> None:
        """Put what is on the tape in its place; neighbours are put together, which is most of them."""
        run: list[bytes] = []
        start = end = 0
        for arrived_at, ssrc, timestamp, marker, sound in self.tape:
            arrived = int((arrived_at - started_at) * SAMPLE_RATE)
            position = self._place(ssrc, timestamp, len(sound), marker, arrived)
            if position != end:
                self._buffer.put(start, b"".join(run))
                run = []
                start = end = position
            run.append(sound)
            end += len(sound)
        self._buffer.put(start, b"".join(run))
        self.tape.clear()

    def take(self, until: int) -> bytes:
        return self._buffer.take(until)


class Recording:
    """One call's recording: the caller left, all others mixed on the right. Times are monotonic seconds."""

    __slots__ = ("_file", "_gone", "_others", "_position", "_started_at", "_writer", "caller")

    def __init__(self, path: Path, caller: int, writer: DiskWriter, now: float) -> None:
        self.caller = Voice()
        self._others: list[Voice] = []
        self._gone: list[Voice] = []
        "Who is no longer heard, but some of whose words are not yet written."
        self._file = WavFile(path, caller)
        self._writer = writer
        self._started_at = now
        self._position = 0
        writer.write(self._file, b"")  # a path that cannot be written is told now, not with the first sound

    def add(self) -> Voice:
        """One more on the right."""
        voice = Voice(self._position)
        self._others.append(voice)
        return voice

    def remove(self, voice: Voice) -> None:
        """That one says no more; what it said is kept."""
        self._others.remove(voice)
        self._gone.append(voice)

    def flush(self, now: float) -> None:
        """Hand over what no late packet can change any more. Called about every second."""
        self._hand_over(int((now - self._started_at) * SAMPLE_RATE) - HOLD_BACK)

    def finish(self, now: float) -> None:
        self._hand_over(int((now - self._started_at) * SAMPLE_RATE))
        self._writer.close(self._file)

    def _hand_over(self, until: int) -> None:
        voices = [self.caller, *self._others, *self._gone]
        for voice in voices:
            voice.lay(self._started_at)
        count = until - self._position
        if count <= 0:
            return
        self._position = until
        silence = SILENCE["PCMA"] * count
        left, *others = (voice.take(until) for voice in voices)
        right = reduce(overlay, [said for said in others if said != silence] or [silence])
        both = bytearray(2 * count)
        both[0::2], both[1::2] = left, right
        self._writer.write(self._file, bytes(both))
        self._gone = [voice for voice in self._gone if voice.waiting]
