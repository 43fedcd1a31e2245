"""What is wrong with a configuration: where, which key and value, and what is expected."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .lines import Path
from .models import Config

_PASSWORD = re.compile(r"://[^/@\s]+@")
"User and password of a URL, which no message repeats."
MAX_SHOWN = 60
"Characters of a value that a message shows."

ELEMENTS = {
    "peers": "peer",
    "numbers": "number",
    "numbers_out": "number out",
    "callers_out": "caller out",
    "listen": "listen URL",
    "skills": "level of skill",
    "prefer": "level of skill",
    "ladder": "ladder step",
    "roles": "role",
    "events": "event",
}
"What one element of a list or table is called."

_EXPECTED = {
    "string_type": "is not text in quotes",
    "bool_type": "is not true or false",
    "bool_parsing": "is not true or false",
    "float_type": "is not a number",
    "float_parsing": "is not a number",
    "int_type": "is not a whole number",
    "int_parsing": "is not a whole number",
    "int_from_float": "is not a whole number",
    "list_type": 'is not a list such as ["a", "b"]',
    "dict_type": "is not a table such as { medical = 1 }",
    "model_type": "is not a table of keys and values",
    "path_type": "is not a path in quotes",
    "too_short": "is empty: at least one is needed",
    "greater_than": "is not above {gt:g}",
    "greater_than_equal": "is not {ge:g} or more",
    "less_than_equal": "is not {le:g} or less",
    "literal_error": "is not {expected}",
}


@dataclass(frozen=True, slots=True)
class Problem:
    message: str
    "Names section, key and value and says what is expected."
    source: str = ""
    "The file or environment variable; empty for a default."
    line: int | None = None
    key: str = ""
    "Dotted path, e.g. `trunk.0.peers.1`."
    value: object = None

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}" if self.line else self.source
        return f"{place}: {self.message}" if place else self.message


class ConfigErrors(Exception):
    """All that is wrong with a configuration; `str` has one problem a line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = list(problems)


@dataclass(frozen=True, slots=True)
class Complaint:
    """A problem before its place in a file is known."""

    path: Path
    message: str
    value: object = None


def complaints_of(error: ValidationError, given: dict[str, Any]) -> list[Complaint]:
    return [_complaint(details, given) for details in error.errors()]


def _complaint(details: ErrorDetails, given: dict[str, Any]) -> Complaint:
    path: Path = details["loc"]
    kind, value = details["type"], details["input"]
    if kind == "extra_forbidden":
        return Complaint(path, f"{where(path, given)}{unknown_key(path)}", value)
    if kind == "missing":
        return Complaint(path, f'{where(path, given)}key "{path[-1]}" is missing', None)
    context = details.get("ctx", {})
    if kind == "value_error":
        said = str(context["error"])
    else:
        if kind == "literal_error":
            context = {"expected": context["expected"].replace("'", '"')}
        said = _EXPECTED.get(kind, f"is wrong: {details['msg']}").format(**context)
    return Complaint(path, f"{where(path, given)}{label(path)} {shown(value)} {said}", value)


def where(path: Path, given: dict[str, Any]) -> str:
    """What holds the key at `path`: `queue "112": ladder step 2: ` or `[sip]: `."""
    if not path:
        return ""
    section, inner = str(path[0]), path[1:-1]
    if len(path) > 1 and isinstance(path[1], int):
        element, inner = given[section][path[1]], path[2:-1]
        name = element.get("name", element.get("number")) if isinstance(element, dict) else None
        place = f'{section} "{name}"' if isinstance(name, str) and name else f"{section} {path[1] + 1}"
    elif len(path) > 1 or section in Config.model_fields:
        place = f"[{section}]"
    else:
        return ""
    return "".join(f"{part}: " for part in (place, *_tables_in(path, inner)))


def _tables_in(path: Path, inner: Path) -> Iterator[str]:
    """`ladder step 2` or `screening` for the tables inside a section on the way to a key."""
    for at, part in enumerate(inner, len(path) - 1 - len(inner)):
        if isinstance(part, int):
            name = path[at - 1]
            yield f"{ELEMENTS.get(str(name), name)} {part + 1}"
        elif not isinstance(path[at + 1], int) and known_keys(path[: at + 1]):
            yield part


def label(path: Path) -> str:
    """The key as said in a message: `peer` for an element of `peers`."""
    names = [part for part in path if isinstance(part, str)]
    if len(path) > 1 and isinstance(path[-1], str) and path[-2] in ELEMENTS:
        return f'{ELEMENTS[names[-2]]} "{names[-1]}"'
    if isinstance(path[-1], int) and names[-1] in ELEMENTS:
        return ELEMENTS[names[-1]]
    return names[-1]


def shown(value: object) -> str:
    """As JSON, which is close to TOML, and not longer than a line."""
    text = _PASSWORD.sub("://***@", json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def unknown_key(path: Path) -> str:
    while len(path) > 1 and not known_keys(path[:-1]):
        path = path[:-1]
    known = known_keys(path[:-1])
    close = get_close_matches(str(path[-1]), known, 1)
    hint = f'did you mean "{close[0]}"?' if close else f"known are {', '.join(known)}"
    return f'unknown key "{path[-1]}"; {hint}'


def known_keys(path: Path) -> list[str]:
    """The keys that the section at `path` may have; none if it is no section."""
    model: type[BaseModel] | None = Config
    for part in path:
        if isinstance(part, str) and model is not None:
            field = model.model_fields.get(part)
            model = _model_in(field.annotation) if field else None
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (list, Annotated, Union, types.UnionType):
        return next(filter(None, map(_model_in, get_args(annotation))), None)
    return None
