"""Test calls that go as told: one that is over, and one that another one hinders."""

from __future__ import annotations

from datetime import UTC, datetime

from ntpd112.calls.trial_views import Finding, TrialFacts, TrialView, UnknownTrial
from ntpd112.calls.views import StateConflict, UnknownTrunk

ID = "01JCXS8Q3M6D9W8V4T2R7N5K1B"
BUSY = "0000"
"A number for which another test call goes on."


class FakeTrials:
    def __init__(self) -> None:
        self.begun: list[tuple[str, str, str, float, str]] = []
        self.given_up: list[str] = []

    def begin(self, trunk: str, to: str, gateway: str, listen_s: float, by: str) -> TrialView:
        if trunk != "pbx":
            raise UnknownTrunk(f'no trunk has the name "{trunk}"')
        if to == BUSY:
            raise StateConflict("another test call goes on: one at a time")
        self.begun.append((trunk, to, gateway, listen_s, by))
        return self.trial(trunk, ID)

    def trial(self, trunk: str, trial_id: str) -> TrialView:
        if (trunk, trial_id) != ("pbx", ID):
            raise UnknownTrial(f'trunk "{trunk}" has no test call {trial_id} (any more)')
        return TrialView(
            id=ID,
            trunk="pbx",
            gateway="sip:192.0.2.20",
            way="udp 192.0.2.20:5060",
            to="02150000000",
            by="api:admin",
            state="over",
            fine=True,
            started_at=datetime(2026, 11, 1, 1, 0, tzinfo=UTC),
            facts=TrialFacts(
                shown="sip:112@192.0.2.10",
                asserted="",
                offered=["PCMA"],
                srtp="off",
                session_asked_s=1800,
                code=200,
            ),
            findings=[Finding("answer", "fine", "200 OK after 2.0 s")],
        )

    def give_up(self, trunk: str, trial_id: str) -> TrialView:
        view = self.trial(trunk, trial_id)
        self.given_up.append(trial_id)
        return view
