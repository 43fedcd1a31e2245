"""Loading a configuration from text, and what is said of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from ntpd112.config import Config, ConfigErrors, Problem, load_config


def load(folder: Path, text: str) -> Config:
    file = folder / "ntpd112.toml"
    file.write_text(text, encoding="utf-8")
    return load_config(file, {})


def problems(folder: Path, text: str) -> list[Problem]:
    with pytest.raises(ConfigErrors) as caught:
        load(folder, text)
    return caught.value.problems


def said(folder: Path, text: str) -> list[str]:
    """Each problem without the folder: `ntpd112.toml:LINE: MESSAGE`."""
    return [str(problem).removeprefix(f"{folder}/") for problem in problems(folder, text)]
