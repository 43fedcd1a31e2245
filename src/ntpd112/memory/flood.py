"""Flood mode: many calls about one incident. Whether it is on, and whether it should begin or end.

The number of calls within a window begins it (with `place_share`, only if so many of them come from one
place); it ends when for `ends_after` fewer came. What a person switched on ends by a person; what a person
switched off does not begin again before the calls have become much fewer once.
"""

from __future__ import annotations

from bisect import bisect_right

import msgspec

from ntpd112.journal.events import CallStarted, FloodChanged

from .incident import Incident, Spot, densest, distance_km, spot_of
from .settings import MAX_SEEN, FloodSettings

CLUSTER_SHARE = 0.5
"Share of the calls whose place is known that have to be at one place for it to be the incident's."
QUIET_SHARE = 0.5
"Of `calls`: fewer in a window, and a flood that a person ended may begin anew."
CLUSTER_CALLS = 5
"And so many of them: three neighbours are no incident."


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """A call that came. `at`: epoch seconds."""

    at: float
    spot: Spot


class FloodState(msgspec.Struct):
    """For the snapshot, and to look at. Times are epoch seconds."""

    on: bool = False
    since: float = 0.0
    reason: str = ""
    by: str = ""
    "Who switched it last; empty: it went by itself."
    prompt: str = ""
    incident: Incident | None = None
    "Where it is; None: not known."
    seen: list[Seen] = msgspec.field(default_factory=list)
    "Calls of the last window, at most MAX_SEEN."
    many_at: float = 0.0
    "When the window last held as many calls as begin a flood."
    muted: bool = False
    "A person switched it off while there were many."


class Flood:
    def __init__(self, settings: FloodSettings, state: FloodState | None = None) -> None:
        self._settings = settings
        self.state = FloodState() if state is None else state

    # --- what happens

    def called(self, event: CallStarted) -> None:
        state, seen = self.state, self.state.seen
        del seen[: bisect_right(seen, event.at - self._settings.window_s, key=lambda call: call.at)]
        if len(seen) < QUIET_SHARE * self._settings.calls:
            state.muted = False
        seen.append(Seen(event.at, spot_of(event)))
        del seen[:-MAX_SEEN]
        if self._many(len(seen)):
            state.many_at = event.at

    def changed(self, event: FloodChanged) -> None:
        state = self.state
        if event.on:
            state.incident = self._incident(event.at) or (state.incident if state.on else None)
            state.many_at = event.at
        else:
            state.muted = bool(event.by)
        state.on, state.since, state.reason, state.by = event.on, event.at, event.reason, event.by
        state.prompt = event.prompt

    # --- what is asked

    def suggest(self, now: float) -> FloodChanged | None:
        """The event that flood mode should begin or end now; None: leave it."""
        state, settings = self.state, self._settings
        if state.on:
            if state.by or now < max(state.many_at, state.since) + settings.ends_after_s:
                return None
            return FloodChanged(
                at=now, on=False, reason=f"fewer than {settings.calls} calls in {settings.window_s:g} s since"
            )
        calls = self._window(now)
        if state.muted or not self._many(len(calls)):
            return None
        place = densest([call.spot for call in calls], settings.radius_km)
        if settings.place_share and (place is None or place.count < settings.place_share * len(calls)):
            return None
        reason = f"{len(calls)} calls in {settings.window_s:g} s"
        return FloodChanged(at=now, on=True, reason=f"{reason}, {place}" if place else reason)

    def about(self, call: CallStarted) -> tuple[bool, str]:
        """Whether this call is taken to be about the incident, and why. Only who is known to be elsewhere is
        not."""
        incident = self.state.incident
        if not self.state.on:
            return False, "no flood"
        if incident is None:
            return True, "where the incident is, is not known"
        spot = spot_of(call)
        if incident.spot.cell and spot.cell:
            same = spot.cell == incident.spot.cell
            return same, "from the incident's cell" if same else "from another cell"
        away = distance_km(spot, incident.spot)
        if away is None:
            return True, "where the caller is, is not known"
        near = away - spot.radius_m / 1_000 <= self._settings.radius_km
        return near, f"{away:.1f} km from the incident"

    def _many(self, count: int) -> bool:
        return 0 < self._settings.calls <= count

    def _window(self, now: float) -> list[Seen]:
        oldest = now - self._settings.window_s
        return self.state.seen[bisect_right(self.state.seen, oldest, key=lambda call: call.at) :]

    def _incident(self, now: float) -> Incident | None:
        spots = [call.spot for call in self._window(now) if call.spot.known]
        place = densest(spots, self._settings.radius_km)
        if place is None or place.count < max(CLUSTER_CALLS, CLUSTER_SHARE * len(spots)):
            return None
        return place
