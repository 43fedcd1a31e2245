"""docs/reports.md explains exactly the figures there are."""

from __future__ import annotations

import re
from pathlib import Path

from ntpd112.cdr.summary import AgencyCounts, Summary

TEXT = (Path(__file__).parents[2] / "docs" / "reports.md").read_text()


def test_every_figure_is_documented_in_its_place() -> None:
    section = TEXT.split("## Figures\n")[1].split("\n## ")[0]
    names = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert names == [*Summary.__struct_fields__, *AgencyCounts.__struct_fields__]
