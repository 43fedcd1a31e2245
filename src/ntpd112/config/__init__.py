"""The configuration: TOML, environment variables over it, and every problem said at once with its line."""

from .checks import warnings_of
from .load import find_config, load_config
from .models import (
    Config,
    DatabaseConfig,
    HttpConfig,
    JournalConfig,
    LogConfig,
    MediaConfig,
    MqttConfig,
    QueueConfig,
    RegistrarConfig,
    SipConfig,
    SiteConfig,
    TraceConfig,
    TrunkConfig,
)
from .problems import ConfigErrors, Problem
from .values import HttpAddress, ListenUrl

__all__ = [
    "Config",
    "ConfigErrors",
    "DatabaseConfig",
    "HttpAddress",
    "HttpConfig",
    "JournalConfig",
    "ListenUrl",
    "LogConfig",
    "MediaConfig",
    "MqttConfig",
    "Problem",
    "QueueConfig",
    "RegistrarConfig",
    "SipConfig",
    "SiteConfig",
    "TraceConfig",
    "TrunkConfig",
    "find_config",
    "load_config",
    "warnings_of",
]
