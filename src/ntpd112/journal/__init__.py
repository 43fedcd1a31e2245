"""The journal: every call event, on disk before anything outside learns of it. See `log.py`."""

from ntpd112.journal.errors import JournalBroken, JournalError, JournalLocked
from ntpd112.journal.lockfile import running_agent
from ntpd112.journal.log import Journal, Stored

__all__ = ["Journal", "JournalBroken", "JournalError", "JournalLocked", "Stored", "running_agent"]
