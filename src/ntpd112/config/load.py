"""Reads the configuration: the TOML file, then environment variables over it, checked as a whole."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from . import lines
from .certificate_checks import certificate_complaints
from .checks import cross_checks
from .environment import override
from .fields import Section
from .ladder_proof import dead_ends
from .models import Config
from .problems import Complaint, ConfigErrors, Problem, complaints_of

DEFAULT_FILE = Path("ntpd112.toml")
Place = Callable[[list[Complaint]], list[Problem]]
S = TypeVar("S", bound=Section)
SQLITE = "sqlite+aiosqlite:///"


def load_config(path: Path | None, environ: Mapping[str, str] = os.environ) -> Config:
    """None: defaults and environment alone. Relative paths in the file, the SQLite database's too, are taken
    from the file's folder, so that every command finds the same files wherever it is started. Raises
    ConfigErrors with all problems at once."""
    return _load(path, environ)[0]


def check_config(
    path: Path | None, environ: Mapping[str, str] = os.environ, now: datetime | None = None
) -> tuple[Config, list[Problem]]:
    """As `load_config`, with what no reading of the file alone shows: queues that a call may never get out of
    (the agent starts all the same), certificates that cannot be used or, at `now`, have ended."""
    config, place = _load(path, environ)
    return config, place([*dead_ends(config), *certificate_complaints(config, now or datetime.now(UTC))])


def _load(path: Path | None, environ: Mapping[str, str]) -> tuple[Config, Place]:
    text = _read(path) if path else ""
    given = _parse(text, str(path))
    origins, complaints = override(given, environ)
    place = partial(_placed, source=str(path) if path else "", found=lines.Lines(text), origins=origins)
    config = None
    try:
        config = Config.model_validate(given)
    except ValidationError as error:
        complaints += complaints_of(error, given)
    complaints += cross_checks(given)
    if complaints or config is None:
        raise ConfigErrors(place(complaints))
    folder = path.absolute().parent if path else Path.cwd()
    return _with_aliases(_with_absolute_paths(config, folder)), place


def find_config(named: Path | None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The file given, else `$NTPD112_CONFIG`, else `ntpd112.toml` here if there is one."""
    if named is not None:
        return named
    if environ.get("NTPD112_CONFIG"):
        return Path(environ["NTPD112_CONFIG"])
    return DEFAULT_FILE if DEFAULT_FILE.exists() else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigErrors([Problem(f"cannot be read: {error.strerror}", str(path))]) from None
    except UnicodeDecodeError:
        raise ConfigErrors([Problem("is not UTF-8 text", str(path))]) from None


def _parse(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r" \(at line (\d+), column \d+\)", str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        said = str(error).replace(place[0] if place else " (at end of document)", "")
        raise ConfigErrors([Problem(f"is not TOML: {said}", source, line)]) from None


def _placed(
    complaints: list[Complaint], source: str, found: lines.Lines, origins: dict[lines.Path, str]
) -> list[Problem]:
    """In the order of the file, what comes from the environment last."""
    problems = []
    for complaint in complaints:
        key = ".".join(map(str, complaint.path))
        variable = next(
            (origins[complaint.path[:end]] for end in (1, 2, 3) if complaint.path[:end] in origins), ""
        )
        line = None if variable else found.of(complaint.path)
        problems.append(Problem(complaint.message, variable or source, line, key, complaint.value))
    return sorted(problems, key=lambda problem: (problem.line is None, problem.line or 0))


def _with_absolute_paths(config: Config, folder: Path) -> Config:
    journal, trace = config.journal, config.trace
    url = config.database.url
    if url.startswith(SQLITE):
        url = f"{SQLITE}{folder / url.removeprefix(SQLITE)}"
    changed = {
        "media": _in_folder(config.media, folder, "recordings", "prompts"),
        "mqtt": _in_folder(config.mqtt, folder, "ca", "password_file"),
        "webhook": [_in_folder(hook, folder, "ca", "secret_file") for hook in config.webhook],
        "trunk": [_in_folder(trunk, folder, "password_file") for trunk in config.trunk],
        "tls": _in_folder(config.tls, folder, "certificate", "key", "ca").model_copy(
            update={"host": [_in_folder(host, folder, "certificate", "key") for host in config.tls.host]}
        ),
        "journal": journal.model_copy(update={"path": folder / journal.path}),
        "audit": config.audit.model_copy(update={"path": folder / config.audit.path}),
        "retention": config.retention.model_copy(update={"holds": folder / config.retention.holds}),
        "trace": trace.model_copy(update={"path": folder / trace.path}) if trace.path else trace,
        "database": config.database.model_copy(update={"url": url}),
    }
    return config.model_copy(update=changed)


def _in_folder(section: S, folder: Path, *keys: str) -> S:
    given = {key: getattr(section, key) for key in keys}
    return section.model_copy(update={key: folder / path for key, path in given.items() if path is not None})


def _with_aliases(config: Config) -> Config:
    """Each queue's `numbers` whole: with those of [[number]] that name it."""
    queues = []
    for queue in config.queue:
        known = {number.lower() for number in queue.numbers}
        more = [
            alias.number
            for alias in config.number
            if alias.queue == queue.name and alias.number.lower() not in known
        ]
        queues.append(queue.model_copy(update={"numbers": [*queue.numbers, *more]}) if more else queue)
    return config.model_copy(update={"queue": queues})
