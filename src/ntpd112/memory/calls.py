"""What the memory has to know of a call until it ends, to draw its conclusions then."""

from __future__ import annotations

from typing import Literal

import msgspec

from ntpd112.journal.events import CallQueued, Classification, Disposition

LOST: frozenset[Disposition] = frozenset({"abandoned", "interrupted", "failed"})
"Ends by which the caller got no help, or not to its end."
SHORT_S = 5.0
"Who hangs up sooner hardly heard it ring: a pocket or a second thought, counted apart."

Screened = Literal["", "voice", "key", "panic", "silent"]


class OpenCall(msgspec.Struct, array_like=True):
    """Times are epoch seconds, None: not yet."""

    number: str
    "Empty: anonymous."
    trunk: str
    category: str
    incoming: bool
    "Not a call-back or a call of an operator's own."
    queue: str = ""
    queued_at: float | None = None
    "When it came into its first queue."
    waits_since: float | None = None
    "Earlier than `queued_at` by what an earlier attempt waited; None while it does not wait."
    waited_s: float = 0.0
    "Waits that are over."
    connected_at: float | None = None
    "When it was first answered by an operator."
    elsewhere: bool = False
    "Answered by a destination of the ladder."
    screened: Screened = ""
    classification: Classification | None = None

    @property
    def answered(self) -> bool:
        return self.connected_at is not None or self.elsewhere

    def queue_up(self, event: CallQueued) -> None:
        if self.queued_at is None:
            self.queue, self.queued_at = event.queue, event.at
        if self.waits_since is None:
            self.waits_since = event.at - max(0.0, event.waited_s)

    def wait_again(self, at: float) -> None:
        """Its operator was lost, or it was transferred to a queue."""
        if self.waits_since is None:
            self.waits_since = at

    def stop_waiting(self, at: float) -> None:
        self.waited_s = self.wait_until(at)
        self.waits_since = None

    def wait_until(self, at: float) -> float:
        """Seconds waited up to `at`, earlier attempts included."""
        return self.waited_s + (0.0 if self.waits_since is None else max(0.0, at - self.waits_since))
