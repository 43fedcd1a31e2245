"""What is sent to do something with a call that is talked on."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ntpd112.calls.views import SupervisorMode

from .base import Sent
from .steering import Asked

MAX_WHOM = 256
"Characters: a SIP URI with parameters has about 60."
Whom = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_WHOM,
        description="`operator:ID`, `destination:NAME`, `queue:NAME` (transfers only), `sip:USER@ADDRESS`, "
        "`trunk:NAME/NUMBER`, "
        "or what an operator would dial.",
    ),
]


class TransferIn(Sent):
    to: Whom = Field(examples=["destination:police"])
    attended: bool = Field(
        False,
        description="The caller waits until `transfer/complete`, `/cancel` or `/conference`; else blind.",
    )
    skills: Asked = Field(
        default_factory=dict,
        description="With a queue: what an operator must have besides what the queue asks for.",
        examples=[{"english": 1}],
    )


class PartyIn(Sent):
    to: Whom = Field(examples=["destination:psychologist"])


class SupervisionIn(Sent):
    supervisor: str = Field(min_length=1, max_length=64, examples=["ratna"])
    mode: SupervisorMode = Field(description="`talk` is barging in.", examples=["listen"])
