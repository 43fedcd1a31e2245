"""The records of all callers who have a number: who pranked, who had an emergency, who spoke to whom.

Only callers of whom something was learnt have one, and it is forgotten when it changes nothing any more.
Calls without a number are remembered nowhere.
"""

from __future__ import annotations

import heapq
from itertools import islice

from ntpd112.journal.events import CallClassified, CallerCorrected

from .record import Record, Standing, is_of_use, score, standing
from .settings import ShieldSettings

MAX_CALLERS = 20_000
"""Records, about 10 MB. A city of 3 million has some 100 answered callers an hour, half an hour each (for
their operator), and a few thousand pranksters."""
MAX_NUMBER = 64
"Characters of a number: E.164 has 16, what is sent instead may be longer. Beyond: no record."
MAX_NOTE = 500
"Characters kept of what a person wrote to a correction."
_LOOKS = 2
"Records looked at, oldest first, for each new one: so all are seen in turn and no sweep holds up a call."
_SAMPLE = 8
"Of so many oldest ones the least useful makes room when all are of use."


class Callers:
    def __init__(self, settings: ShieldSettings, records: dict[str, Record] | None = None) -> None:
        self._settings = settings
        self.records: dict[str, Record] = {} if records is None else records
        "By number, those in front that were not looked at for longest. For the snapshot."

    # --- what happens

    def called(self, number: str, at: float) -> None:
        """Counts a call, if anything is known of the caller."""
        if (record := self.records.get(number)) is not None:
            record.calls += 1
            record.last_at = at

    def classified(self, number: str, event: CallClassified) -> None:
        self._record(number, event.at).classify(event.call_id, event.classification, event.at)

    def spoke(self, number: str, operator: str, at: float) -> None:
        record = self._record(number, at)
        record.operator, record.spoke_at = operator, at

    def corrected(self, event: CallerCorrected) -> None:
        """A person put the record right. What they said last counts."""
        if not event.caller or len(event.caller) > MAX_NUMBER:
            return
        if event.standing == "clean":
            self.records.pop(event.caller, None)
            return
        record = self._record(event.caller, event.at)
        record.correction, record.corrected_at = event.standing, event.at
        record.corrected_by, record.note = event.by, event.note[:MAX_NOTE]

    # --- what is asked

    def score(self, number: str, now: float) -> float:
        record = self.records.get(number)
        return score(record, now, self._settings) if record else 0.0

    def standing(self, number: str, now: float) -> Standing:
        """Of any number; of unknown and anonymous ones a blank one."""
        record = self.records.get(number)
        return standing(number, record, now, self._settings) if record else Standing(number=number)

    def view(self, number: str, now: float) -> Standing | None:
        """None when nothing is remembered of this number."""
        return self.standing(number, now) if number in self.records else None

    def operator(self, number: str, now: float) -> str | None:
        """Who spoke to the caller last, if that was within `sticky`."""
        record = self.records.get(number)
        if record is None or not record.operator or now >= record.spoke_at + self._settings.sticky_s:
            return None
        return record.operator

    def listing(self, now: float, limit: int) -> list[Standing]:
        """The highest scores first, then who called last."""
        ranked = ((score(r, now, self._settings), r.last_at, number) for number, r in self.records.items())
        return [self.standing(number, now) for _, _, number in heapq.nlargest(limit, ranked)]

    def copy(self) -> Callers:
        """For a look at all of them on another thread, undisturbed by records that come or go."""
        return Callers(self._settings, dict(self.records))

    # --- bounds

    def _record(self, number: str, at: float) -> Record:
        record = self.records.get(number)
        if record is None:
            self._forget(at)
            record = self.records[number] = Record(at, at, calls=1)
        record.last_at = at
        return record

    def _forget(self, now: float) -> None:
        for number in list(islice(self.records, _LOOKS)):
            record = self.records.pop(number)
            if is_of_use(record, now, self._settings):
                self.records[number] = record  # to the back: its turn comes again
        if len(self.records) >= MAX_CALLERS:
            oldest = islice(self.records.items(), _SAMPLE)
            number, _ = min(oldest, key=lambda item: self._worth(item[1], now))
            del self.records[number]

    def _worth(self, record: Record, now: float) -> tuple[bool, float, float]:
        return (record.correction == "trusted", score(record, now, self._settings), record.last_at)
