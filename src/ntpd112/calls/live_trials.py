"""Test calls as the API sees them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from ntpd112.sip.trunks import Trunks

from .plant import trunk_named
from .trial import Trial, Trials
from .trial_views import TrialView


class TrialCalls(Protocol):
    """Test calls over trunks, for a console."""

    def begin(self, trunk: str, to: str, gateway: str, listen_s: float, by: str) -> TrialView:
        """Ring a number by a gateway of the trunk (the first in order if empty), and listen for so many
        seconds once it answers. Raises UnknownTrunk, Unreachable, and StateConflict while another test call
        goes on or after too many of them."""
        ...

    def trial(self, trunk: str, trial_id: str) -> TrialView:
        """Raises UnknownTrial."""
        ...

    def give_up(self, trunk: str, trial_id: str) -> TrialView:
        """End it now. No harm if it is over. Raises UnknownTrial."""
        ...


class LiveTrials:
    """Implements `TrialCalls`. `date` tells the wall time of monotonic seconds; `on_input` asks for a turn;
    `now` gives monotonic seconds."""

    def __init__(
        self,
        trials: Trials,
        trunks: Trunks,
        date: Callable[[float], datetime],
        on_input: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        self._trials = trials
        self._trunks = trunks
        self._date = date
        self._on_input = on_input
        self._now = now

    def begin(self, trunk: str, to: str, gateway: str, listen_s: float, by: str) -> TrialView:
        trunk_named(self._trunks, trunk)
        trial = self._trials.begin(trunk, to, gateway, listen_s, by, self._now())
        self._on_input()
        return self._view(trial)

    def trial(self, trunk: str, trial_id: str) -> TrialView:
        return self._view(self._trials.find(trunk, trial_id))

    def give_up(self, trunk: str, trial_id: str) -> TrialView:
        trial = self._trials.find(trunk, trial_id)
        self._trials.give_up(trial, self._now())
        self._on_input()
        return self._view(trial)

    def _view(self, trial: Trial) -> TrialView:
        return TrialView(
            id=trial.id,
            trunk=trial.trunk.name,
            gateway=trial.gateway,
            way=trial.way,
            to=trial.to,
            by=trial.by,
            state=trial.state,
            fine=trial.fine,
            started_at=self._date(trial.started_at),
            facts=trial.facts,
            findings=list(trial.findings),
        )
