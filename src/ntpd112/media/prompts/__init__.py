"""Prompts as frames ready to send: the WAV files beside this module (`id/`, `en/`; made by
`scripts/make-prompts.sh`), and tones."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from ..tones import CADENCES_S, cut_frames, tone_frames
from ..wav import read_alaw_mono

FOLDER: Final = Path(__file__).parent
FALLBACK_LANGUAGE: Final = "id"
"For a prompt that the wanted language lacks."


class Prompts:
    """All prompts, read once at the start (below 3 MB)."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._frames: dict[tuple[str, str], tuple[bytes, ...]] = {
            (FALLBACK_LANGUAGE, tone): tone_frames(tone) for tone in CADENCES_S
        }
        for path in sorted(folder.glob("*/*.wav")):
            self._frames[path.parent.name, path.stem] = cut_frames(read_alaw_mono(path))

    def frames(self, language: str, name: str) -> tuple[bytes, ...] | None:
        """A-law frames of 20 ms; None for an unknown prompt."""
        return self._frames.get((language, name)) or self._frames.get((FALLBACK_LANGUAGE, name))


@cache
def prompt_names() -> frozenset[str]:
    """What `play` knows: for the check of a configuration."""
    return frozenset(path.stem for path in FOLDER.glob(f"{FALLBACK_LANGUAGE}/*.wav")) | CADENCES_S.keys()
