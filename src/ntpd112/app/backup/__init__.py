"""A whole centre in a folder, made while it runs, and put back in an empty place; see docs/upgrade.md."""

from .errors import BackupError
from .manifest import FileOf, Manifest, read_manifest
from .parts import Part, named_elsewhere, parts_of
from .restoring import restore
from .taking import Progress, take

__all__ = [
    "BackupError",
    "FileOf",
    "Manifest",
    "Part",
    "Progress",
    "named_elsewhere",
    "parts_of",
    "read_manifest",
    "restore",
    "take",
]
