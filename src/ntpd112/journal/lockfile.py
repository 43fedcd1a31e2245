"""One agent per journal: a locked file beside it. Its time of change tells when that agent last lived."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from ntpd112.journal.errors import JournalError, JournalLocked

SUFFIX = "-lock"
"Of its name, after the journal's."


def running_agent(journal: Path) -> str | None:
    """The process id of the agent that writes this journal; None: none does."""
    try:
        with journal.with_name(journal.name + SUFFIX).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except OSError:
        return journal.with_name(journal.name + SUFFIX).read_text().strip() or "unknown"
    return None


class LockFile:
    """Held until `close` or the end of the process, however that comes."""

    def __init__(self, path: Path, journal: Path) -> None:
        """Raises JournalLocked, JournalError."""
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
        except OSError as error:
            raise JournalError(
                f'journal "{journal}": cannot write "{path}" ({error.strerror}): '
                "make its folder, writable for this user"
            ) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._fd, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._fd)
            raise JournalLocked(
                f'journal "{journal}" is being written by another agent (process {holder}): '
                "stop that one, or give this one a journal of its own ([journal] path)"
            ) from error
        found = os.fstat(self._fd)
        self.last_alive: float | None = found.st_mtime if found.st_size else None
        "Epoch seconds when the agent before this one last lived; None if there was none."
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, b"%d\n" % os.getpid(), 0)

    def touch(self) -> None:
        """Notes that the agent lives."""
        os.utime(self._fd)

    def close(self) -> None:
        os.close(self._fd)
