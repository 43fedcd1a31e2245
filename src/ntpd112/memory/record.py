"""One caller's record, and what follows from it. Pure: a score from classifications, words for people.

The score of a prank is its weight when it happens and half of that a half-life later. Emergencies and
questions take something off what came before them, and earn no credit for what comes after.
"""

from __future__ import annotations

from bisect import insort
from typing import Literal

import msgspec

from ntpd112.journal.events import Classification

from .settings import DAY_S, ShieldSettings

MAX_CLASSIFIED = 20
"Classifications kept of a caller, the latest: with the default weights ten times what puts a caller back."
CORRECTED_SCORE = 2.0
"Times `put_back_at`: a caller whom a person marked as prank is put back for one half-life, then no longer."
FORGET_BELOW = 0.05
"A score this small changes nothing for the caller any more."

_BAD = {"prank": "prank call", "ghost": "ghost call"}

Correction = Literal["", "prank", "trusted"]


class Classified(msgspec.Struct, frozen=True, array_like=True, order=True):
    """What an operator found one call to be. `at`: epoch seconds of the first classification of that call."""

    at: float
    call_id: str
    classification: Classification


class Record(msgspec.Struct, array_like=True):
    """What is kept of a caller. Times are epoch seconds, 0: never."""

    first_at: float
    last_at: float
    "When something was last learnt."
    calls: int = 0
    "Since `first_at`."
    classified: list[Classified] = msgspec.field(default_factory=list)
    "In order of time, at most MAX_CLASSIFIED."
    operator: str = ""
    "Who spoke to the caller last."
    spoke_at: float = 0.0
    correction: Correction = ""
    corrected_at: float = 0.0
    corrected_by: str = ""
    note: str = ""

    def classify(self, call_id: str, classification: Classification, at: float) -> None:
        """Adds a call's classification, or puts right the one it had (which keeps its time)."""
        for index, known in enumerate(self.classified):
            if known.call_id == call_id:
                self.classified[index] = Classified(known.at, call_id, classification)
                return
        insort(self.classified, Classified(at, call_id, classification))
        del self.classified[:-MAX_CLASSIFIED]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller's record says now. `put_back` and `lift` are never both true."""

    number: str
    score: float = 0.0
    put_back: bool = False
    "The call waits in the quiet lane."
    lift: bool = False
    "The call goes ahead: this caller had an emergency lately."
    reasons: list[str] = msgspec.field(default_factory=list)
    "In words, for the call's events and for people."
    calls: int = 0
    first_at: float | None = None
    last_at: float | None = None
    last_operator: str = ""
    last_operator_at: float | None = None
    classifications: list[Classified] = msgspec.field(default_factory=list)
    "The latest first."
    correction: Correction = ""
    corrected_by: str = ""
    corrected_at: float | None = None
    note: str = ""


def score(record: Record, now: float, settings: ShieldSettings) -> float:
    """0 for who never pranked. Decays with the half-life; never grows by time alone."""
    steps = [(known.at, _weight(known.classification, settings)) for known in record.classified]
    if record.correction == "prank":
        insort(steps, (record.corrected_at, CORRECTED_SCORE * settings.put_back_at))
    total, before = 0.0, 0.0
    for at, weight in steps:
        total = max(0.0, total * _decay(at - before, settings) + weight)
        before = at
    return total * _decay(now - before, settings) if steps else 0.0


def standing(number: str, record: Record, now: float, settings: ShieldSettings) -> Standing:
    """What the record says at `now`. A person's word counts more than the record, a recent emergency more
    than pranks."""
    points = score(record, now, settings)
    trusted = record.correction == "trusted"
    emergency_at = _recent_emergency(record, now, settings)
    lift = emergency_at is not None
    put_back = points >= settings.put_back_at and not lift and not trusted
    return Standing(
        number=number,
        score=round(points, 3),
        put_back=put_back,
        lift=lift,
        reasons=_reasons(record, now, points, put_back, emergency_at),
        calls=record.calls,
        first_at=record.first_at,
        last_at=record.last_at,
        last_operator=record.operator,
        last_operator_at=record.spoke_at or None,
        classifications=record.classified[::-1],
        correction=record.correction,
        corrected_by=record.corrected_by,
        corrected_at=record.corrected_at or None,
        note=record.note,
    )


def is_of_use(record: Record, now: float, settings: ShieldSettings) -> bool:
    """Whether the record can still change anything for the caller; if not, it is to be forgotten."""
    return (
        record.correction == "trusted"
        or now < record.spoke_at + settings.sticky_s
        or _recent_emergency(record, now, settings) is not None
        or score(record, now, settings) >= FORGET_BELOW
    )


def _weight(classification: Classification, settings: ShieldSettings) -> float:
    match classification:
        case "prank":
            return settings.prank_weight
        case "ghost":
            return settings.ghost_weight
        case "emergency":
            return -settings.emergency_relief
        case "information":
            return -settings.information_relief


def _decay(elapsed_s: float, settings: ShieldSettings) -> float:
    """At most 1, also when the clock was set back."""
    return float(0.5 ** (max(0.0, elapsed_s) / settings.half_life_s))


def _recent_emergency(record: Record, now: float, settings: ShieldSettings) -> float | None:
    """When it was; None without one. A person who said `prank` afterwards knows better."""
    since = now - settings.lift_emergency_s
    if record.correction == "prank":
        since = max(since, record.corrected_at)
    return next(
        (
            known.at
            for known in reversed(record.classified)
            if known.classification == "emergency" and known.at > since
        ),
        None,
    )


def _reasons(
    record: Record, now: float, points: float, put_back: bool, emergency_at: float | None
) -> list[str]:
    reasons = []
    if record.correction == "trusted":
        reasons.append(
            f"trusted, said {record.corrected_by} {ago(now - record.corrected_at)}: never put back"
        )
    if record.correction == "prank":
        reasons.append(f"prank caller, said {record.corrected_by} {ago(now - record.corrected_at)}")
    if emergency_at is not None:
        reasons.append(f"an emergency {ago(now - emergency_at)}: goes ahead")
    bad = [known for known in record.classified if known.classification in _BAD]
    if bad:
        counts = [
            _count(sum(known.classification == kind for known in bad), words) for kind, words in _BAD.items()
        ]
        summary = f"{', '.join(filter(None, counts))}, last {ago(now - bad[-1].at)}: score {points:.1f}"
        reasons.append(f"{summary}, put back" if put_back else summary)
    return reasons


def _count(number: int, words: str) -> str:
    return f"{number} {words}{'s' if number > 1 else ''}" if number else ""


_UNITS = ((DAY_S, "day"), (3_600.0, "hour"), (60.0, "minute"))


def ago(elapsed_s: float) -> str:
    """`2 days ago`; `just now` below a minute."""
    for unit_s, unit in _UNITS:
        if elapsed_s >= unit_s:
            return f"{_count(int(elapsed_s // unit_s), unit)} ago"
    return "just now"
