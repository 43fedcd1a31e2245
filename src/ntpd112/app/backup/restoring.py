"""Puts a backup back: all of it where nothing is, or nothing."""

from __future__ import annotations

import asyncio
import os
import pwd
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path

from ntpd112.cdr.database import DRIVER_END_S, DatabaseError, create_engine, look
from ntpd112.config import Config
from ntpd112.journal import Journal, JournalError, running_agent
from ntpd112.journal.events import JournalRestored

from .copying import copy_file, flush, load_postgresql
from .errors import BackupError
from .manifest import FileOf, Manifest, described, read_manifest
from .parts import Part, parts_of
from .taking import CONFIG, Progress

DRAFT = ".restoring"
"End of the names of files until all are there."
EVENTS_PER_S = 1_000
"More than a centre writes, day and night."


def restore(config: Config, backup: Path, tell: Progress, now: datetime) -> Manifest:
    """To the places that the configuration names. Raises BackupError, having changed nothing."""
    if agent := running_agent(config.journal.path):
        raise BackupError(f"the agent (process {agent}) is running: stop it first")
    _as_owner(config.journal.path.parent)
    manifest = read_manifest(backup)
    parts = {part.name: part for part in parts_of(config)}
    _fits(manifest, parts)
    _is_empty(config, manifest, parts)
    try:
        for one in manifest.files:
            if described(backup, backup / one.name) != one:
                raise BackupError(f'"{backup / one.name}" is not what it was when the backup was made')
            tell("checksums", 1, 1)
        _put(config, backup, manifest, parts, tell, now)
    except OSError as error:
        raise BackupError(f'"{error.filename or backup}": {error.strerror}') from error
    return manifest


def _as_owner(folder: Path) -> None:
    """Or an agent of the folder's user could read nothing of what root put there."""
    if os.geteuid() == 0 and folder.exists() and (owner := folder.stat().st_uid) != 0:
        raise BackupError(
            f'"{folder}" is of user {_name(owner)}: run this as that user (sudo -u {_name(owner)} ...)'
        )


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"#{user}"


def _fits(manifest: Manifest, parts: dict[str, Part]) -> None:
    """Everything in the backup has a place."""
    for one in manifest.files:
        if one.part == "database.db" and one.part not in parts:
            raise BackupError("the backup's database is SQLite, [database] url is PostgreSQL's: change it")
        if one.part == "database.dump" and one.part not in parts:
            raise BackupError("the backup's database is PostgreSQL's, [database] url is SQLite: change it")
        if one.part != CONFIG and one.part not in parts:
            raise BackupError(f"the backup has {one.part}: give [media] {one.part} a folder")


def _is_empty(config: Config, manifest: Manifest, parts: dict[str, Part]) -> None:
    for part in parts.values():
        if part.place is None:
            asyncio.run(_postgresql_is_empty(config.database.url))
        elif part.kind == "folder":
            if part.place.is_dir() and any(part.place.iterdir()) and _has(manifest, part.name):
                raise BackupError(f'"{part.place}" is not empty: move away what is in it')
        else:
            for suffix in ("", "-wal") if part.kind == "sqlite" else ("",):
                file = part.place.with_name(part.place.name + suffix)
                if file.exists() and file.stat().st_size:
                    raise BackupError(f'"{file}" is there: move it away, or restore somewhere else')


def _has(manifest: Manifest, part: str) -> bool:
    return any(one.part == part for one in manifest.files)


async def _postgresql_is_empty(url: str) -> None:
    try:
        engine = create_engine(url)
        try:
            schema = await look(engine)
        finally:
            await engine.dispose()
            await asyncio.sleep(DRIVER_END_S)
    except DatabaseError as error:
        raise BackupError(str(error)) from error
    if schema.revision is not None:
        raise BackupError("the PostgreSQL database of [database] url is not empty: make a new one")


def _put(
    config: Config, backup: Path, manifest: Manifest, parts: dict[str, Part], tell: Progress, now: datetime
) -> None:
    """Under other names first: whatever fails, no half of a centre is found by an agent."""
    drafts: list[tuple[Path, Path]] = []
    try:
        for one, target in _targets(manifest, parts):
            draft = target.with_name(target.name + DRAFT)
            drafts.append((draft, target))
            copy_file(backup / one.name, draft, partial(tell, one.part))
        if _has(manifest, "database.dump"):
            load_postgresql(config.database.url, backup / "database.dump")
        for draft, target in drafts:
            draft.replace(target)
        if _has(manifest, "journal.db"):
            _part_ways(config.journal.path, manifest.made_at, now)
    except BaseException:
        for draft, target in drafts:
            draft.unlink(missing_ok=True)
            target.unlink(missing_ok=True)  # nothing was there
        raise
    for folder in {target.parent for _, target in drafts}:
        flush(folder)


def _part_ways(path: Path, made_at: datetime, now: datetime) -> None:
    """Places in the lost journal are known outside: by positions of followers, ids of deliveries, `seq` of a
    call. None may come to stand for something else, or what is new would be taken for a repeat. So as many
    are left out as that journal can have filled; restored twice, each time more. Raises BackupError."""
    try:
        with closing(Journal(path)) as journal:
            journal.leave_out(int(max(0.0, (now - made_at).total_seconds()) + 1) * EVENTS_PER_S)
            journal.append(JournalRestored(at=now.timestamp(), backup_at=made_at.timestamp()))
            journal.close_open_calls(made_at.timestamp())
            if journal.problem:
                raise BackupError(journal.problem)
    except JournalError as error:
        raise BackupError(str(error)) from error


def _targets(manifest: Manifest, parts: dict[str, Part]) -> Iterator[tuple[FileOf, Path]]:
    for one in manifest.files:
        if one.part == CONFIG:
            continue
        place = parts[one.part].place
        if place is not None:
            yield one, place / one.name.partition("/")[2] if "/" in one.name else place
