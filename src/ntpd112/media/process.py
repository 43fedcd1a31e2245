"""One worker process as the agent sees it: started, connected, watched, started again when it is lost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import structlog

from .protocol import (
    Command,
    Configure,
    Family,
    FrameReader,
    Ports,
    ProtocolError,
    Report,
    decode_report,
    encode_frame,
)

CONNECT_S = 10.0
"A worker must listen within this time after its start, and announce its first ports."
CONNECT_RETRY_S = 0.01
MISSED_SECONDS = 5
"A worker reports every second; after so many seconds of silence it hangs and is killed."
STOP_S = 10.0
"Time to finish recordings when asked to end; then it is killed."
STABLE_S = 5.0
"A worker that lived this long did not die of its start: the next one is started without a pause."
BACKOFF_S = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0)
"Pause before each further start after one that did not last."
MAX_BACKLOG_BYTES = 8 << 20
"Commands not taken by the worker; beyond it hangs (a command has 20 to 100 bytes)."

log = structlog.get_logger("ntpd112.media")


@dataclass(slots=True)
class WorkerSlot:
    """The place of one worker: the configuration it gets, and the ports it has ready."""

    configure: Configure
    on_report: Callable[[WorkerSlot, Report], None]
    on_lost: Callable[[WorkerSlot], None]
    on_batch: Callable[[], None]
    log: tuple[str, str] = ("console", "info")
    "Format and level."
    reserve: dict[Family, deque[int]] = field(default_factory=dict)
    legs: set[int] = field(default_factory=set)
    pid: int = 0
    up: bool = False
    "Connected, and has announced ports."
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    last_port: int = 0
    _commands: list[bytes] = field(default_factory=list)
    _writer: asyncio.StreamWriter | None = None
    _stopping: bool = False

    @property
    def number(self) -> int:
        return self.configure.worker

    def send(self, command: Command) -> None:
        self._commands.append(encode_frame(command))

    def flush(self) -> None:
        """Hand the buffered commands to the socket; never waits."""
        if not self._commands:
            return
        data = b"".join(self._commands)
        self._commands.clear()
        writer = self._writer
        if writer is None or writer.is_closing():
            return
        writer.write(data)
        if writer.transport.get_write_buffer_size() > MAX_BACKLOG_BYTES:
            log.error("media worker takes no commands: given up", worker=self.number, pid=self.pid)
            writer.transport.abort()

    async def run(self) -> None:
        """Keep a worker in this place until `stop`."""
        loop = asyncio.get_running_loop()
        failures = 0
        while not self._stopping:
            started_at = loop.time()
            try:
                await self._one_life()
            except (OSError, TimeoutError, ProtocolError, msgspec.MsgspecError) as problem:
                log.error("media worker failed", worker=self.number, pid=self.pid, problem=str(problem))
            if self._stopping:
                return
            failures = 0 if loop.time() - started_at >= STABLE_S else failures + 1
            pause = BACKOFF_S[min(max(failures - 1, 0), len(BACKOFF_S) - 1)]
            log.error("media worker lost; starting another", worker=self.number, pause_s=pause)
            await asyncio.sleep(pause)

    def stop(self) -> None:
        """Let the worker finish its recordings and end; `run` returns when it has."""
        self._stopping = True
        if self._writer is not None:
            self._writer.close()

    async def _one_life(self) -> None:
        with tempfile.TemporaryDirectory(prefix="ntpd112-media-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / "worker.sock"
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "ntpd112.media.worker",
                "--socket",
                str(path),
                "--log-format",
                self.log[0],
                "--log-level",
                self.log[1],
                start_new_session=True,  # Ctrl-C in the terminal is the agent's to handle
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
            self.pid = process.pid
            try:
                reader, self._writer = await _connect(path, process)
                self.send(msgspec.structs.replace(self.configure, start_at=self.last_port))
                self.flush()
                await self._listen(reader)
            finally:
                self._fall()
                await self._reap(process)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        frames = FrameReader()
        missed = 0
        while missed < MISSED_SECONDS and not self._stopping:
            try:
                async with asyncio.timeout(1.0):
                    data = await reader.read(1 << 16)
            except TimeoutError:
                # Counted, not timed: an agent that was itself stopped for a while must read before it judges.
                missed += 1
                continue
            if not data:
                return
            missed = 0
            for frame in frames.feed(data):
                self._take(decode_report(frame))
            self.on_batch()
        if not self._stopping:
            raise TimeoutError(f"no sign of life for {missed} seconds")

    def _take(self, report: Report) -> None:
        if isinstance(report, Ports):
            self.reserve.setdefault(report.family, deque()).extend(report.ports)
            self.up = True
            self.ready.set()
        else:
            self.on_report(self, report)

    async def _reap(self, process: asyncio.subprocess.Process) -> None:
        """A worker whose socket is closed ends by itself when its recordings are written. One that is given
        up is not waited for: it may hang, and callers wait for the next."""
        try:
            async with asyncio.timeout(STOP_S if self._stopping else 0):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _fall(self) -> None:
        """Everything this process had is gone."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self.up = False
        self.ready.clear()
        self.reserve.clear()
        self._commands.clear()
        if not self._stopping:
            self.on_lost(self)
        self.legs.clear()


async def _connect(
    path: Path, process: asyncio.subprocess.Process
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(CONNECT_S):
        while True:
            try:
                return await asyncio.open_unix_connection(str(path))
            except (FileNotFoundError, ConnectionRefusedError):
                if process.returncode is not None:
                    raise OSError(f"media worker ended with status {process.returncode}") from None
                await asyncio.sleep(CONNECT_RETRY_S)
