"""Counts hours that are over for the reports (see `cdr/hours.py`), so that those need not count many."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ntpd112.cdr.database import first_line
from ntpd112.cdr.hours import Hours

EVERY_S = 60.0
OVER = timedelta(minutes=75)
"After an hour's beginning: most calls that began in it have ended, so it is seldom counted again."

log = structlog.get_logger("ntpd112.counting")


async def keep_counted(hours: Hours) -> None:
    """For ever."""
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            await hours.count(datetime.now(UTC) - OVER)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("hours are not counted for the reports, which take longer", reason=first_line(error))
