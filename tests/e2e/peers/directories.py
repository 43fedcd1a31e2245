"""Databases with operators, made once a session."""

from __future__ import annotations

import shutil
from pathlib import Path

from .agent import Agent

Operators = dict[str, dict[str, int]]


class Directories:
    """Databases with operators and an API key, made once a session by the command line and copied
    after: there are many tests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, tuple[Path, str]] = {}

    def fill(self, agent: Agent, operators: Operators) -> None:
        name = repr(sorted((operator, sorted(skills.items())) for operator, skills in operators.items()))
        apart = agent.settings.database or agent.settings.whole
        if apart or name not in self._known:
            for operator, skills in operators.items():
                agent.add_operator(operator, skills)
            agent.make_key()
        if apart:
            return
        if name not in self._known:
            file = self._folder / f"{len(self._known)}.db"
            shutil.copy(agent.database_file, file)
            self._known[name] = (file, agent.key)
        file, agent.key = self._known[name]
        shutil.copy(file, agent.database_file)
