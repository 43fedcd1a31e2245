"""Copies of files and SQLite databases that others may be writing, and of PostgreSQL by its own programs."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.engine import make_url

from .errors import BackupError

PAGES = 2_048
"Copied between two reports of progress: 8 MB."
LOCK_S = 30.0
"Seconds that an SQLite file may be locked by somebody else."
CONNECT_S = 10
"Seconds for PostgreSQL to take a connection."
CHUNK = 1 << 22
Tell = Callable[[int, int], None]
"How much is done, of how much."


def copy_sqlite(source: Path, target: Path, tell: Tell) -> None:
    """The state of one moment, in a file of its own without WAL; who writes meanwhile is not held up. Raises
    sqlite3.Error, BackupError for a damaged one."""
    make_private(target)
    origin = sqlite3.connect(
        f"file:{quote(str(source))}?mode=rw", uri=True, timeout=LOCK_S, isolation_level=None
    )
    copy = sqlite3.connect(target, isolation_level=None)
    try:
        origin.execute("BEGIN")  # or what others commit would make it begin again
        origin.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        origin.backup(copy, pages=PAGES, progress=lambda _, left, total: tell(total - left, total), sleep=0)
        origin.execute("ROLLBACK")
        copy.execute("PRAGMA journal_mode = delete")
        (verdict,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    finally:
        copy.close()
        origin.close()
    if verdict != "ok":
        raise BackupError(f'"{source}" is damaged: {verdict}')
    flush(target)


def copy_file(source: Path, target: Path, tell: Tell) -> None:
    """Raises OSError."""
    make_private(target)
    done, total = 0, source.stat().st_size
    with source.open("rb") as origin, target.open("wb") as copy:
        while chunk := origin.read(CHUNK):
            copy.write(chunk)
            done += len(chunk)
            tell(done, max(done, total))
    flush(target)


def dump_postgresql(url: str, target: Path) -> None:
    """Raises BackupError."""
    make_private(target)
    _run("pg_dump", url, "--format=custom", f"--file={target}")
    flush(target)


def load_postgresql(url: str, source: Path) -> None:
    """Into an empty database, all or nothing. Raises BackupError."""
    database = _environment(url)["PGDATABASE"]
    _run(
        "pg_restore",
        url,
        "--exit-on-error",
        "--single-transaction",
        "--no-owner",
        f"--dbname={database}",
        str(source),
    )


def _run(program: str, url: str, *arguments: str) -> None:
    if shutil.which(program) is None:
        raise BackupError(
            f"{program} is needed for a PostgreSQL database: install PostgreSQL's client programs of the "
            "server's version or newer (Debian: postgresql-client)"
        )
    done = subprocess.run(
        [program, "--no-password", *arguments],
        env={**os.environ, **_environment(url)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupError(f"{program}: {done.stderr.strip() or f'ended with {done.returncode}'}")


def _environment(url: str) -> Mapping[str, str]:
    """Not as arguments: every user of the machine sees those."""
    parsed = make_url(url)
    host = parsed.host or parsed.query.get("host", "")
    given = {
        "PGHOST": host if isinstance(host, str) else ",".join(host),
        "PGPORT": str(parsed.port or ""),
        "PGUSER": parsed.username or "",
        "PGPASSWORD": parsed.password or "",
        "PGDATABASE": parsed.database or "",
        "PGCONNECT_TIMEOUT": str(CONNECT_S),
    }
    return {name: value for name, value in given.items() if value}


def make_private(file: Path) -> None:
    """An empty file that only its owner reads, in a folder of that kind."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))


def flush(path: Path) -> None:
    """A file or folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
