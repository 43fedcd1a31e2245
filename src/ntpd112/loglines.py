"""What a log line looks like, in every process of ntpd112: for a person, or as JSON for a collector."""

from __future__ import annotations

import sys
import time
from collections.abc import MutableMapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import structlog

SHOWN_DIGITS = 3
"Of a caller's number: enough to tell two calls of one minute apart; the whole number is in the CDR."
EVENT_WIDTH = 34
"Characters that what happened is padded to, so that the keys behind it stand in a column."

_TRACEBACKS = frozenset({"exc_info", "exception", "stack"})
_QUOTED = frozenset(" =\"'")

_SECONDS = len("2026-01-02T03:04:05")

Line = MutableMapping[str, Any]


def masked(number: str) -> str:
    """`*****678`: logs go to many places and people, a caller's number (UU 27/2022) to few."""
    hidden = max(0, len(number) - SHOWN_DIGITS)
    return "*" * hidden + number[hidden:]


def processors(form: str) -> list[structlog.typing.Processor]:
    """All but the last step. `form`: `console` or `json`."""
    first: list[structlog.typing.Processor] = [structlog.stdlib.add_log_level, _timestamp, _call_first]
    return [*first, structlog.processors.dict_tracebacks] if form == "json" else [*first, _without_empty]


def renderer(form: str) -> structlog.typing.Processor:
    if form == "json":
        return structlog.processors.JSONRenderer()
    terminal = sys.stderr.isatty()
    console = structlog.dev.ConsoleRenderer(
        colors=terminal,
        pad_event_to=EVENT_WIDTH,
        sort_keys=False,
        exception_formatter=structlog.dev.plain_traceback,
    )
    return console if terminal else _Plain(console)


class _Plain:
    """What `console` makes of a line without colours, in a third of the time: under load the lines of calls
    took a twelfth of the agent's. What a peer sent never looks like a second line."""

    def __init__(self, console: structlog.dev.ConsoleRenderer) -> None:
        self._console = console

    def __call__(self, logger: object, method: str, line: Line) -> str:
        if not _TRACEBACKS.isdisjoint(line):
            return self._console(logger, method, line)
        head = f"{line.pop('timestamp')} [{line.pop('level'):9}] {line.pop('event')!s:{EVENT_WIDTH}}"
        said = " ".join([f"{key}={_shown(value)}" for key, value in line.items()])
        return f"{head} {said}" if said else head.rstrip(" ")


def _shown(value: object) -> str:
    plain = type(value) is str and value.isprintable() and _QUOTED.isdisjoint(value)
    return value if plain else repr(value)  # type: ignore[return-value]  # plain: it is a string


def _timestamp(logger: object, method: str, line: Line) -> Line:
    """RFC 3339 in the machine's zone, with its offset: collectors have machines of several zones."""
    now = time.time_ns()
    second, zone = _second(now // 1_000_000_000)
    line["timestamp"] = f"{second}.{now // 1_000_000 % 1_000:03d}{zone}"
    return line


@lru_cache(maxsize=1)
def _second(epoch_s: int) -> tuple[str, str]:
    """Date and time, and the zone's offset."""
    text = datetime.fromtimestamp(epoch_s).astimezone().isoformat(timespec="seconds")
    return text[:_SECONDS], text[_SECONDS:]


def _call_first(logger: object, method: str, line: Line) -> Line:
    """The call's id in the same place on every line, where the eye and `grep` look for it."""
    if "call_id" not in line:
        return line
    return {"event": line.pop("event", ""), "call_id": line.pop("call_id"), **line}


def _without_empty(logger: object, method: str, line: Line) -> Line:
    return {key: value for key, value in line.items() if value != ""}
