"""The journal: every call event, on disk before anything outside learns of it. See `log.py`."""

from ntpd112.journal.errors import JournalBroken, JournalError, JournalLocked
from ntpd112.journal.lockfile import running_agent
from ntpd112.journal.log import Journal, Stored
from ntpd112.journal.source import Source

__all__ = ["Journal", "JournalBroken", "JournalError", "JournalLocked", "Source", "Stored", "running_agent"]
