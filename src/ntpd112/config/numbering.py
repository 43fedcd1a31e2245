"""Number rules of a trunk: what a telco sends for a number, and what queues know it by. Pure.

A pattern is a number, or has one `*` that stands for any run of characters, also none: `0351112`, `+62*`,
`*112`. Capitals count as small letters, as in `urn:service:sos`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from .fields import Section

REST = "*"
_DIALLED = re.compile(r"\+?[0-9#]*")
MAX_PATTERN = 64
"Characters: E.164 has 15 digits, a service URN some 40 letters."


def _pattern(text: str) -> str:
    if not text or len(text) > MAX_PATTERN or any(char.isspace() for char in text):
        raise ValueError(f'is not a number of up to {MAX_PATTERN} characters, such as "0351112" or "+62*"')
    if text.count(REST) > 1:
        raise ValueError('has more than one "*", which stands for the rest')
    return text.lower()


Pattern = Annotated[str, AfterValidator(_pattern)]


class NumberRule(Section):
    from_: Annotated[Pattern, Field(alias="from")]
    "As the telco sends it, or as CDRs show it (`dialled`)."
    to: Pattern
    "What queues and [[number]] have; its `*` is what that of `from` stood for."

    @model_validator(mode="after")
    def _rest_comes_from_somewhere(self) -> Self:
        if REST in self.to and REST not in self.from_:
            raise ValueError(f'to "{self.to}" has a "*", and from "{self.from_}" has none that it could be')
        return self


class OutRule(NumberRule):
    """What a number becomes that goes out; either form of it fits `from`: as it is in the configuration or
    came, or E.164."""

    @field_validator("to")
    @classmethod
    def _can_be_dialled(cls, to: str) -> str:
        if not _DIALLED.fullmatch(to.replace(REST, "")):
            raise ValueError('is no telephone number, nor one with a "*" in it, such as "0*" or "+62*"')
        return to


def rest_of(pattern: str, number: str) -> str | None:
    """What `*` stands for, in small letters; empty if the pattern has none. None: the number does not fit."""
    head, star, tail = pattern.lower().partition(REST)
    text = number.lower()
    if not star:
        return "" if text == head else None
    if len(text) < len(head) + len(tail) or not (text.startswith(head) and text.endswith(tail)):
        return None
    return text[len(head) : len(text) - len(tail)]


def covers(one: str, other: str) -> bool:
    """Whether every number that fits the pattern `other` fits `one` too."""
    if REST not in other:
        return rest_of(one, other) is not None
    if REST not in one:
        return False
    head, _, tail = one.lower().partition(REST)
    other_head, _, other_tail = other.lower().partition(REST)
    return other_head.startswith(head) and other_tail.endswith(tail)


def mapped(rules: Iterable[NumberRule], forms: Sequence[str]) -> str:
    """What the first rule that fits one of a number's forms makes of it; empty: no rule fits."""
    for rule in rules:
        for form in forms:
            rest = rest_of(rule.from_, form)
            if rest is not None:
                return rule.to.replace(REST, rest)
    return ""
