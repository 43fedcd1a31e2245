"""Number rules of trunks: dialled forms become what queues know."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntpd112.config import NumberRule, mapped
from ntpd112.config.numbering import REST, covers, rest_of

from .said import load, said

TRUNK = '[[trunk]]\nname = "t"\npeers = ["10.1.0.5"]\n'
NUMBERS = st.text("012+", max_size=6)
PATTERNS = st.one_of(NUMBERS.filter(bool), st.builds(lambda a, b: a + REST + b, NUMBERS, NUMBERS))


def rules(*pairs: tuple[str, str]) -> list[NumberRule]:
    return [NumberRule.model_validate({"from": source, "to": to}) for source, to in pairs]


@pytest.mark.parametrize(
    ("source", "to", "number", "becomes"),
    [
        ("0351112", "112", "0351112", "112"),
        ("+62*", "0*", "+62351112", "0351112"),
        ("*112", "112", "0351112", "112"),
        ("0351*", "*", "0351112", "112"),
        ("9*", "8*8", "9112", "81128"),
        ("*", "112", "", "112"),
        ("urn:service:SOS.*", "112", "urn:service:sos.fire", "112"),
    ],
)
def test_strip_prepend_and_replace(source: str, to: str, number: str, becomes: str) -> None:
    assert mapped(rules((source, to)), [number]) == becomes


def test_the_first_rule_that_fits_counts() -> None:
    both = rules(("0351112", "112"), ("0351*", "*"))
    assert [mapped(both, [number]) for number in ("0351112", "0351119", "0341112")] == ["112", "119", ""]


def test_a_rule_fits_the_number_as_sent_or_as_the_cdr_shows_it() -> None:
    """0217654321 is +62217654321 in a CDR; a trace shows the first."""
    forms = ["+62217654321", "0217654321"]
    assert mapped(rules(("0217654321", "112")), forms) == "112"
    assert mapped(rules(("+62217654321", "112")), forms) == "112"


@given(NUMBERS, NUMBERS, NUMBERS)
def test_what_is_stripped_can_be_put_back(head: str, rest: str, tail: str) -> None:
    pattern = head + REST + tail
    assert rest_of(pattern, head + rest + tail) == rest


@given(PATTERNS, NUMBERS)
def test_a_number_fits_a_pattern_exactly_if_the_rest_in_it_gives_the_number(
    pattern: str, number: str
) -> None:
    rest = rest_of(pattern, number)
    if rest is not None:
        assert pattern.replace(REST, rest) == number
    else:
        assert all(pattern.replace(REST, number[i:j]) != number for i in range(7) for j in range(i, 7))


@given(PATTERNS, PATTERNS, NUMBERS)
def test_a_pattern_covers_another_exactly_if_no_number_fits_that_one_only(
    one: str, other: str, rest: str
) -> None:
    if covers(one, other):
        assert rest_of(one, other.replace(REST, rest)) is not None
    else:
        # Characters that no pattern has show a number that only the other takes.
        assert rest_of(one, other.replace(REST, "xyxyxyxyxyxyxy")) is None


def test_rules_are_read_from_the_file(tmp_path: Path) -> None:
    text = TRUNK + 'numbers = [{ from = "0351112", to = "112" }, { from = "+62*", to = "0*" }]'
    assert load(tmp_path, text).trunk[0].numbers == rules(("0351112", "112"), ("+62*", "0*"))


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        (
            '{ from = "*112", to = "112" }, { from = "0351112", to = "112" }',
            'number 2: from "0351112" is never reached: "*112" before it takes all',
        ),
        (
            '{ from = "03*", to = "112" }, { from = "0351*", to = "112" }',
            'number 2: from "0351*" is never reached: "03*" before it takes all',
        ),
        (
            '{ from = "0351112", to = "111" }',
            'number 1: to "111" is in no queue: add it to the numbers of one',
        ),
        (
            '{ from = "0**", to = "112" }',
            'number 1: from "0**" has more than one "*", which stands for the rest',
        ),
        (
            '{ from = "", to = "112" }',
            'number 1: from "" is not a number of up to 64 characters, such as "0351112" or "+62*"',
        ),
        ('{ from = "0351112" }', 'number 1: key "to" is missing'),
    ],
)
def test_rules_that_cannot_be_meant_are_refused(tmp_path: Path, numbers: str, message: str) -> None:
    assert said(tmp_path, f"{TRUNK}numbers = [{numbers}]") == [f'ntpd112.toml:4: trunk "t": {message}']


def test_a_rest_that_comes_from_nowhere_is_refused(tmp_path: Path) -> None:
    (problem,) = said(tmp_path, TRUNK + 'numbers = [{ from = "0351112", to = "1*" }]')
    assert 'to "1*" has a "*", and from "0351112" has none that it could be' in problem


@pytest.mark.parametrize("to", ["112", "urn:service:sos.fire", "119", "1*"])
def test_a_target_may_be_a_number_an_alias_a_sub_service_or_open(tmp_path: Path, to: str) -> None:
    text = TRUNK + f'numbers = [{{ from = "9*", to = "{to}" }}]\n[[number]]\nnumber = "119"\nqueue = "112"'
    assert load(tmp_path, text).trunk[0].numbers[0].to == to
