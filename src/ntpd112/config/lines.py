"""On which line of a TOML file a key stands, so that a complaint can say where. (`tomllib` does not tell.)

Only for text that `tomllib` has accepted. Keys inside inline tables and of arrays' elements are found by
the line of the key that holds them.
"""

from __future__ import annotations

import re

Path = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_\-.\s]|"[^"]*"|'[^']*')+?)\s*=""")
_TOKEN = re.compile(r'"""|\'\'\'|"(?:\\.|[^"\\])*"|\'[^\']*\'|#.*|[\[\]{}]')


class Lines:
    def __init__(self, text: str) -> None:
        self._found: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}
        self._table: Path = ()
        self._depth = 0
        self._quote = ""
        for number, line in enumerate(text.split("\n"), 1):
            self._read(line, number)

    def of(self, path: Path) -> int | None:
        """The line of the key, else of the nearest key or table that holds it; None if there is none."""
        for end in range(len(path), 0, -1):
            if path[:end] in self._found:
                return self._found[path[:end]]
        return None

    def _read(self, line: str, number: int) -> None:
        if self._depth or self._quote:
            self._skip_value(line)
        elif header := _HEADER.match(line):
            self._open_table(_names(header[2]), header[1] == "[[", number)
        elif key := _KEY.match(line):
            path = self._table + _names(key[1])
            for end in range(len(self._table) + 1, len(path) + 1):
                self._found.setdefault(path[:end], number)
            self._skip_value(line[key.end() :])

    def _open_table(self, names: Path, array: bool, number: int) -> None:
        """An array's name in a header means its last element (TOML 1.0, array of tables)."""
        path: Path = ()
        for name in names[:-1]:
            path = self._last_element((*path, name))
        path = (*path, names[-1])
        if array:
            self._counts[path] = self._counts.get(path, -1) + 1
            self._found.setdefault(path, number)
            path = (*path, self._counts[path])
        self._table = path
        self._found.setdefault(path, number)

    def _last_element(self, path: Path) -> Path:
        return (*path, self._counts[path]) if path in self._counts else path

    def _skip_value(self, text: str) -> None:
        """Follow brackets and triple quotes to where the value ends, on this line or a later one."""
        position = 0
        while position < len(text):
            if self._quote:
                end = text.find(self._quote, position)
                if end < 0:
                    return
                position, self._quote = end + 3, ""
                continue
            token = _TOKEN.search(text, position)
            if token is None:
                return
            position = token.end()
            if token[0] in ('"""', "'''"):
                self._quote = token[0]
            elif token[0] in "[{":
                self._depth += 1
            elif token[0] in "]}":
                self._depth -= 1


def _names(dotted: str) -> Path:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
