"""The call-back list."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from ntpd112.calls.views import CallbackNeed
from ntpd112.journal.events import CallbackOutcome

from .base import EXAMPLE_ID, Model, Seconds, Sent

MAX_NOTE = 1_000
"Characters of a note: a few sentences."


class CallbackOut(Model):
    """A caller who is to be called back."""

    id: str = Field(examples=[EXAMPLE_ID], description="The first lost call.")
    number: str = Field(examples=["+628123456789"])
    need: CallbackNeed = Field(
        description="`emergency`: known to be one; `category`: called a number that says what it is about; "
        "`doubtful`: hung up within seconds, stayed silent, or called for fun before."
    )
    calls: list[str] = Field(
        description="The lost calls, oldest first; of many the first and the latest.", examples=[[EXAMPLE_ID]]
    )
    count: int = Field(description="How often they called in vain.", examples=[1])
    first_at: datetime
    last_at: datetime
    queue: str = Field(examples=["112"])
    waited_s: Seconds = Field(examples=[20.5])
    category: str = Field(examples=["ambulance"])
    reasons: list[str] = Field(
        description="What is known of the caller.", examples=[["an emergency 2 h ago"]]
    )
    attempts: int = Field(examples=[1])
    last_operator: str = Field(description="Who tried last; empty: nobody yet.", examples=["budi"])
    claimed_by: str = Field(
        description="Who calls them now, or just did; empty: free to be called.", examples=["siti"]
    )


class CallbackCallIn(Sent):
    operator: str = Field(examples=["siti"], description="Whose phone rings first.")


class CallbackCallOut(Model):
    call: str = Field(examples=[EXAMPLE_ID], description="Id of the call that this is.")


class CallbackClosedIn(Sent):
    outcome: CallbackOutcome = Field(examples=["not_needed"])
    note: str = Field("", max_length=MAX_NOTE, examples=["called from another phone"])


class CallbackClosedOut(CallbackClosedIn):
    id: str = Field(examples=[EXAMPLE_ID])
