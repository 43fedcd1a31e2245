"""What a centre consists of, in the order in which it is copied. Pure.

Whoever reads the journal keeps a position in it: the main database, sinks, the memory. These come before the
journal, so that no copied position lies beyond the copied journal's end: what is missing in the database's
copy is read again from the journal's, and nothing is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import BaseModel
from sqlalchemy.engine import make_url

from ntpd112.config import Config

Kind = Literal["sqlite", "postgresql", "file", "folder"]
BESIDE_THE_JOURNAL: list[tuple[str, Kind]] = [
    ("-sinks.db", "sqlite"),
    ("-webhooks.db", "sqlite"),
    ("-memory", "file"),
    ("-operators.json", "file"),
    ("-keys.json", "file"),
    ("-sessions.json", "file"),
    ("-phones.json", "file"),
    ("-names.json", "file"),
]
"The agent's own files that are named after the journal, `-spill` and `-lock` aside."


class Part(NamedTuple):
    """`name`: in the backup. `place`: of its file or folder here; None: it is the PostgreSQL database."""

    name: str
    kind: Kind
    place: Path | None


def parts_of(config: Config) -> list[Part]:
    """Without the configuration's own file. Recordings are the last."""
    journal = config.journal.path
    parts = [_database(config.database.url)]
    parts += [
        Part(f"journal{suffix}", kind, journal.with_name(journal.stem + suffix))
        for suffix, kind in BESIDE_THE_JOURNAL
    ]
    # Events that were spilled are in the journal by the time that it is copied, or later than all in it.
    parts += [
        Part("journal-spill", "file", journal.with_name(journal.name + "-spill")),
        Part("journal.db", "sqlite", journal),
        Part("audit.db", "sqlite", config.audit.path),
        Part("holds", "folder", config.retention.holds),
    ]
    if config.media.prompts is not None:
        parts.append(Part("prompts", "folder", config.media.prompts))
    if config.media.recordings is not None:
        parts.append(Part("recordings", "folder", config.media.recordings))
    return parts


def named_elsewhere(config: Config) -> list[Path]:
    """What the configuration names and a backup leaves out: keys, certificates and passwords, which are the
    site's own and do not belong where callers' data goes. Each once, in the order of the configuration."""
    ours = {part.place for part in parts_of(config)} | {config.trace.path}
    return [path for path in dict.fromkeys(_paths(config)) if path not in ours]


def _paths(value: object) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _paths(getattr(value, name))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _paths(one)


def _database(url: str) -> Part:
    parsed = make_url(url)
    if parsed.drivername.startswith("sqlite"):
        return Part("database.db", "sqlite", Path(parsed.database or ""))
    return Part("database.dump", "postgresql", None)
