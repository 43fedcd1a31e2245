"""A report as a table, RFC 4180 CSV: a row for each date and region, then their number."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from ntpd112.cdr.cells import LINE_END, harmless
from ntpd112.cdr.summary import HANDED, AgencyCounts, Summary

ROWS_AT_ONCE = 100
"Written in one go: about a millisecond."
COLUMNS = tuple(name for name in Summary.__struct_fields__ if name != "agencies")
"Then four for each agency that occurs, by name. Later versions add columns before those, behind the others."


def pieces(items: Sequence[Summary]) -> Iterator[str]:
    """The table, some rows at a time."""
    agencies = sorted({agency.name for item in items for agency in item.agencies})
    handed = [harmless(f"{agency} {figure}") for agency in agencies for figure in HANDED]
    yield _written([[*COLUMNS, *handed]])
    for start in range(0, len(items), ROWS_AT_ONCE):
        yield _written([_cells(item, agencies) for item in items[start : start + ROWS_AT_ONCE]])
    yield f"# rows: {len(items)}{LINE_END}"


def _cells(item: Summary, agencies: Sequence[str]) -> list[object]:
    by_name = {agency.name: agency for agency in item.agencies}
    values = [getattr(item, name) for name in COLUMNS]
    found = [by_name.get(name, AgencyCounts(name=name)) for name in agencies]
    return [
        *(harmless(value) if isinstance(value, str) else value for value in values),
        *(getattr(agency, figure) for agency in found for figure in HANDED),
    ]


def _written(rows: Sequence[Sequence[object]]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator=LINE_END).writerows(rows)
    return written.getvalue()
