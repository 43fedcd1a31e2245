"""`ntpd112 backup` and `ntpd112 restore`."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ntpd112.config import find_config

from .common import ConfigOption, configuration, fail

QUIET_S = 2.0
"What takes no longer says nothing until it is done."
EVERY_S = 1.0
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The backup's folder.")]


class Progress:
    """Lines on standard error, for who waits."""

    def __init__(self) -> None:
        self._next = time.monotonic() + QUIET_S

    def __call__(self, part: str, done: int, total: int) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + EVERY_S
            print(f"{part}: {100 * done // max(total, 1)} %", file=sys.stderr)


def backup(
    folder: Folder,
    recordings: Annotated[bool, typer.Option("--recordings", help="The recordings too.")] = False,
    config: ConfigOption = None,
) -> None:
    """Copy the whole centre into an empty folder, also while it runs.

    Main database, journal with what the agent keeps beside it, audit log, legal holds, announcements,
    configuration; a PostgreSQL database by pg_dump. Not the SIP trace, and no keys and password files that
    the configuration names. Run it as the agent's user.

    Example: ntpd112 backup /srv/backup/2026-11-24 --recordings
    """
    from ntpd112.app.backup import (
        BackupError,
        named_elsewhere,
        take,
    )  # late: the other commands start faster without it

    settings, file = configuration(config), find_config(config)
    try:
        made = take(settings, file, folder, recordings=recordings, now=datetime.now(UTC), tell=Progress())
    except BackupError as error:
        fail(f"no backup was made: {error}")
    print(f"{folder}: {len(made.files)} files, {sum(one.size for one in made.files) / 1e6:.1f} MB")
    if left_out := named_elsewhere(settings):
        print("not in it, keep them elsewhere: " + ", ".join(str(path) for path in left_out))


def restore(folder: Folder, config: ConfigOption = None) -> None:
    """Put a backup back: all of it, and only where nothing is yet.

    With --config FILE for a file that is not there the backup's own configuration becomes it; one that is
    there says where things go. Checks every checksum before. The agent must not run.

    Example: ntpd112 restore /srv/backup/2026-11-24 --config /var/lib/ntpd112/ntpd112.toml
    """
    from ntpd112.app.backup import BackupError
    from ntpd112.app.backup import restore as put_back
    from ntpd112.app.backup.taking import CONFIG

    file, written = find_config(config), False
    if file is None:
        fail("--config is needed: it says where things go, or where the backup's configuration does")
    try:
        if not file.exists() and (folder / CONFIG).exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(0o600)
            file.write_bytes((folder / CONFIG).read_bytes())
            written = True
        put = put_back(configuration(config), folder, Progress(), datetime.now(UTC))
    except (BackupError, OSError, typer.Exit) as error:
        if written:
            with suppress(OSError):
                file.unlink()
        if isinstance(error, typer.Exit):
            raise
        fail(f"nothing was restored: {error}")
    print(f"{len(put.files)} files of {put.made_at:%Y-%m-%d %H:%M} UTC, made by ntpd112 {put.ntpd112}")
