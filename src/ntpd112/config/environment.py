"""Environment variables that override the file: `NTPD112_SIP__REALM=112.example.go.id`.

Two underscores between section and key. Text is taken as it is; lists and tables are written as JSON:
`NTPD112_SIP__LISTEN='["udp://0.0.0.0:5060"]'`. An array of tables is given whole: `NTPD112_TRUNK`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsError

from .lines import Path
from .models import Config
from .problems import Complaint, known_keys, unknown_key

PREFIX = "NTPD112_"
NOT_KEYS = frozenset({"NTPD112_CONFIG", "NTPD112_HEALTH", "NTPD112_KEY"})
"""Variables with the prefix that are no keys of the file: where the configuration is, the container's health
check, and the API key of commands that ask the agent."""
ARRAYS = frozenset({"trunk", "queue", "destination", "number", "webhook"})
"Sections that are arrays of tables."


class _Settings(Config, BaseSettings):  # type: ignore[misc]  # model_config: the same keys, other TypedDict
    """Config as pydantic-settings wants it, to learn which keys are text and which JSON."""


class _OneVariable(EnvSettingsSource):
    def __init__(self, name: str, value: str) -> None:
        super().__init__(_Settings, env_prefix=PREFIX, env_nested_delimiter="__", case_sensitive=False)
        self.env_vars = {name.lower(): value}


def override(given: dict[str, Any], environ: Mapping[str, str]) -> tuple[dict[Path, str], list[Complaint]]:
    """Put the variables' values into `given`. Returns which path came from which variable, and complaints."""
    origins: dict[Path, str] = {}
    complaints = []
    for name, value in sorted(environ.items()):
        if not name.upper().startswith(PREFIX) or name in NOT_KEYS:
            continue
        path = tuple(name[len(PREFIX) :].lower().split("__"))
        origins[path] = name
        try:
            wanted = _OneVariable(name, value)() or None
        except SettingsError:  # not JSON: text, as port ranges and addresses are; the checks say if not
            wanted = _nested(path, value)
        if len(path) > 1 and path[0] in ARRAYS:
            whole = f"{PREFIX}{path[0].upper()}"
            complaints.append(Complaint(path, f"cannot be set by parts: give all of them in {whole}", value))
        elif wanted is None or path[-1] not in known_keys(path[:-1]):
            complaints.append(Complaint(path, unknown_key(path), value))
        else:
            _merge(given, wanted)
    return origins, complaints


def _nested(path: Path, value: str) -> dict[str, Any]:
    """`("http", "listen")` as `{"http": {"listen": value}}`."""
    wanted: Any = value
    for key in reversed(path):
        wanted = {key: wanted}
    return dict(wanted)


def _merge(given: dict[str, Any], wanted: dict[str, Any]) -> None:
    for key, value in wanted.items():
        if isinstance(value, dict) and isinstance(given.get(key), dict):
            _merge(given[key], value)
        else:
            given[key] = value
