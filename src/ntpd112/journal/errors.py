"""What can be wrong with a journal when it is opened. Afterwards it raises no more: see `Journal.problem`."""


class JournalError(Exception):
    """The journal cannot be opened; the message says why and what to do."""


class JournalLocked(JournalError):
    """Another agent writes this journal."""


class JournalBroken(JournalError):
    """The file is not a journal, or damaged, or of a newer version."""
