"""What the centre remembers: callers, places, call-backs, flood, service levels. See `memory.py`."""

from .callbacks import Callback, Callbacks, CallbackTaken, Need, UnknownCallback
from .callers import Callers
from .flood import Flood
from .levels import Counters, Levels
from .memory import Memory
from .places import Places
from .record import Standing
from .saver import Saver
from .settings import CallbackSettings, FloodSettings, MemorySettings, ShieldSettings
from .snapshot import restore
from .tallies import Level

__all__ = [
    "Callback",
    "CallbackSettings",
    "CallbackTaken",
    "Callbacks",
    "Callers",
    "Counters",
    "Flood",
    "FloodSettings",
    "Level",
    "Levels",
    "Memory",
    "MemorySettings",
    "Need",
    "Places",
    "Saver",
    "ShieldSettings",
    "Standing",
    "UnknownCallback",
    "restore",
]
