"""CDRs as rows of a table: RFC 4180 CSV that a spreadsheet can open without running anything of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime, tzinfo

from ntpd112.cdr.cells import LINE_END, harmless
from ntpd112.cdr.record import Cdr

_NESTED = ("quality", "location", "parts", "segments")
_QUALITY = ("packets", "lost", "jitter_ms")
COLUMNS = (
    *(name for name in Cdr.__struct_fields__ if name not in _NESTED),
    *(f"{party}_{figure}" for party in ("caller", "operator") for figure in _QUALITY),
    "latitude",
    "longitude",
)
"Later versions add columns at the end only."


def header() -> str:
    return ",".join(COLUMNS) + LINE_END


def rows(cdrs: Iterable[Cdr], zone: tzinfo) -> str:
    """One line each, in the order of COLUMNS; times in `zone`."""
    written = io.StringIO()
    csv.writer(written, lineterminator=LINE_END).writerows(_cells(cdr, zone) for cdr in cdrs)
    return written.getvalue()


def _cells(cdr: Cdr, zone: tzinfo) -> list[object]:
    cells = [_cell(value, zone) for value in map(cdr.__getattribute__, _PLAIN)]
    for party in (cdr.quality.caller, cdr.quality.operator):
        cells += [None] * len(_QUALITY) if party is None else [getattr(party, name) for name in _QUALITY]
    place = cdr.location or {}
    return cells + [_degrees(place.get(name)) for name in ("latitude", "longitude")]


_PLAIN = [name for name in Cdr.__struct_fields__ if name not in _NESTED]


def _cell(value: object, zone: tzinfo) -> object:
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    return harmless(value) if isinstance(value, str) else value


def _degrees(value: object) -> object:
    """A location comes from a peer: only numbers are taken."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
