"""What is sent to steer a call that waits."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .base import WHOLE, Sent

MAX_LEAST_URGENT = 100
"Largest priority number: queues use 0 to 10 or so; with the usual ageing this one waits behind 100 minutes."
MAX_SKILLS = 50
"As many as an operator may have."
Skill = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
Level = Annotated[int, Field(ge=1, le=10), WHOLE]
Asked = Annotated[
    dict[Skill, Level],
    Field(max_length=MAX_SKILLS, json_schema_extra={"additionalProperties": False}),
]


class PriorityIn(Sent):
    priority: Annotated[
        int, Field(ge=0, le=MAX_LEAST_URGENT, description="0 is most urgent.", examples=[0]), WHOLE
    ]


class RequirementsIn(Sent):
    skills: Asked = Field(description="Must have, at these levels or above.", examples=[{"medical": 1}])
    prefer: Asked = Field(
        default_factory=dict,
        description="Better have: decides between free operators, keeps none out.",
        examples=[{"english": 2}],
    )


class PullIn(Sent):
    operator: str = Field(min_length=1, max_length=64, examples=["siti"])
