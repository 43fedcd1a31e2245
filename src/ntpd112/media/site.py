"""The site's own announcements: a folder with `LANGUAGE/NAME.wav`, as `[media] prompts` names it.

Everything here touches the disk, and `put` computes for up to a second: to be called on a thread. The workers
read the folder again when told to (`MediaClient.reload_prompts`).
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from .g711 import SAMPLE_RATE
from .prompts import FOLDER, MAX_SITE_BYTES
from .wav import HEADER_BYTES

if TYPE_CHECKING:
    from .convert import Announcement

Language = Literal["id", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("id", "en")
NAME_PATTERN: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"As the built-in ones: `all-busy`. Never a path."


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """One announcement in one language."""

    language: Language
    name: str
    seconds: float
    own: bool
    "The site's, else built in."
    replaces: bool
    "There is a built-in one of this name and language."


class SitePrompts:
    """`folder`: None when the configuration names none; then there are the built-in ones only."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def all(self) -> list[Prompt]:
        """Every announcement there is, by name and language."""
        built_in = {(language, path.stem): path for language, path in _files(FOLDER)}
        own = {(language, path.stem): path for language, path in _files(self.folder)}
        return [
            Prompt(
                language=key[0],
                name=key[1],
                seconds=_seconds(path),
                own=key in own,
                replaces=key in own and key in built_in,
            )
            for key, path in sorted((built_in | own).items(), key=lambda item: (item[0][1], item[0][0]))
        ]

    def find(self, language: Language, name: str) -> Path | None:
        """The file that is played, the site's before the built-in; None without one in this language."""
        for folder in (self.folder, FOLDER):
            if folder is not None and (path := _path(folder, language, name)).is_file():
                return path
        return None

    def put(self, language: Language, name: str, sound: bytes) -> Announcement:
        """Convert a WAV file and keep it, on the disk when this returns. Raises BadSound for what cannot be
        played, ValueError for what has no room, OSError."""
        from .convert import prepare  # late: numpy's 20 MB are for who uploads something

        assert self.folder is not None, "there is a folder to write to"
        made = prepare(sound)
        path = _path(self.folder, language, name)
        others = sum(other.stat().st_size for _, other in _files(self.folder) if other != path)
        if others + len(made.wav) > MAX_SITE_BYTES:
            raise ValueError(
                f"no room: the site's announcements would be more than {MAX_SITE_BYTES >> 20} MB; remove some"
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, made.wav)
        return made

    def remove(self, language: Language, name: str) -> bool:
        """The built-in one is played again, if there is one. False: the site had none. Raises OSError."""
        if self.folder is None:
            return False
        try:
            _path(self.folder, language, name).unlink()
        except FileNotFoundError:
            return False
        return True

    def fingerprint(self) -> frozenset[tuple[str, int, int]]:
        """Differs when a file has come, gone or changed."""
        found = set()
        for _, path in _files(self.folder):
            with contextlib.suppress(OSError):  # gone since it was listed
                seen = path.stat()
                found.add((str(path), seen.st_mtime_ns, seen.st_size))
        return frozenset(found)


def _files(folder: Path | None) -> Iterator[tuple[Language, Path]]:
    if folder is not None:
        for language in LANGUAGES:
            for path in sorted((folder / language).glob("*.wav")):
                yield language, path


def _path(folder: Path, language: Language, name: str) -> Path:
    if language not in LANGUAGES or not NAME_PATTERN.fullmatch(name):
        raise ValueError(
            f'"{language}/{name}" is no announcement: id or en, then small letters, digits and -'
        )
    return folder / language / f"{name}.wav"


def _seconds(path: Path) -> float:
    return round(max(0, path.stat().st_size - HEADER_BYTES) / SAMPLE_RATE, 1)


def _write(path: Path, data: bytes) -> None:
    """In place of the one before, whole or not at all; a worker never reads half a file."""
    draft = path.with_name(path.name + ".new")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
