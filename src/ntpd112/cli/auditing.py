"""Changes made by command, in the audit log as those made over REST are."""

from __future__ import annotations

import contextlib
import os
import pwd
import sqlite3
import time
from collections.abc import Iterator

from ntpd112.audit import AuditFile, Entry
from ntpd112.config import Config

from .common import fail


@contextlib.contextmanager
def recorded(config: Config, action: str, subject: str = "", **detail: object) -> Iterator[dict[str, object]]:
    """Around a change: writes who made it and whether it was made. `action`: the command. Without the log
    nothing is changed and the program ends: a command is no emergency. Gives the detail, to add to."""
    try:
        file = AuditFile(config.audit.path)
    except (OSError, sqlite3.Error) as error:
        fail(f'[audit] path "{config.audit.path}": {error}; nothing was changed')
    outcome = "failed"
    try:
        yield detail
        outcome = "done"
    finally:
        try:
            file.append([_entry(action, subject, outcome, detail)])
        except sqlite3.Error as error:
            fail(f'[audit] path "{config.audit.path}": {error}; {action} {subject}: {outcome}, not recorded')
        finally:
            file.close()


def _entry(action: str, subject: str, outcome: str, detail: dict[str, object]) -> Entry:
    return Entry(
        at=time.time(),
        who=f"cli:{user()}",
        action=action,
        subject=subject,
        outcome=outcome,
        detail={name: value for name, value in detail.items() if value},
    )


def user() -> str:
    """Who is at the keyboard, also behind sudo."""
    if os.getuid() == 0 and (behind := os.environ.get("SUDO_USER")):
        return behind
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
