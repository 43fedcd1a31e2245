"""Text in cells of tables that a spreadsheet can open without running anything of it.

Callers choose their display name, so a cell could begin a formula. Wherever a spreadsheet might see a cell
begin (also behind `;` or a tab, which some take for the separator), `=`, `+`, `-` and `@` get a `'` before
them. A telephone number is left alone: `+` and up to 15 digits is a number to a spreadsheet, and to other
programs it has to stay what it is.
"""

from __future__ import annotations

import re

LINE_END = "\r\n"
"RFC 4180."
_NUMBER = re.compile(r"\+\d{1,15}\Z", re.ASCII)
_FORMULA = re.compile(r"(^|[;,\t\r\n\"'|])(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])")


def harmless(text: str) -> str:
    """The text with a `'` wherever a spreadsheet might read a formula."""
    return text if _NUMBER.match(text) else _FORMULA.sub(r"\1'", text)
