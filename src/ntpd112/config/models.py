"""The configuration's sections, as in the TOML file. Durations are seconds; every default works as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from . import values
from .regions import region_code, regions, timezone_of

MAX_WORKERS = 64
"Media worker processes: one a core is enough, and no machine for this has more."
MAX_LEVEL = 10
"Of a skill; the operators' directory allows no higher one."


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (LookupError, OSError, ValueError):
        raise ValueError('is not a time zone that this machine knows, such as "Asia/Jakarta"') from None
    return name


def _not_empty(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text


def _header_safe(text: str) -> str:
    if any(char in '"\\' or not char.isprintable() for char in _not_empty(text)):
        raise ValueError("has quotes, backslashes or control characters, which no realm may have")
    return text


Region = Annotated[str, AfterValidator(lambda code: code and region_code(code))]
Timezone = Annotated[str, AfterValidator(_timezone)]
Name = Annotated[str, AfterValidator(_not_empty)]
Duration = Annotated[float, BeforeValidator(values.duration)]
DurationRange = Annotated[tuple[float, float], BeforeValidator(values.duration_range)]
PortRange = Annotated[tuple[int, int], BeforeValidator(values.port_range)]
Address = Annotated[str, AfterValidator(values.address)]
Peer = Annotated[str, AfterValidator(values.network)]
Listen = Annotated[values.ListenUrl, BeforeValidator(values.listen_url)]
HttpListen = Annotated[values.HttpAddress, BeforeValidator(values.http_address)]
DatabaseUrl = Annotated[str, AfterValidator(values.database_url)]
MqttUrl = Annotated[str, AfterValidator(values.mqtt_url)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class SiteConfig(Section):
    region: Region = ""
    "Kemendagri code of the kabupaten or kota, which every CDR carries; empty: not said."
    name: str = ""
    "By default the region's name."
    timezone: Timezone = "Asia/Jakarta"
    "By default the region's; CDRs show times in it."
    language: Literal["id", "en"] = "id"
    "Of the announcements."

    @model_validator(mode="before")
    @classmethod
    def _from_region(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        region = str(given.get("region", ""))
        derived = {"name": regions().get(region, "112"), "timezone": timezone_of(region)}
        return derived | {key: value for key, value in given.items() if value != "" or key not in derived}


class SipConfig(Section):
    listen: Annotated[list[Listen], Field(min_length=1)] = [
        values.ListenUrl("udp", "0.0.0.0", 5060),
        values.ListenUrl("tcp", "0.0.0.0", 5060),
    ]
    advertise: Address | None = None
    "The address others reach us at, if it is not the one we listen on."
    realm: Annotated[str, AfterValidator(_header_safe)] = "ntpd112"
    "Of the operators' SIP passwords: changing it makes them invalid."
    drain: Duration = 300.0
    "How long calls may go on after SIGTERM; new ones are refused meanwhile."


class RegistrarConfig(Section):
    expires: DurationRange = (60.0, 3600.0)
    "What a phone may ask for."
    keepalive: Duration = 30.0
    "OPTIONS to registered phones; 0: none."


class MediaConfig(Section):
    ports: PortRange = (20000, 29999)
    advertise: Address | None = None
    workers: Annotated[int, Field(ge=1, le=MAX_WORKERS)] = 1
    recordings: Path | None = None
    "A folder; None: no recording."


class DatabaseConfig(Section):
    url: DatabaseUrl = "sqlite+aiosqlite:///ntpd112.db"


class HttpConfig(Section):
    listen: HttpListen = values.HttpAddress("127.0.0.1", 8112)


class TrunkConfig(Section):
    name: Name
    peers: Annotated[list[Peer], Field(min_length=1)]
    "Addresses and networks whose requests belong to this trunk."
    max_calls: Annotated[int, Field(ge=1)] = 60
    options: Duration = 60.0
    "OPTIONS to single-address peers; 0: none."


class QueueConfig(Section):
    name: Name
    numbers: Annotated[list[Name], Field(min_length=1)]
    "What callers dial; `urn:service:sos` covers its sub-services."
    skills: dict[str, Annotated[int, Field(ge=1, le=MAX_LEVEL)]] = {}
    "Required of an operator, with the least level."
    priority: Annotated[int, Field(ge=0)] = 5
    "0 is most urgent."
    ring_timeout: Annotated[Duration, Field(gt=0)] = 15.0
    wrap_up: Duration = 10.0
    answer: Literal["announce", "ring"] = "announce"
    "Answer at once with an announcement, or let it ring until an operator picks up."
    announcement: str = "welcome"
    "A prompt's name; empty: ring-back tone at once."
    no_operator: Literal["wait", "reject"] = "wait"
    "When no operator is registered: let callers wait, or answer 503 so that the PBX falls back."


class MqttConfig(Section):
    url: MqttUrl | None = None


class JournalConfig(Section):
    path: Path = Path("ntpd112-journal.db")
    keep: Duration = 30 * 86_400.0
    "How long events stay after their CDR was written; 0: for ever."


class TraceConfig(Section):
    path: Path | None = Path("ntpd112-trace.db")
    "SQLite file with the last SIP messages, for `ntpd112 trace`."
    max_messages: Annotated[int, Field(ge=0)] = 200_000
    "Messages kept, about 1 KB each; 0: keep none."


class LogConfig(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"


class Config(Section):
    site: SiteConfig = SiteConfig()
    sip: SipConfig = SipConfig()
    registrar: RegistrarConfig = RegistrarConfig()
    media: MediaConfig = MediaConfig()
    database: DatabaseConfig = DatabaseConfig()
    http: HttpConfig = HttpConfig()
    trunk: list[TrunkConfig] = []
    queue: Annotated[list[QueueConfig], Field(min_length=1)] = [
        QueueConfig(name="112", numbers=["112", "urn:service:sos"])
    ]
    mqtt: MqttConfig = MqttConfig()
    journal: JournalConfig = JournalConfig()
    trace: TraceConfig = TraceConfig()
    log: LogConfig = LogConfig()
