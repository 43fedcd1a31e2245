"""The operators' skills, for a check that must be of use without the database too."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from ntpd112.calls.unserved import Skills
from ntpd112.cdr.database import DRIVER_END_S, DatabaseError, create_engine, first_line, look
from ntpd112.cdr.directory import Directory
from ntpd112.config import Config

LOOK_S = 5.0
"Seconds that a check waits for the database: it has to be of use while that is away."


class NotLooked(Exception):
    """The operators could not be read; the message says why."""


def operators_of(config: Config) -> list[Skills]:
    """Each operator's skills, from the main database, which is left as it is. Raises NotLooked."""

    async def read() -> list[Skills]:
        engine = create_engine(config.database.url)
        try:
            async with asyncio.timeout(LOOK_S):
                schema = await look(engine)
                if not schema.is_usable:
                    raise NotLooked("its schema is not this version's, see `ntpd112 database status`")
                return [operator.skills for operator in await Directory(engine).all()]
        finally:
            await engine.dispose()
            await asyncio.sleep(DRIVER_END_S)

    if _is_missing_file(config.database.url):
        raise NotLooked("there is no database yet")
    try:
        return asyncio.run(read())
    except TimeoutError as error:
        raise NotLooked(f"the database does not answer within {LOOK_S:g} s") from error
    except (DatabaseError, SQLAlchemyError, OSError) as error:
        raise NotLooked(first_line(error)) from error


def _is_missing_file(url: str) -> bool:
    """Looking into an SQLite database that is not there would make it."""
    parsed = make_url(url)
    return parsed.drivername.startswith("sqlite") and not Path(parsed.database or "").exists()
