"""What all shapes share: strictness, common fields, and the problem document of errors."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

EXAMPLE_ID = "01JCXS8Q3M6D9W8V4T2R7N5K1B"
Seconds = Annotated[float, Field(ge=0, description="Seconds.")]
Skills = Annotated[dict[str, int], Field(description="Level by skill.", examples=[{"medical": 1}])]


def _whole(value: object) -> object:
    """JSON has one kind of number: 3.0 is an integer there."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"Of an integer that clients send. After its bounds, or the document would not have them."


class Model(BaseModel):
    """Nothing beyond what is documented."""

    model_config = ConfigDict(extra="forbid")


class Sent(Model):
    """What clients send, of exactly the documented types: neither `"false"` nor 0 passes for a boolean."""

    model_config = ConfigDict(strict=True)


class ParameterError(Model):
    location: str = Field(alias="in", description="`query`, `path`, `body` or `header`.", examples=["query"])
    name: str = Field(examples=["colour"])
    detail: str = Field(examples=["is not known: this path takes none"])


class ProblemOut(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["no call has the id 01JCXS8Q3M6D9W8V4T2R7N5K1B"])
    errors: list[ParameterError] | None = Field(None, description="Of a 422: each wrong parameter.")
    scope: str | None = Field(
        None, description="Of a 403: the scope that is missing.", examples=["calls:control"]
    )
    problems: list[str] | None = Field(None, description="Of /readyz: why calls would not be handled well.")


UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Nothing has changed since the answer whose `ETag` was sent as `If-None-Match`."}
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The documentation of a route's error answers. Where a key is asked for, it may be used too often."""
    limited = (429,) if 401 in statuses and 429 not in statuses else ()
    return {
        status: {
            "description": _MEANING[status],
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}}},
        }
        for status in (*statuses, *limited)
    }


_MEANING = {
    400: "The Range header cannot be read.",
    401: "No API key or session, or not a valid one.",
    403: "The API key or session lacks the scope.",
    404: "There is none with this id.",
    408: "The body did not come in time.",
    409: "Not possible in the present state.",
    410: "It was there: a position of a journal that was begun anew, a recording past its retention.",
    413: "The body is too large.",
    416: "The recording has no such bytes.",
    422: "A parameter is not known or has a wrong value; `errors` names it.",
    429: "Too many requests of one key, wrong keys or wrong passwords; `Retry-After` says when to try again.",
    503: "Not available now, or too many requests at once; `Retry-After` says when to try again.",
}
