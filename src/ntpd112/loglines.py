"""What a log line looks like, in every process of ntpd112: for a person, or as JSON for a collector."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from datetime import datetime
from typing import Any

import structlog

EVENT_WIDTH = 34
"Characters that what happened is padded to, so that the keys behind it stand in a column."

Line = MutableMapping[str, Any]


def processors(form: str) -> list[structlog.typing.Processor]:
    """All but the last step. `form`: `console` or `json`."""
    first: list[structlog.typing.Processor] = [structlog.stdlib.add_log_level, _timestamp, _call_first]
    return [*first, structlog.processors.dict_tracebacks] if form == "json" else [*first, _without_empty]


def renderer(form: str) -> structlog.typing.Processor:
    if form == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(),
        pad_event_to=EVENT_WIDTH,
        sort_keys=False,
        exception_formatter=structlog.dev.plain_traceback,
    )


def _timestamp(logger: object, method: str, line: Line) -> Line:
    """RFC 3339 in the machine's zone, with its offset: collectors have machines of several zones."""
    line["timestamp"] = datetime.now().astimezone().isoformat(timespec="milliseconds")
    return line


def _call_first(logger: object, method: str, line: Line) -> Line:
    """The call's id in the same place on every line, where the eye and `grep` look for it."""
    if "call_id" not in line:
        return line
    return {"event": line.pop("event", ""), "call_id": line.pop("call_id"), **line}


def _without_empty(logger: object, method: str, line: Line) -> Line:
    return {key: value for key, value in line.items() if value != ""}
