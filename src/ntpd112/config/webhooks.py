"""`[[webhook]]` sections."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from ntpd112.journal.events import EVENT_TYPES, Classification, Disposition

from . import values
from .fields import DurationAbove0, Region, Section, listed

STATES = ("call.state", "cdr", "operator.state")
"Events that are no types of the journal, as MQTT has them too."
MIN_SECRET = 16
"Characters; fewer can be guessed from one request."
MAX_SECRETS = 2
"The new one, and the one before until the receiver has the new one."


def _event(name: str) -> str:
    if name not in STATES and name not in EVENT_TYPES:
        raise ValueError(f"is not an event that there is: {', '.join((*STATES, *EVENT_TYPES))}")
    return name


HookName = Annotated[str, AfterValidator(values.plain_name)]
HookUrl = Annotated[str, AfterValidator(values.http_url)]
Event = Annotated[str, AfterValidator(_event)]
Events = Annotated[list[Event], Field(min_length=1)]
Strings = Annotated[list[str], BeforeValidator(listed)]
"One, or several in a list."


class WebhookConfig(Section):
    name: HookName
    url: HookUrl
    events: Events
    "Types of the live feed, or `call.state`, `cdr`, `operator.state`."
    secret: Strings = []
    "That requests are signed with; two: the new one and the one before."
    secret_file: Path | None = None
    "Instead, one a line; read anew for each batch of requests."
    queue: Strings = []
    "Only calls of these; so with the next four."
    trunk: Strings = []
    region: Annotated[list[Region], BeforeValidator(listed)] = []
    disposition: Annotated[list[Disposition], BeforeValidator(listed)] = []
    classification: Annotated[list[Classification], BeforeValidator(listed)] = []
    ca: Path | None = None
    "File with the certificates to trust; None: the system's."
    insecure: bool = False
    "http:// to an address that is not private, too."
    retry_for: DurationAbove0 = 86_400.0
    "How long a delivery that fails is tried again."
