"""What the sections are made of: their base, and the types of their values."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from . import reach, values
from .regions import region_code

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


def listed(value: object) -> object:
    """A text alone as a list of one."""
    return [value] if isinstance(value, str) else value


Region = Annotated[str, AfterValidator(lambda code: code and region_code(code))]
Timezone = Annotated[str, AfterValidator(_timezone)]
Name = Annotated[str, AfterValidator(_not_empty)]
Realm = Annotated[str, AfterValidator(_header_safe)]
Duration = Annotated[float, BeforeValidator(values.duration)]
DurationAbove0 = Annotated[Duration, Field(gt=0)]
DurationRange = Annotated[tuple[float, float], BeforeValidator(values.duration_range)]
SessionInterval = Annotated[float, BeforeValidator(values.session_interval)]
Codecs = Annotated[list[Literal["pcma", "pcmu"]], AfterValidator(values.each_once)]
Rate = Annotated[float, BeforeValidator(values.rate)]
PortRange = Annotated[tuple[int, int], BeforeValidator(values.port_range)]
Dscp = Annotated[int, BeforeValidator(values.dscp)]
BitRate = Annotated[float, BeforeValidator(values.bit_rate)]
OwnAddress = Annotated[str, AfterValidator(values.own_address)]
Peer = Annotated[str, AfterValidator(values.peer)]
"An address, a network, or a host name."
Listen = Annotated[values.ListenUrl, BeforeValidator(values.listen_url)]
HepUrl = Annotated[values.ListenUrl, BeforeValidator(values.hep_url)]
NameServer = Annotated[values.HttpAddress, BeforeValidator(values.name_server)]
HttpListen = Annotated[values.HttpAddress, BeforeValidator(values.http_address)]
DatabaseUrl = Annotated[str, AfterValidator(values.database_url)]
MqttUrl = Annotated[str, AfterValidator(values.mqtt_url)]
GatewayUri = Annotated[str, AfterValidator(reach.gateway_uri)]
"Its host may be a name."
GatewayUris = Annotated[list[GatewayUri], BeforeValidator(listed)]
"One, or several in a list."
Reach = Annotated[str, AfterValidator(reach.reach)]
"Somebody outside: a SIP URI, or `trunk:NAME/NUMBER`."
Reaches = Annotated[list[Reach], BeforeValidator(listed), Field(min_length=1)]
ReachFor = Annotated[str, AfterValidator(reach.reach_for)]
Telephone = Annotated[str, AfterValidator(lambda text: text and values.telephone(text))]
"A telephone number, or empty."
HostName = Annotated[str, AfterValidator(lambda text: text and values.host_name(text))]
"A domain, or empty."
Keys = Annotated[str, AfterValidator(values.keys)]
"What a telephone's keys can say."
KeysOrNone = Annotated[str, AfterValidator(lambda text: text and values.keys(text))]
Skills = dict[str, Annotated[int, Field(ge=1, le=MAX_LEVEL)]]
Priority = Annotated[int, Field(ge=0)]
"0 is most urgent."
Language = Literal["id", "en"]
SrtpPolicy = Literal["off", "preferred", "required"]
"`preferred`: secured if the peer can, plain else; `required`: no call without."


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
