"""What who may see calls, but not whose they are, is shown: numbers masked, names and places left out. Pure.

Masked is the plain value of an answer, just before it is written: by the names of its fields, and wherever a
telephone number stands in a text. So a field that is added later is masked as well.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

MASK = "*"
HIDDEN = 4
"Digits hidden at least: ten thousand numbers look alike."
SHOWN = 8
"Digits shown at most: country, operator's prefix, and the last of them, to tell calls apart by eye."
LAST = 3
"Of those, at the end."
SERVICE_DIGITS = 7
"`112`, `119`, `1500117`: as many digits have the numbers of services, which are nobody's."

NUMBERS = frozenset({"caller", "number", "diverted_from"})
"Fields that are a number, whatever it looks like: a PBX may send `628123456789`, or a name."
LEFT_OUT = frozenset({"caller_name", "location", "access_network", "parts"})
"Fields that are left empty: who it is, where they are, what their phone said of them."
AS_THEY_ARE = frozenset({"sip_call_id", "numbers"})
"Fields that are no number of a caller: to find a call in traces of others; what a queue serves."

T = TypeVar("T", bound=msgspec.Struct)
_IN_TEXT = re.compile(
    r"""(?<![\w+.*])            # not within a word, a decimal number or one that is masked already
        (?:\+\d{7,15}           # E.164
          |0\d{8,13}            # as dialled in Indonesia: 08..., 021...
          |(?<=sip:)\d{8,15}(?=@)|(?<=tel:)\d{8,15})
        (?!\w)""",
    re.VERBOSE | re.ASCII,
)
_DIALLABLE = re.compile(r"[\d+*#().; -]+", re.ASCII)
_DIGIT = re.compile(r"\d", re.ASCII)


def masked_number(text: str) -> str:
    """`+62812****789`. Of what is no number the first character; an extension of four digits stays."""
    count = len(_DIGIT.findall(text))
    if not _DIALLABLE.fullmatch(text):
        return text[:1] + MASK * HIDDEN if text else text
    if count <= HIDDEN:
        return text
    shown = min(SHOWN, count - HIDDEN)
    last = min(LAST, shown // 2)
    first = shown - last
    place = 0

    def hide(digit: re.Match[str]) -> str:
        nonlocal place
        place += 1
        return digit[0] if place <= first or place > count - last else MASK

    return _DIGIT.sub(hide, text)


def masked_text(text: str) -> str:
    """With every telephone number in it masked."""
    return _IN_TEXT.sub(lambda found: masked_number(found[0]), text)


def masked(value: Any, name: str = "") -> Any:
    """Of a plain value (dicts, lists, texts, numbers, times); `name`: of the field that it stands in."""
    if name in AS_THEY_ARE:
        return value
    if name in LEFT_OUT:
        return _nothing(value)
    if isinstance(value, dict):
        return {key: masked(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item, name) for item in value]
    if not isinstance(value, str):
        return value
    if name in NUMBERS or (name == "dialled" and len(_DIGIT.findall(value)) > SERVICE_DIGITS):
        return masked_number(value)
    return masked_text(value)


def masked_struct(value: T) -> T:
    """Of the same type."""
    return msgspec.convert(masked(msgspec.to_builtins(value)), type(value))


def masked_json(text: str) -> str:
    """Of a JSON document."""
    return msgspec.json.encode(masked(msgspec.json.decode(text))).decode()


def _nothing(value: Any) -> Any:
    """Of the kind that was there, so that a document's shape stays."""
    return type(value)() if isinstance(value, str | list) else None
