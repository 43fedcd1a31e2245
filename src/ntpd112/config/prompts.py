"""Which prompts a configuration names, and which of them there are."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path as Folder
from typing import Any

from .lines import Path
from .models import Config
from .problems import Complaint, where
from .tables import tables, text

FALLBACK_LANGUAGE = "id"
"A prompt that the wanted language lacks is played in this one."
IN_QUEUE = ("announcement", "periodic")
"Keys of a queue that name a prompt."


def missing_prompts(given: dict[str, Any]) -> Iterator[Complaint]:
    """Prompts that nobody has. With a folder of the site's own it is a doubt only: they may come later."""
    media = given.get("media")
    if isinstance(media, dict) and media.get("prompts"):
        return
    known = built_in()
    for path, name in _named(given):
        if name not in known:
            message = f'{where(path, given)}{path[-1]} "{name}" is none of {", ".join(sorted(known))}'
            yield Complaint(path, message, name)


def prompt_doubts(config: Config) -> list[str]:
    folder = config.media.prompts
    if folder is None:
        return []
    if not folder.is_dir():
        return [f'[media]: prompts "{folder}" is not a folder: the built-in announcements are played']
    known = built_in() | _in_folder(folder)
    given = config.model_dump(by_alias=True)
    return [
        f'{where(path, given)}{path[-1]} "{name}" is neither built in nor in {folder}: nothing is played'
        for path, name in _named(given)
        if name not in known
    ]


def built_in() -> frozenset[str]:
    folder = files("ntpd112") / "media" / "prompts" / FALLBACK_LANGUAGE
    return frozenset(file.name[:-4] for file in folder.iterdir() if file.name.endswith(".wav"))


def _in_folder(folder: Folder) -> frozenset[str]:
    return frozenset(file.stem for file in folder.glob("*/*.wav"))


def _named(given: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """Where each prompt is named; an empty name is no prompt."""
    for index, queue in tables(given, "queue"):
        for key in IN_QUEUE:
            if name := text(queue, key):
                yield ("queue", index, key), name
        screening = queue.get("screening")
        if isinstance(screening, dict) and (name := text(screening, "prompt")):
            yield ("queue", index, "screening", "prompt"), name
        for step, table in tables(queue, "ladder"):
            if name := text(table, "announce"):
                yield ("queue", index, "ladder", step, "announce"), name
    flood = given.get("flood")
    if isinstance(flood, dict) and (name := text(flood, "prompt")):
        yield ("flood", "prompt"), name
