"""What the guides in `docs/` print, so that tests run just that: blocks of code by language, files, and their
example addresses put at those of the session."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[3]
_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_ADDRESS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks in that language of a page below `docs/`, in order."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    found = [body for _, name, body in _BLOCK.findall(text) if name == language]
    assert found, f"docs/{page} has no block of {language}"
    return found


def placed(text: str, places: Mapping[str, str]) -> str:
    """The text with its example addresses put at those of the session. Each of its addresses has to have a
    place, so that nothing is sent to an address that stands in a document."""

    def place(found: re.Match[str]) -> str:
        assert found[0] in places, f"{found[0]} has no place in the session: {sorted(places)}"
        return places[found[0]]

    return _ADDRESS.sub(place, text)
