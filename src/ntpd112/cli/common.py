"""What commands share: finding the configuration, the database, output, and how errors are said."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from ntpd112.cdr.database import DatabaseError, open_database
from ntpd112.config import Config, ConfigErrors, find_config, load_config

T = TypeVar("T")
WRONG_CONFIG = 2
"Exit code when the configuration is wrong."
FAILED = 1
"Exit code when anything else is."
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Configuration file; else $NTPD112_CONFIG, else ntpd112.toml in this folder if there is one.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def fail(message: str, code: int = FAILED) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(code)


def configuration(path: Path | None) -> Config:
    """Ends the program with every problem listed if there are any."""
    try:
        return load_config(find_config(path))
    except ConfigErrors as errors:
        fail(str(errors), WRONG_CONFIG)


def with_database(config: Config, use: Callable[[AsyncEngine], Awaitable[T]]) -> T:
    """Run `use` on the configured database. Ends the program if it cannot be used."""

    async def work() -> T:
        engine = await open_database(config.database.url)
        try:
            return await use(engine)
        finally:
            await engine.dispose()

    try:
        return asyncio.run(work())
    except (DatabaseError, SQLAlchemyError, OSError) as error:
        fail(str(error))


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))
