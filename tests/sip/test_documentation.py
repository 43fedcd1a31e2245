"""docs/sip.md says what the code does: its limits, the methods that are refused, the session timers."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

from ntpd112.sip.agent import REFUSALS
from ntpd112.sip.session_policy import SessionPolicy

DOCUMENT = (Path(__file__).parents[2] / "docs" / "sip.md").read_text("utf-8")
LIMITS = re.findall(r"^\| `(\w+)\.([A-Z_]+)` \| ([\d,]+)", DOCUMENT, re.MULTILINE)


def test_each_documented_limit_is_the_constant_of_the_code() -> None:
    assert len(LIMITS) > 10
    documented = {f"{module}.{name}": int(value.replace(",", "")) for module, name, value in LIMITS}
    actual = {f"{m}.{n}": getattr(import_module(f"ntpd112.sip.{m}"), n) for m, n, _ in LIMITS}
    assert documented == actual


def test_each_method_that_is_refused_is_documented_with_its_code() -> None:
    rows = re.findall(r"^\| ([A-Z]+(?:, [A-Z]+)*) \| (\d{3})", DOCUMENT, re.MULTILINE)
    documented = {method: int(code) for methods, code in rows for method in methods.split(", ")}
    assert documented == {method: code for method, code in REFUSALS.items() if method != "REGISTER"}


def test_the_documented_session_timers_are_the_defaults() -> None:
    policy = SessionPolicy()
    assert f"{policy.session_s:,} s asked for, {policy.min_session_s} s at least" in DOCUMENT
