"""Callers and operators: the shield against ghost and prank calls, flood, call-backs, feature codes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .fields import Duration, DurationAbove0, Keys, KeysOrNone, Reach, ReachFor, Section

Weight = Annotated[float, Field(ge=0)]


class ShieldConfig(Section):
    """What a caller's record does to their place. Nobody is dropped or blocked."""

    half_life: DurationAbove0 = 7 * 86_400.0
    "After it a prank counts half."
    prank_weight: Weight = 1.0
    ghost_weight: Weight = 0.5
    put_back_at: Annotated[float, Field(gt=0)] = 2.0
    "From this score the caller waits in the quiet lane."
    lift_emergency: Duration = 86_400.0
    "How long an emergency lifts the same caller's next calls; 0: not at all."
    longest_wait: Duration = 60.0
    "A call put back waits no longer than this behind normal ones."
    sticky: Duration = 1800.0
    "How long a caller goes to the operator they spoke to, if free; 0: not at all."
    keep_place: Duration = 300.0
    "Who hung up while waiting and calls again within this keeps the time waited; 0: nobody."


class FloodConfig(Section):
    """Many calls about one incident."""

    calls: Annotated[int, Field(ge=0, le=2_000)] = 0
    "So many within `window` begin it; 0: only a supervisor does."
    window: DurationAbove0 = 60.0
    radius_km: Annotated[float, Field(gt=0)] = 5.0
    "Calls from within it are taken to be about one place."
    kept_free: Annotated[int, Field(ge=0)] = 1
    "Operators kept free for calls about something else."
    longest_wait: Duration = 600.0
    "A call about the incident is held back no longer than this; then it counts as any other."
    prompt: str = "incident"
    key: Keys = "1"
    "What a caller presses whose emergency is another."
    call_in: list[Reach] = []
    "Phones of off-duty operators, rung when it begins."
    ends_after: DurationAbove0 = 600.0
    "It ends when for so long fewer calls came."


class CallbacksConfig(Section):
    to: ReachFor | None = None
    "How citizens are reached; `{number}` is the caller's. None: no call-backs."
    caller: Keys = "112"
    "The number they see."
    keep: DurationAbove0 = 86_400.0
    "How long an entry stays on the list."
    claim: DurationAbove0 = 600.0
    "How long an entry is of the operator who took it."


class CodesConfig(Section):
    """What operators dial; empty: off. No code begins with another one."""

    ready: KeysOrNone = "*10"
    break_: Annotated[KeysOrNone, Field(alias="break")] = "*11"
    offline: KeysOrNone = "*12"
    emergency: KeysOrNone = "*21"
    information: KeysOrNone = "*22"
    ghost: KeysOrNone = "*23"
    prank: KeysOrNone = "*24"
    callback: KeysOrNone = "*30"
    queue: KeysOrNone = "*40"
    listen: KeysOrNone = "*51"
    whisper: KeysOrNone = "*52"
    barge: KeysOrNone = "*53"
