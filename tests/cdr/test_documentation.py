"""docs/cdr.md explains exactly the fields there are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from ntpd112.cdr.record import Cdr, MediaQuality, Segment
from ntpd112.journal.events import Disposition

TEXT = (Path(__file__).parents[2] / "docs" / "cdr.md").read_text()


def documented(heading: str) -> list[str]:
    section = TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


@pytest.mark.parametrize(
    ("heading", "struct"), [("Fields", Cdr), ("Quality", MediaQuality), ("Segments", Segment)]
)
def test_every_field_is_documented_in_its_place(heading: str, struct: type[msgspec.Struct]) -> None:
    assert documented(heading) == list(struct.__struct_fields__)


def test_every_disposition_is_documented() -> None:
    assert documented("Dispositions") == list(get_args(Disposition))


def test_every_field_is_set_beside_asterisks() -> None:
    """In its order; below it every disposition."""
    assert documented("The same in Asterisk") == [*Cdr.__struct_fields__, *get_args(Disposition)]
