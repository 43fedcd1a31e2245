"""What a backup holds: each file with its size and checksum. Written last: without it none is whole."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path, PurePosixPath

import msgspec

from .errors import BackupError

FILE = "manifest.json"
VERSION = 1
"Of the backup's layout."
CHUNK = 1 << 20
"Bytes read at a time."


class FileOf(msgspec.Struct, frozen=True):
    """A file of the backup. `name`: its path in it, with `/`; the first element is the part's name."""

    name: str
    size: int
    sha256: str

    @property
    def part(self) -> str:
        return self.name.partition("/")[0]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    layout: int = VERSION
    ntpd112: str
    "The version that made it."
    made_at: datetime
    files: list[FileOf]


def read_manifest(backup: Path) -> Manifest:
    """Raises BackupError."""
    try:
        found = msgspec.json.decode((backup / FILE).read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        raise BackupError(f'"{backup}" has no {FILE}: it is no backup, or one that was broken off') from error
    except (OSError, msgspec.MsgspecError) as error:
        raise BackupError(f'"{backup / FILE}" cannot be read: {error}') from error
    if found.layout > VERSION:
        raise BackupError(f'"{backup}" was made by a newer ntpd112 ({found.ntpd112}): restore it with that')
    for one in found.files:
        path = PurePosixPath(one.name)
        if path.is_absolute() or ".." in path.parts:
            raise BackupError(f'"{backup / FILE}" names "{one.name}", which is outside of the backup')
    return found


def described(backup: Path, file: Path) -> FileOf:
    """A file of the backup as it is. Raises OSError."""
    digest = hashlib.sha256()
    with file.open("rb") as source:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
    return FileOf(file.relative_to(backup).as_posix(), file.stat().st_size, digest.hexdigest())
