"""The `ntpd112` command in a folder of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner, Result

from ntpd112.cdr.database import open_database
from ntpd112.cli import app

T = TypeVar("T")
CONFIG = """\
[site]
region = "35.78"
[sip]
realm = "test.112"
advertise = "192.0.2.10"
[[trunk]]
name = "pbx"
peers = ["127.0.0.1"]
[[queue]]
name = "112"
numbers = ["112"]
[[queue.ladder]]
after = "60s"
to = "police"
[[destination]]
name = "police"
to = "sip:110@10.1.0.5"
"""


class Terminal:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "ntpd112.toml"
        self.config.write_text(CONFIG, "utf-8")

    def run(self, *arguments: str, stdin: str = "", code: int = 0) -> Result:
        """With `--config`. The exit code is asserted."""
        result = CliRunner().invoke(app, [*arguments, "--config", str(self.config)], input=stdin)
        assert result.exit_code == code, result.output
        return result

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)

    def database(self, use: Callable[[AsyncEngine], Awaitable[T]]) -> T:
        async def work() -> T:
            engine = await open_database(f"sqlite+aiosqlite:///{self.folder}/ntpd112.db")
            try:
                return await use(engine)
            finally:
                await engine.dispose()

        return asyncio.run(work())
