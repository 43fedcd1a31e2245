"""The configuration's sections, as in the TOML file. Durations are seconds; every default works as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from . import values
from .fields import (
    BitRate,
    Codecs,
    DatabaseUrl,
    Dscp,
    Duration,
    DurationAbove0,
    DurationRange,
    GatewayUris,
    HepUrl,
    HostName,
    HttpListen,
    Language,
    Listen,
    MqttUrl,
    Name,
    NameServer,
    OwnAddress,
    Peer,
    PortRange,
    Priority,
    Rate,
    Realm,
    Region,
    Section,
    SessionInterval,
    Skills,
    SrtpPolicy,
    Telephone,
    Timezone,
)
from .gateways import Gateways
from .numbering import NumberRule, OutRule
from .people import CallbacksConfig, CodesConfig, FloodConfig, ShieldConfig
from .queues import DestinationConfig, NumberConfig, QueueConfig
from .regions import regions, timezone_of
from .webhooks import WebhookConfig

MAX_WORKERS = 64
"Media worker processes: one a core is enough, and no machine for this has more."
MAX_BURST = 10_000
"Requests: beyond it there is no brake to speak of."


class SiteConfig(Section):
    region: Region = ""
    "Kemendagri code of the kabupaten or kota, which every CDR carries; empty: not said."
    name: str = ""
    "By default the region's name."
    timezone: Timezone = "Asia/Jakarta"
    "By default the region's; CDRs show times in it."
    language: Language = "id"
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
    advertise: OwnAddress | None = None
    "The address others reach us at, if it is not the one we listen on."
    realm: Realm = "ntpd112"
    "Of the operators' SIP passwords: changing it makes them invalid."
    dscp: Dscp = 24
    "Marks SIP messages, cs3 as most telephones do; 0: no mark."
    drain: Duration = 300.0
    "How long calls may go on after SIGTERM; new ones are refused meanwhile."


class TlsHostConfig(Section):
    """A further certificate, for peers that ask for a name it is for (SNI, RFC 6066 §3)."""

    certificate: Path
    key: Path


class TlsConfig(Section):
    """PEM files for `tls://` listeners and `sips:` calls, read again when they change."""

    certificate: Path | None = None
    "With its chain, ours first."
    key: Path | None = None
    "Of the certificate, without a passphrase."
    ca: Path | None = None
    "Certificates to trust; None: the system's."
    clients: Literal["off", "asked", "required"] = "off"
    "Whether who connects has to show a certificate, phones too; `asked`: one that is shown must be good."
    host: list[TlsHostConfig] = []


class RegistrarConfig(Section):
    expires: DurationRange = (60.0, 3600.0)
    "What a phone may ask for."
    keepalive: Duration = 30.0
    "OPTIONS to registered phones; 0: none."
    srtp: SrtpPolicy = "off"
    "Of calls with registered phones."


class MediaConfig(Section):
    ports: PortRange = (20000, 29999)
    advertise: OwnAddress | None = None
    dscp: Dscp = 46
    "Marks RTP and RTCP, ef (RFC 3246); 0: no mark."
    uplink: BitRate | None = None
    "Bits a second, each way, of the line that calls come over; only `ntpd112 check` uses it. None: not said."
    workers: Annotated[int, Field(ge=1, le=MAX_WORKERS)] = 1
    recordings: Path | None = None
    "A folder; None: no recording."
    prompts: Path | None = None
    "A folder with the site's own announcements, id/NAME.wav and en/NAME.wav; None: none."


class DatabaseConfig(Section):
    url: DatabaseUrl = "sqlite+aiosqlite:///ntpd112.db"


class HttpConfig(Section):
    listen: HttpListen = values.HttpAddress("127.0.0.1", 8112)
    rate: Rate = 50.0
    "Requests a second of each key and of each person; 0: no limit."
    burst: Annotated[int, Field(ge=1, le=MAX_BURST)] = 200
    "As many at once: all that may follow live, after a restart."
    session: DurationAbove0 = 12 * 3600.0
    "How long people stay signed in: a shift, and the hour before and after it."


class DnsConfig(Section):
    """How host names of trunks are looked up."""

    servers: list[NameServer] = []
    "Asked in this order. Empty: the system's, of /etc/resolv.conf."
    timeout: DurationAbove0 = 2.0
    "How long each may take to answer."
    ttl: DurationRange = (10.0, 3600.0)
    "For how long an answer counts at least and at most, whatever it says itself."


class TrunkConfig(Section):
    name: Name
    peers: Annotated[list[Peer], Field(min_length=1)]
    "Addresses, networks and hosts whose requests belong to this trunk."
    max_calls: Annotated[int, Field(ge=1)] = 60
    max_rate: Rate = 0.0
    "New calls a second; 0: no limit."
    alarm_at: Annotated[float, Field(ge=0, le=1)] = 0.8
    "Share of `max_calls` from which the trunk counts as nearly full; 0: no alarm."
    numbers: list[NumberRule] = []
    "What queues know its numbers by; the first that fits. A number that none fits stays as it is."
    options: Duration = 60.0
    "OPTIONS to single-address peers and to gateways; 0: none."
    to: Gateways = []
    "Gateways for calls of ours. Empty: where we register, if we do."
    register_: Annotated[GatewayUris, Field(alias="register")] = []
    "Where the telco wants us to register; the next one if one does not take us."
    register_expires: DurationAbove0 = 3600.0
    "For how long we ask to be registered."
    username: str = ""
    "Who we are at the telco, for what asks for a password."
    password: str = ""
    password_file: Path | None = None
    "Instead of `password`; read again when it changes."
    domain: HostName = ""
    "The telco's, in From and for registering; empty: addresses."
    present: Telephone = ""
    "The number that the called see; empty: the caller's own."
    present_in: Literal["both", "from", "asserted"] = "both"
    "Which of From and P-Asserted-Identity have it."
    withhold: bool = False
    "The called see no number; the telco is told it, and to pass it to nobody."
    numbers_out: list[OutRule] = []
    "How the numbers that we call are written for the telco; the first that fits."
    callers_out: list[OutRule] = []
    "And those of the callers for whom we call."
    srtp: SrtpPolicy = "off"
    "Of its calls, in either direction."
    codecs: Codecs = []
    "Offered in this order, and the first of them taken that is offered. Empty: as who calls has it."
    session_timer: SessionInterval = 1_800.0
    "For how long its calls may go without a refresh (RFC 4028); 0: without session timers."
    session_min: Annotated[SessionInterval, Field(gt=0)] = 90.0
    "The shortest such interval that we take."
    session_refresher: Literal["any", "us", "peer"] = "any"
    "Who refreshes, where that is ours to say."
    reliable_provisional: Literal["off", "supported", "required"] = "supported"
    "Whether 180 and 183 are to be acknowledged by PRACK (RFC 3262)."
    early_media: Literal["off", "pass", "announce"] = "pass"
    "Sound before an answer: `pass` that of who is called, `announce` ours to who is left ringing as well."
    ask_silent: bool = True
    "Who sends no sound is asked whether they are there; false: believed until a session timer runs out."
    skills: Skills = {}
    prefer: Skills = {}
    "What its calls ask for beside what their queue does."
    priority: Priority | None = None
    "Of its calls; None: what number or queue say."

    @model_validator(mode="after")
    def _takes_what_it_asks_for(self) -> TrunkConfig:
        if 0 < self.session_timer < self.session_min:
            raise ValueError("session_timer is below session_min: we would ask for what we refuse")
        return self


class MqttConfig(Section):
    url: MqttUrl | None = None
    ca: Path | None = None
    "File with the certificates to trust with mqtts://; None: the system's."
    username: str = ""
    password: str = ""
    password_file: Path | None = None
    "Instead of `password`; read at each connection."
    client_id: str = ""
    "By default `ntpd112-` and the region: two clients of one id throw each other out."


class JournalConfig(Section):
    path: Path = Path("ntpd112-journal.db")
    keep: Duration = 30 * 86_400.0
    "How long events stay after their CDR was written; 0: for ever."


class AuditConfig(Section):
    path: Path = Path("ntpd112-audit.db")
    "SQLite file: who changed what, and fetched which recording."


class RetentionConfig(Section):
    """0: for ever. What is under legal hold stays."""

    cdrs: Duration = 730 * 86_400.0
    "Two years: last year's report can be made again and compared."
    recordings: Duration = 365 * 86_400.0
    "A year: complaints and investigations come within months."
    audit: Duration = 1825 * 86_400.0
    "Five years: longer than what it tells of, or nobody could be asked about the last access."
    deliveries: Duration = 30 * 86_400.0
    "Thirty days: a receiver that was away for longer is told of so old a call by hand, if at all."
    holds: Path = Path("ntpd112-holds")
    "A folder for what journal and trace have of calls under legal hold."

    @model_validator(mode="after")
    def _recordings_have_cdrs(self) -> RetentionConfig:
        if self.cdrs and not 0 < self.recordings <= self.cdrs:
            raise ValueError("recordings are kept longer than cdrs: without its CDR nobody finds a recording")
        return self


class TraceConfig(Section):
    path: Path | None = Path("ntpd112-trace.db")
    "SQLite file with the last SIP messages, for `ntpd112 trace`."
    max_messages: Annotated[int, Field(ge=0)] = 200_000
    "Messages kept, about 1 KB each; 0: keep none."
    keep: Duration = 7 * 86_400.0
    "How long each is kept at most: complaints about a call come within days. 0: however old."
    hep: HepUrl | None = None
    "A Homer server that is told each message by HEP 3 as it is written."
    hep_id: Annotated[int, Field(ge=0, lt=1 << 32)] = 112
    "By which Homer knows who captured."
    hep_password: str = ""
    "Homer's `authenticate key`; sent as it is, so it keeps mistakes out, not people."

    @model_validator(mode="after")
    def _told_is_written(self) -> TraceConfig:
        if self.hep is not None and (self.path is None or not self.max_messages):
            raise ValueError("hep tells what is written: it needs path and max_messages")
        return self


class LogConfig(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"


class Config(Section):
    site: SiteConfig = SiteConfig()
    sip: SipConfig = SipConfig()
    tls: TlsConfig = TlsConfig()
    registrar: RegistrarConfig = RegistrarConfig()
    media: MediaConfig = MediaConfig()
    database: DatabaseConfig = DatabaseConfig()
    http: HttpConfig = HttpConfig()
    dns: DnsConfig = DnsConfig()
    trunk: list[TrunkConfig] = []
    queue: Annotated[list[QueueConfig], Field(min_length=1)] = [
        QueueConfig(name="112", numbers=["112", "urn:service:sos"])
    ]
    destination: list[DestinationConfig] = []
    number: list[NumberConfig] = []
    shield: ShieldConfig = ShieldConfig()
    flood: FloodConfig = FloodConfig()
    callbacks: CallbacksConfig = CallbacksConfig()
    codes: CodesConfig = CodesConfig()
    mqtt: MqttConfig = MqttConfig()
    webhook: list[WebhookConfig] = []
    journal: JournalConfig = JournalConfig()
    audit: AuditConfig = AuditConfig()
    retention: RetentionConfig = RetentionConfig()
    trace: TraceConfig = TraceConfig()
    log: LogConfig = LogConfig()
