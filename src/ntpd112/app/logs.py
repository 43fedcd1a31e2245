"""Logging of the agent: everything goes to standard error, one line an event."""

from __future__ import annotations

import logging
import sys

import structlog

from ntpd112 import loglines
from ntpd112.config import LogConfig

OF_A_CALL = ("call_id", "sip_call_id")
"What lines of packages that know no structlog may bring in `extra`."


def set_up_logging(config: LogConfig) -> None:
    """Everything goes to stderr through structlog, the standard library's loggers too (uvicorn, alembic)."""
    level = logging.getLevelNamesMapping()[config.level.upper()]
    shared, renderer = loglines.processors(config.format), loglines.renderer(config.format)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(allow=OF_A_CALL), *shared],
        )
    )
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)
