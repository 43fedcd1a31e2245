"""CDRs as rows of a table: RFC 4180 CSV that a spreadsheet can open without running anything of it.

A caller may choose their display name, so a cell could begin a formula. Wherever a spreadsheet might see a
cell begin (also behind `;` or a tab, which some take for the separator), `=`, `+`, `-` and `@` get a `'`
before them. A telephone number is left alone: `+` and up to 15 digits is a number to a spreadsheet, and to
other programs it has to stay what it is.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import datetime, tzinfo

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
LINE_END = "\r\n"

_NUMBER = re.compile(r"\+\d{1,15}\Z", re.ASCII)
_FORMULA = re.compile(r"(^|[;,\t\r\n\"'|])(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])")


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


def harmless(text: str) -> str:
    """The text with a `'` wherever a spreadsheet might read a formula."""
    return text if _NUMBER.match(text) else _FORMULA.sub(r"\1'", text)
