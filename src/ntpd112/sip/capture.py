"""Keeps the last SIP messages of calls, so that `ntpd112 trace` can show what was said on the wire.

What a message costs where it passes is one append: a thread reads, cleans and writes them to a SQLite file
of their own. Registrations, keep-alives and whatever strangers send are left out, so that nobody can fill
the disk or push the calls' messages out; credentials are removed (`clean`), and the file is readable by its
owner only, since the messages hold numbers and locations. Losing it loses nothing else.
"""

from __future__ import annotations

import logging
import os
import re
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from .flow import Flow
from .uri import format_host_port

Direction = Literal["in", "out"]

MAX_PENDING = 20_000
"Messages waiting for the thread, about 20 MB: what a stall of the disk may hold up. Later ones are not kept."
MAX_PENDING_BYTES = 32 << 20
"The same for large messages."
PERIOD_S = 0.5
"How often the thread writes."
EXPIRE_EVERY_S = 600.0
"How often messages that are too old are removed."
BATCH = 64
"Messages in one transaction: reading them takes about 0.3 ms, for which the SIP thread may have to wait."
PRUNE_EVERY = 1_000
"Messages written between removals of the oldest ones: by how many `max_messages` may be exceeded."
MAX_STORED = 16_384
"Bytes kept of a message: an INVITE with location and additional data has up to 10 KB."
MAX_READ = 1_000
"Messages read at once by who follows them."
MAX_CALLED = 10_000
"Hosts that we have called and whose messages are therefore kept; beyond it the memory starts anew."

# Headers begin behind a line end, which is looked for four times faster than the start of any line.
_CALL_ID = re.compile(rb"\n(?:call-id|i)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)
_CSEQ = re.compile(rb"\ncseq[ \t]*:[ \t]*\d+[ \t]+([A-Za-z]+)", re.IGNORECASE)
_CREDENTIALS = re.compile(
    rb"(\n(?:proxy-)?authorization[ \t]*:)[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*", re.IGNORECASE
)
_URI_PASSWORD = re.compile(rb"(sips?:[^@\s:;,<>]*):[^@\s:;,<>]*@")
_SRTP_KEY = re.compile(rb"(\binline:)[^\s|;]+")
_SDP_KEY = re.compile(rb"\n(k=|a=key-mgmt:)[^\r\n]*")
_REMOVED = rb"\1(removed)"
_LEFT_OUT = frozenset({b"REGISTER", b"OPTIONS"})

_TABLE = """
CREATE TABLE IF NOT EXISTS sip_messages (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, direction TEXT NOT NULL, transport TEXT NOT NULL,
    local TEXT NOT NULL, remote TEXT NOT NULL, sip_call_id TEXT NOT NULL, message BLOB NOT NULL);
DROP INDEX IF EXISTS sip_messages_call;
"""
"""Without an index by call: each message would pay for it, while who asks for a call's messages can wait
for a look at all of them, 0.1 s for 200,000. Files of earlier versions have one."""
_COLUMNS = "at, direction, transport, local, remote, sip_call_id, message"
_INSERT = f"INSERT INTO sip_messages ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Captured:
    """One message. `at` is epoch seconds; `local` and `remote` are `host:port`."""

    at: float
    direction: Direction
    transport: str
    local: str
    remote: str
    sip_call_id: str
    message: str


_Pending = tuple[float, Direction, Flow, bytes]


class Capture:
    """`start`, then `record` from one thread, then `close`. `max_messages`: how many the file keeps, none for
    longer than `keep_s` (0: however old). `is_trunk` says of a host whether its messages are kept; those of
    hosts that we call are, too. `clock`: epoch seconds. `tell` gets, on the thread, each message as it is
    written; it must not wait or raise."""

    def __init__(
        self,
        path: Path,
        max_messages: int,
        is_trunk: Callable[[str], bool],
        *,
        keep_s: float = 0.0,
        clock: Callable[[], float] = time.time,
        tell: Callable[[Captured], None] | None = None,
    ) -> None:
        self._path = path
        self._max_messages = max_messages
        self._is_trunk = is_trunk
        self._keep_s = keep_s
        self._clock = clock
        self._tell = tell
        self._expire_at = 0.0
        self._called: set[str] = set()
        self._pending: deque[_Pending] = deque()
        self._bytes_in = self._bytes_out = 0  # each counted by one thread; what is pending is the difference
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sip capture", daemon=True)
        self._since_prune = 0
        self.dropped = 0
        "Messages not kept because the thread did not keep up or the file failed."

    def start(self) -> None:
        """Raises OSError, sqlite3.Error if the file cannot be made."""
        _make(self._path)
        self._thread.start()

    def record(self, at: float, direction: Direction, flow: Flow, data: bytes) -> None:
        """Never waits, never raises. `at`: epoch seconds."""
        if not self._is_of_call(direction, flow.remote.host, data):
            return
        waiting = self._bytes_in - self._bytes_out
        if len(self._pending) < MAX_PENDING and waiting + len(data) <= MAX_PENDING_BYTES:
            self._bytes_in += len(data)
            self._pending.append((at, direction, flow, data))
        else:
            self.dropped += 1

    def _is_of_call(self, direction: Direction, host: str, data: bytes) -> bool:
        if host in self._called:
            return True
        if direction == "out" and data.startswith(b"INVITE "):
            if len(self._called) >= MAX_CALLED:
                self._called.clear()
            self._called.add(host)
            return True
        return self._is_trunk(host)

    def close(self) -> None:
        """Write what is left and end the thread."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = off")
            while not self._stop.wait(PERIOD_S):
                self._write_all(connection)
                self._expire(connection)
            self._write_all(connection)
        finally:
            connection.close()

    def _expire(self, connection: sqlite3.Connection) -> None:
        """Messages lie in the order they came: only what goes is looked at, and the first that stays."""
        now = self._clock()
        if not self._keep_s or now < self._expire_at:
            return
        self._expire_at = now + EXPIRE_EVERY_S
        try:
            connection.execute(
                "DELETE FROM sip_messages WHERE id < ifnull("
                "(SELECT id FROM sip_messages WHERE at >= ? ORDER BY id LIMIT 1), "
                "(SELECT max(id) + 1 FROM sip_messages))",
                (now - self._keep_s,),
            )
        except sqlite3.Error as error:
            log.error("old SIP messages are not removed: %s: %s", self._path, error)

    def _write_all(self, connection: sqlite3.Connection) -> None:
        while self._pending:
            taken = [self._pending.popleft() for _ in range(min(BATCH, len(self._pending)))]
            try:
                rows = [row for one in taken if (row := _row(*one)) is not None]
                if self._tell is not None:
                    for row in rows:
                        self._tell(_captured(row))
                self._write(connection, rows)
            except sqlite3.Error as error:
                if not self.dropped:
                    log.error("SIP messages are not kept for trace: %s: %s", self._path, error)
                self.dropped += len(taken)
            self._bytes_out += sum(len(one[3]) for one in taken)

    def _write(self, connection: sqlite3.Connection, rows: list[tuple[object, ...]]) -> None:
        connection.execute("BEGIN")
        try:
            connection.executemany(_INSERT, rows)
            self._since_prune += len(rows)
            if self._since_prune >= min(PRUNE_EVERY, self._max_messages) or self._stop.is_set():
                connection.execute(
                    "DELETE FROM sip_messages WHERE id <= (SELECT max(id) FROM sip_messages) - ?",
                    (self._max_messages,),
                )
                self._since_prune = 0
            connection.execute("COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def read_messages(path: Path, call_id: str, sip_call_ids: Sequence[str] = ()) -> list[Captured]:
    """The messages of a call, in order: those with one of `sip_call_ids` (the caller's leg), and those whose
    Call-ID starts with our `call_id` (the operators' legs). Empty if there is no such file. Raises
    sqlite3.Error."""
    others = ",".join("?" * len(sip_call_ids))
    found = _read(
        path,
        f"SELECT {_COLUMNS} FROM sip_messages "
        f"WHERE (sip_call_id >= ? AND sip_call_id < ?) OR sip_call_id IN ({others}) ORDER BY id",
        (call_id, call_id + "\U0010ffff", *sip_call_ids),
    )
    return [_captured(row) for row in found]


def newest_message(path: Path) -> int:
    """The number of the last message in the file, 0 without one. Raises sqlite3.Error."""
    return sum(number for (number,) in _read(path, "SELECT ifnull(max(id), 0) FROM sip_messages"))


def messages_since(path: Path, number: int) -> list[tuple[int, Captured]]:
    """Those after message `number`, each with its own, at most MAX_READ. Raises sqlite3.Error."""
    query = f"SELECT id, {_COLUMNS} FROM sip_messages WHERE id > ? ORDER BY id LIMIT {MAX_READ}"
    return [(row[0], _captured(row[1:])) for row in _read(path, query, (number,))]


def _read(path: Path, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """Empty if there is no such file."""
    if not path.exists():
        return []
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def _captured(row: tuple[Any, ...]) -> Captured:
    at, direction, transport, local, remote, sip_call_id, data = row
    message = data.decode("utf-8", "replace")
    return Captured(at, direction, transport, local, remote, sip_call_id, message)


def _row(at: float, direction: Direction, flow: Flow, data: bytes) -> tuple[object, ...] | None:
    """None for what is no part of a call."""
    call_id, cseq = _CALL_ID.search(data), _CSEQ.search(data)
    if call_id is None or (cseq and cseq[1].upper() in _LEFT_OUT):
        return None
    return (
        at,
        direction,
        flow.transport,
        format_host_port(*flow.local),
        format_host_port(*flow.remote),
        call_id[1].rstrip(b" \t").decode("utf-8", "replace"),
        clean(data)[:MAX_STORED],
    )


def clean(data: bytes) -> bytes:
    """The message without what lets somebody in or listen: credentials (RFC 3261 §20.7, §20.28), passwords in
    URIs (§19.1.1), media keys in SDP (RFC 4568, RFC 4567, RFC 4566 §5.12), and what people write in a
    MESSAGE."""
    if data.startswith(b"MESSAGE "):
        data = data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    if b"uthorization" in data.lower():
        data = _CREDENTIALS.sub(rb"\1 (removed)", data)
    if b"\nk=" in data or b"\na=key-mgmt:" in data:
        data = _SDP_KEY.sub(rb"\n\1(removed)", data)
    if b"inline:" in data:
        data = _SRTP_KEY.sub(_REMOVED, data)
    return _URI_PASSWORD.sub(rb"\1:(removed)@", data)


def _make(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode = wal")
        connection.executescript(_TABLE)
    finally:
        connection.close()
