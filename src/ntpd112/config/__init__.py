"""The configuration: TOML, environment variables over it, and every problem said at once with its line."""

from .certificate_checks import UnusableFile, certificate_doubts, expires_at, names_of, read_certificate
from .checks import warnings_of
from .ladder_proof import PBX, Route, dead_ends, grouped, routes_of
from .load import check_config, find_config, load_config
from .models import (
    Config,
    DatabaseConfig,
    DnsConfig,
    HttpConfig,
    JournalConfig,
    LogConfig,
    MediaConfig,
    MqttConfig,
    RegistrarConfig,
    RetentionConfig,
    SipConfig,
    SiteConfig,
    TlsConfig,
    TraceConfig,
    TrunkConfig,
)
from .numbering import NumberRule, mapped
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
from .reach import NUMBER_PLACE, TRUNK, trunk_number
from .values import HttpAddress, ListenUrl, is_network
from .webhooks import WebhookConfig

__all__ = [
    "DESTINATION_RING_S",
    "NUMBER_PLACE",
    "PBX",
    "TRUNK",
    "CallbacksConfig",
    "CodesConfig",
    "Config",
    "ConfigErrors",
    "DatabaseConfig",
    "DestinationConfig",
    "DnsConfig",
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
    "NumberRule",
    "Problem",
    "QueueConfig",
    "RegistrarConfig",
    "RetentionConfig",
    "Route",
    "ScreeningConfig",
    "ShieldConfig",
    "SipConfig",
    "SiteConfig",
    "Strategy",
    "TlsConfig",
    "TraceConfig",
    "TrunkConfig",
    "UnusableFile",
    "WebhookConfig",
    "certificate_doubts",
    "check_config",
    "dead_ends",
    "expires_at",
    "find_config",
    "grouped",
    "is_network",
    "is_uri",
    "load_config",
    "mapped",
    "names_of",
    "read_certificate",
    "routes_of",
    "trunk_number",
    "warnings_of",
]
