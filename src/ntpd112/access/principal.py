"""Who asks, and what they may."""

from __future__ import annotations

from datetime import datetime

import msgspec

SCOPES = {
    "cdr:read": "read CDRs",
    "calls:read": "read live calls, operators, queues and trunks",
    "calls:control": "steer, transfer, supervise and classify calls, correct callers' records",
    "operators:write": "change operators' states",
    "recordings:read": "fetch recordings",
    "prompts:write": "put and remove announcements",
    "holds:write": "put calls under legal hold and end it",
    "audit:read": "read who changed what and fetched which recording",
    "numbers:masked": "not more but less: see callers' numbers masked and no places, ask by no number, "
    "fetch no recordings",
    "admin": "everything, also keys, passwords and roles",
}
ROLE_SCOPES = {
    "operator": frozenset({"calls:read"}),
    "supervisor": frozenset({"calls:read", "calls:control", "operators:write", "cdr:read"}),
    "admin": frozenset({"admin"}),
}
"What a person may who has signed in. An operator may besides command the call they have."

MASKED = "numbers:masked"


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """A program with its API key, or a person who has signed in."""

    name: str
    "The key's name, or the operator's id."
    scopes: frozenset[str]
    person: bool = False
    "Signed in as the operator `name`."
    expires_at: datetime | None = None
    "When the key or the session ends by itself; None: never."

    @property
    def by(self) -> str:
        """As journal and log name them: `api:reporting`, `operator:siti`."""
        return f"operator:{self.name}" if self.person else f"api:{self.name}"

    @property
    def masked(self) -> bool:
        """Whether they see calls, but not whose they are. Withdrawn by nothing: also not by `admin`."""
        return MASKED in self.scopes

    def allows(self, scope: str) -> bool:
        return scope in self.scopes or "admin" in self.scopes

    def holds_at(self, now: datetime) -> bool:
        return self.expires_at is None or now < self.expires_at
