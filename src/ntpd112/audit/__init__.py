"""The audit log: who changed what, and who fetched which recording; see docs/privacy.md."""

from .entry import GENESIS, Entry, Recorded, digest
from .file import AuditFile
from .log import AuditLog, AuditUnavailable
from .reading import Wanted, head, oldest_due, page
from .verify import Verdict, verify

__all__ = [
    "GENESIS",
    "AuditFile",
    "AuditLog",
    "AuditUnavailable",
    "Entry",
    "Recorded",
    "Verdict",
    "Wanted",
    "digest",
    "head",
    "oldest_due",
    "page",
    "verify",
]
