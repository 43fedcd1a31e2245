"""What is going on for a call while it waits: plain data, dropped when somebody answers or the call ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ntpd112.sip.timers import Timer

if TYPE_CHECKING:
    from ntpd112.media import MediaLeg

    from .call import Attempt

TimerName = Literal["periodic", "screening", "ladder"]
Language = Literal["id", "en"]
MAX_KEYS = 16
"Keys remembered of what a caller presses: more than any panic code has digits."


@dataclass(slots=True, eq=False)
class Utterance:
    """Prompts spoken one after the other."""

    prompts: tuple[str, ...]
    languages: list[Language]
    "In which they are still to be spoken."
    then: Callable[[float], None] | None = None
    "Called when it has been spoken to its end."


@dataclass(slots=True, eq=False)
class Waiting:
    timers: dict[TimerName, Timer] = field(default_factory=dict)

    # What the caller hears
    speaking: Utterance | None = None
    to_say: list[Utterance] = field(default_factory=list)
    opened: bool = False
    "The caller hears us though they are not answered: a 183 said where from."
    early: MediaLeg | None = None
    "Sound of a destination that has not answered: it goes before all that is still to be said."

    # What the caller lets us hear
    asked_at: float | None = None
    "When the caller was asked to speak or press a key."
    screened: bool = False
    "The question has been answered by voice or key."
    keys: str = ""
    "The last keys pressed."
    incident: bool = False
    "Taken to be about the known incident."

    # The ladder
    steps: list[int] = field(default_factory=list)
    "Steps whose destination is still to be tried, in order."
    climbed: int = 0
    "The highest step whose turn has come."
    attempt: Attempt | None = None
    "The destination that rings."
    queues: set[str] = field(default_factory=set)
    "Queues the call has waited in since its ladder began: it leads into none of them twice."

    def start(self, name: TimerName, timer: Timer) -> None:
        """In place of the one of this name."""
        self.stop(name)
        self.timers[name] = timer

    def stop(self, name: TimerName) -> None:
        timer = self.timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def move(self, queue: str) -> None:
        """Into another queue, whose ladder begins."""
        self.queues.add(queue)
        self.climbed = 0
        self.steps.clear()
        self.stop("ladder")
        self.stop("screening")

    def over(self) -> None:
        """Nothing of it comes any more."""
        for name in list(self.timers):
            self.stop(name)
        self.speaking = None
        self.to_say.clear()
        self.early = None
        self.steps.clear()
        self.attempt = None
