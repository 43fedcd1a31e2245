"""Makes a backup, also of a running centre."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec

from ntpd112 import __version__
from ntpd112.config import Config

from .copying import copy_file, copy_sqlite, dump_postgresql, flush, make_private
from .errors import BackupError
from .manifest import FILE, FileOf, Manifest, described
from .parts import Part, parts_of

CONFIG = "ntpd112.toml"
Progress = Callable[[str, int, int], None]
"Which part, how much of it is done, of how much."


def take(
    config: Config,
    file: Path | None,
    backup: Path,
    *,
    recordings: bool,
    now: datetime,
    tell: Progress,
) -> Manifest:
    """Copies everything into the folder `backup`, which is made and must be empty. `file`: of the
    configuration. Raises BackupError; what was copied by then stays, without a manifest."""
    try:
        backup.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(backup.iterdir()):
            raise BackupError(f'"{backup}" is not empty: give a folder of its own to each backup')
        files: list[FileOf] = []
        for part in parts_of(config):
            if part.name != "recordings" or recordings:
                files += [described(backup, copy) for copy in _copy(config, part, backup, tell)]
        if file is not None:
            copy_file(file, backup / CONFIG, partial(tell, CONFIG))
            files.append(described(backup, backup / CONFIG))
        manifest = Manifest(ntpd112=__version__, made_at=now, files=files)
        draft = backup / f"{FILE}.new"
        make_private(draft)
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        flush(draft)
        draft.replace(backup / FILE)
        flush(backup)
    except OSError as error:
        raise BackupError(f'"{error.filename or backup}": {error.strerror}') from error
    except sqlite3.Error as error:
        raise BackupError(str(error)) from error
    return manifest


def _copy(config: Config, part: Part, backup: Path, tell: Progress) -> Iterator[Path]:
    """The files that were made. A part that is not there yet makes none."""
    target, told = backup / part.name, partial(tell, part.name)
    if part.place is None:
        dump_postgresql(config.database.url, target)
        yield target
    elif part.kind == "folder":
        yield from _copy_folder(part.place, target, told)
    elif part.place.exists():
        try:
            (copy_sqlite if part.kind == "sqlite" else copy_file)(part.place, target, told)
        except sqlite3.Error as error:
            raise BackupError(f'"{part.place}": {error}') from error
        yield target


def _copy_folder(folder: Path, target: Path, tell: Callable[[int, int], None]) -> Iterator[Path]:
    """Links are not followed. A file that goes away meanwhile, as retention lets them, is left out."""
    found = [
        Path(place) / name
        for place, _, names in os.walk(folder)
        for name in names
        if not name.endswith(".new")
    ]
    for number, file in enumerate(sorted(found), 1):
        copy = target / file.relative_to(folder)
        if file.is_symlink():
            continue
        try:
            copy_file(file, copy, lambda done, total: None)
        except FileNotFoundError:
            copy.unlink(missing_ok=True)
            continue
        tell(number, len(found))
        yield copy
