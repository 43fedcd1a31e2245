"""The media worker process: `python -m ntpd112.media.worker --socket PATH`.

It listens on PATH for the one agent it works for, obeys its commands, and ends when that connection closes,
with its recordings finished. The loop is our own, over epoll: with learning and statistics a packet costs
about what it costs a bare uvloop relay without them (`bench/relay.py`), for nothing stands between the kernel
and the handler.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import logging
import resource
import select
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Final

import msgspec
import structlog

from ntpd112 import loglines

from .mixing import build_tables
from .protocol import FrameReader, ProtocolError, Report, decode_command, encode_frame
from .relay import Handler
from .switchboard import TICKS_A_SECOND, Switchboard

ACCEPT_S: Final = 15.0
"An agent that does not come within this time is dead."
TICK_S: Final = 1 / TICKS_A_SECOND
MAX_BEHIND_S: Final = 0.2
"After a longer stall (the machine slept) ticks are left out instead of being made up for in a burst."
BATCH: Final = 128
"Packets handled between two looks at the clock: about 1 ms."
MAX_UNSENT_BYTES: Final = 8 << 20
"Reports not taken by the agent; beyond it is stuck and they are dropped. The voices go on."

LEVELS: Final = ("debug", "info", "warning", "error")

log = structlog.get_logger("ntpd112.media")


class Worker:
    """The loop. `connection` is the agent's."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._epoll = select.epoll()
        self._handlers: dict[int, Handler] = {}
        self._frames = FrameReader()
        self._unsent = bytearray()
        self._running = True
        self._board = Switchboard(
            self._tell, self._watch, self._handlers.__setitem__, self._forget, time.process_time
        )

    def run(self) -> None:
        """Until the agent's connection closes."""
        self._watch(self._connection.fileno(), self._receive_commands)
        clock, poll, handlers = time.monotonic, self._epoll.poll, self._handlers
        tick, due = 0, clock()
        while self._running:
            try:
                for fd, _ in poll(max(due - clock(), 0.0), BATCH):
                    handler = handlers.get(fd)
                    if handler is not None:  # a command of this batch may have closed the leg
                        handler()
                now = clock()
                if now >= due:
                    behind = max(int((now - due - MAX_BEHIND_S) / TICK_S), 0)
                    tick += 1 + behind
                    due += (1 + behind) * TICK_S
                    self._board.tick(tick)
                if self._unsent:
                    self._send()
            except Exception:
                # Whatever it is, it is one leg's trouble: a process full of voices does not end for it.
                log.exception("unexpected error in the media worker")
        self._board.stop()

    def _watch(self, fd: int, handler: Handler) -> None:
        self._handlers[fd] = handler
        self._epoll.register(fd, select.EPOLLIN)

    def _forget(self, fd: int) -> None:
        self._epoll.unregister(fd)
        self._handlers.pop(fd, None)

    def _tell(self, report: Report) -> None:
        if len(self._unsent) < MAX_UNSENT_BYTES:
            self._unsent += encode_frame(report)

    def _send(self) -> None:
        try:
            del self._unsent[: self._connection.send(self._unsent)]
        except BlockingIOError:
            return  # tried again with the next tick at the latest
        except OSError:
            self._running = False

    def _receive_commands(self) -> None:
        try:
            data = self._connection.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._running = False
            return
        try:
            frames = self._frames.feed(data)
        except ProtocolError as problem:
            log.error("connection to the agent is garbled", problem=str(problem))
            self._running = False
            return
        for frame in frames:
            try:
                self._board.command(decode_command(frame))
            except msgspec.MsgspecError as problem:
                log.error("command cannot be read", problem=str(problem))
            except Exception:
                log.exception("command failed")
        self._board.refill(time.monotonic())


def main() -> None:
    parser = argparse.ArgumentParser(prog="ntpd112.media.worker", description="Media worker of ntpd112.")
    parser.add_argument("--socket", type=Path, required=True, help="Unix socket to listen on for the agent")
    parser.add_argument("--log-format", choices=["console", "json"], default="console")
    parser.add_argument("--log-level", choices=LEVELS, default="info")
    options = parser.parse_args()
    _set_up_log(options.log_format, options.log_level)
    # The agent ends first and closes the connection: a signal to the whole group shall not cut the calls
    # that it drains.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    build_tables()
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as listener:
        listener.bind(str(options.socket))
        listener.listen(1)
        listener.settimeout(ACCEPT_S)
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            sys.exit(f"no agent came to {options.socket} within {ACCEPT_S:.0f} s")
    # Legs and packets are freed by reference count. The collector would walk through all that is alive again
    # and again, some milliseconds each time; it runs when no call is up.
    gc.collect()
    gc.freeze()
    gc.disable()
    Worker(connection).run()


def _set_up_log(form: str, level: str) -> None:
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        processors=[*loglines.processors(form), loglines.renderer(form)],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


if __name__ == "__main__":
    main()
