"""Whether a peer still answers OPTIONS: the same small clock for registered phones and for trunks' peers.

Asked every `interval_s`; FAILURES_TO_DEAD questions without an answer make it dead, one answer alive again.
Any answer counts, also a refusal: it shows that somebody is there. `now` is monotonic seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

FAILURES_TO_DEAD = 2
"Questions in a row without an answer. One can be lost in a burst; it was retransmitted, so two are not."
ANSWER_S = 4.0
"Seconds to wait for an answer: by then a UDP request was sent four times (at 0, 0.5, 1.5 and 3.5 s)."
FIRST_S = 1.0
"Seconds from a phone's registration to the question that shows whether it answers any."
RETRY_S = 2.0
"Seconds from a failure until the next question while it may still be a single one."


@dataclass(slots=True)
class Liveness:
    interval_s: float
    "0: never asked, always alive."
    due_at: float
    alive: bool = True
    failures: int = 0
    asked: bool = False
    "A question is out; `due_at` is then when it counts as unanswered."
    answers: bool = True
    "Silence counts. Some phones (pyVoIP) never answer OPTIONS: they are believed until they have once."

    @classmethod
    def starting(cls, interval_s: float, now: float, *, answers: bool = False) -> Liveness:
        """Of a phone that has just registered: alive, and asked soon if it is not known to answer."""
        first_s = interval_s if answers else min(interval_s, FIRST_S)
        return cls(interval_s, now + first_s if interval_s else inf, answers=answers)

    @classmethod
    def doubted(cls, interval_s: float, now: float) -> Liveness:
        """Known from before a restart, as one that answers: asked at once, alive when it does. Never asked:
        alive."""
        if not interval_s:
            return cls.starting(0, now)
        return cls(interval_s, due_at=now, alive=False, failures=FAILURES_TO_DEAD)

    def doubt(self, now: float) -> None:
        """Something else has gone unanswered: one question more decides, now."""
        if self.interval_s and self.alive and not self.asked:
            self.failures, self.due_at = FAILURES_TO_DEAD - 1, now

    def ask(self, now: float) -> None:
        self.asked = True
        self.due_at = now + ANSWER_S

    def heard(self, now: float) -> None:
        """The peer answered."""
        self.alive, self.failures, self.asked, self.answers = True, 0, False, True
        self.due_at = now + self.interval_s if self.interval_s else inf

    def seen(self) -> None:
        """The peer sent something by itself: it is there, whether it answers OPTIONS or not."""
        self.alive, self.failures = True, 0

    def missed(self, now: float) -> None:
        """No answer in time, or it could not be sent. Without effect when nothing was asked, since what was
        given up after ANSWER_S is reported again by the transaction after 32 s."""
        if not self.asked:
            return
        self.asked = False
        self.failures += 1
        overdue = self.failures >= FAILURES_TO_DEAD
        self.alive = not (overdue and self.answers)
        self.due_at = now + (self.interval_s if overdue else RETRY_S)
