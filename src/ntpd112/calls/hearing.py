"""Who hears whom in a call: a pure function of who takes part and how.

| mode | hears | is heard by |
|---|---|---|
| `talk` | all who talk; an operator also who whispers | all who talk, listen or whisper |
| `listen` | all who talk | nobody |
| `whisper` | all who talk | operators who talk |
| `hold` | nobody | nobody |

Who holds us from their side (`away`) neither hears nor is heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ntpd112.journal.events import PartyKind, PartyMode


class Member(NamedTuple):
    """`id`: of the media leg."""

    id: int
    kind: PartyKind
    mode: PartyMode
    away: bool = False


def hearing(members: Sequence[Member]) -> dict[int, tuple[int, ...]]:
    """For each member the ids of those they hear, in the members' order."""
    return {
        one.id: tuple(other.id for other in members if other is not one and _hears(one, other))
        for one in members
    }


def _hears(one: Member, other: Member) -> bool:
    if one.away or other.away or one.mode == "hold":
        return False
    if other.mode == "whisper":
        return one.kind == "operator" and one.mode == "talk"
    return other.mode == "talk"


def forsaken(members: Sequence[Member], heard: dict[int, tuple[int, ...]]) -> list[int]:
    """Who should hear an announcement because they would hear dead air: on hold, or left alone."""
    return [
        one.id
        for one in members
        if not one.away and not heard[one.id] and one.mode in ("talk", "hold") and one.kind != "supervisor"
    ]
