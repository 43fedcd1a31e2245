"""What goes wrong with a backup."""


class BackupError(Exception):
    """The message names the file or program, and says what to do."""
