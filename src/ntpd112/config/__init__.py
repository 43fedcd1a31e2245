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
    RegistrarConfig,
    SipConfig,
    SiteConfig,
    TraceConfig,
    TrunkConfig,
)
from .people import CallbacksConfig, CodesConfig, FloodConfig, ShieldConfig
from .problems import ConfigErrors, Problem
from .queues import (
    DESTINATION_RING_S,
    DestinationConfig,
    LadderStep,
    NumberConfig,
    QueueConfig,
    ScreeningConfig,
    Strategy,
    is_uri,
)
from .values import NUMBER_PLACE, HttpAddress, ListenUrl

__all__ = [
    "DESTINATION_RING_S",
    "NUMBER_PLACE",
    "CallbacksConfig",
    "CodesConfig",
    "Config",
    "ConfigErrors",
    "DatabaseConfig",
    "DestinationConfig",
    "FloodConfig",
    "HttpAddress",
    "HttpConfig",
    "JournalConfig",
    "LadderStep",
    "ListenUrl",
    "LogConfig",
    "MediaConfig",
    "MqttConfig",
    "NumberConfig",
    "Problem",
    "QueueConfig",
    "RegistrarConfig",
    "ScreeningConfig",
    "ShieldConfig",
    "SipConfig",
    "SiteConfig",
    "Strategy",
    "TraceConfig",
    "TrunkConfig",
    "find_config",
    "is_uri",
    "load_config",
    "warnings_of",
]
