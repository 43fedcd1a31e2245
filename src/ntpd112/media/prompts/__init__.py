"""Prompts as frames ready to send: the WAV files beside this module (`id/`, `en/`; made by
`scripts/make-prompts.sh`), tones, and what a site has recorded itself."""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path
from typing import Final

import structlog

from ..g711 import SAMPLE_RATE
from ..tones import CADENCES_S, cut_frames, tone_frames
from ..wav import HEADER_BYTES, WavError, read_alaw_mono

FOLDER: Final = Path(__file__).parent
FALLBACK_LANGUAGE: Final = "id"
"For a prompt that the wanted language lacks."
MAX_PROMPT_BYTES: Final = 300 * SAMPLE_RATE + HEADER_BYTES + 1000
"Of one file of the site: five minutes, as `convert` makes them, and some room in the header."
MAX_SITE_BYTES: Final = 64 << 20
"Of all of them, more than two hours: they are in the memory of every worker."

Frames = tuple[bytes, ...]

log = structlog.get_logger("ntpd112.media")


class Prompts:
    """All prompts as they were when read: the built-in (below 3 MB), and those of the folder `site`, which
    take the place of a built-in one of the same language and name. A file of the site that cannot be played
    is left out, and logged."""

    def __init__(self, site: Path | None = None) -> None:
        self._frames: dict[tuple[str, str], Frames] = {
            (FALLBACK_LANGUAGE, tone): tone_frames(tone) for tone in CADENCES_S
        }
        for path in _files(FOLDER):
            self._frames[path.parent.name, path.stem] = cut_frames(read_alaw_mono(path))
        if site is not None:
            self._read_site(site)
        self._anywhere = {name: frames for (_, name), frames in reversed(self._frames.items())}

    def frames(self, language: str, name: str) -> Frames | None:
        """A-law frames of 20 ms, in the language if there are any, else in another: better than nothing.
        None for an unknown prompt."""
        frames = self._frames
        return (
            frames.get((language, name)) or frames.get((FALLBACK_LANGUAGE, name)) or self._anywhere.get(name)
        )

    def _read_site(self, site: Path) -> None:
        room = MAX_SITE_BYTES
        for path in _files(site):
            try:
                size = path.stat().st_size
                if size > min(MAX_PROMPT_BYTES, room):
                    raise WavError(f"{path}: {size} bytes, at most {min(MAX_PROMPT_BYTES, room)} are read")
                frames = cut_frames(read_alaw_mono(path))
                if not frames:
                    raise WavError(f"{path}: no sound in it")
            except (OSError, WavError) as problem:
                log.error("prompt of the site left out", problem=str(problem))
                continue
            room -= size
            self._frames[path.parent.name, path.stem] = frames


class PromptShelf:
    """The prompts in use. They are read anew on a thread, one reading at a time, so that no voice waits for
    a disk."""

    def __init__(self) -> None:
        self.prompts = Prompts()
        self._site: Path | None = None
        self._stale = False
        self._reader: threading.Thread | None = None

    def take_site(self, site: Path | None) -> None:
        """At the start, when nobody is on the line yet."""
        self._site = site
        if site is not None:
            self.prompts = Prompts(site)

    def reload(self) -> None:
        """The folder's content has changed. Who is played something hears it to its end as it was."""
        self._stale = True

    def tick(self) -> None:
        """Every 20 ms."""
        if self._stale and (self._reader is None or not self._reader.is_alive()):
            self._stale = False
            self._reader = threading.Thread(target=self._read, name="prompts", daemon=True)
            self._reader.start()

    def _read(self) -> None:
        self.prompts = Prompts(self._site)


def prompt_names(site: Path | None = None) -> frozenset[str]:
    """What `play` knows, with the folder of the site's own: for the check of a configuration, and for
    lists."""
    own = frozenset(path.stem for path in _files(site)) if site is not None else frozenset()
    return _built_in_names() | own


@cache
def _built_in_names() -> frozenset[str]:
    return frozenset(path.stem for path in _files(FOLDER)) | CADENCES_S.keys()


def _files(folder: Path) -> list[Path]:
    """`LANGUAGE/NAME.wav`; sorted, so that what is left out for want of room is the same each time."""
    return sorted(folder.glob("*/*.wav"))
