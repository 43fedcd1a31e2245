"""The packages know only those below them (docs/architecture.md), and no file grows too long."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "ntpd112"
KNOWS = {
    "audit": set(),
    "journal": set(),
    "memory": {"journal"},
    "sip": set(),
    "queue": set(),
    "media": set(),
    "config": {"journal"},
    "cdr": {"journal"},
    "access": {"cdr"},
    "feed": {"journal"},
    "sinks": {"cdr", "config", "feed", "journal"},
    "calls": {"config", "journal", "media", "memory", "queue", "sip"},
    "api": {"access", "audit", "calls", "cdr", "feed", "journal", "memory"},
    "app": {
        "access",
        "api",
        "audit",
        "calls",
        "cdr",
        "config",
        "feed",
        "journal",
        "media",
        "memory",
        "queue",
        "sinks",
        "sip",
    },
    "demo": {"access", "app", "cdr", "config", "sip"},
    "cli": {
        "access",
        "app",
        "audit",
        "calls",
        "cdr",
        "config",
        "demo",
        "journal",
        "media",
        "memory",
        "queue",
        "sinks",
        "sip",
    },
}
"Package to the packages it may import. `loglines` and the version belong to none and are open to all."
MAX_LINES = 400


def modules_imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        yield from names


def packages_imported(file: Path) -> Iterator[str]:
    for name in modules_imported(file):
        parts = name.split(".")
        if parts[0] == "ntpd112" and len(parts) > 1 and parts[1] in KNOWS:
            yield parts[1]


@pytest.mark.parametrize("package", KNOWS)
def test_a_package_imports_only_what_is_below_it(package: str) -> None:
    allowed = KNOWS[package] | {package}
    strangers = {
        f"{file.relative_to(SOURCE)}: {imported}"
        for file in (SOURCE / package).rglob("*.py")
        for imported in packages_imported(file)
        if imported not in allowed
    }
    assert not strangers


def test_every_package_is_in_the_table() -> None:
    folders = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert folders == set(KNOWS)


def test_the_agent_never_imports_pyvoip() -> None:
    """It is GPL: an optional extra for tests."""
    imported = {name.split(".")[0] for file in SOURCE.rglob("*.py") for name in modules_imported(file)}
    assert "fastapi" in imported
    assert "pyVoIP" not in imported


def test_no_source_file_is_longer_than_it_may_be() -> None:
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in SOURCE.rglob("*.py")}
    assert not {file.name: lines for file, lines in lengths.items() if lines > MAX_LINES}
