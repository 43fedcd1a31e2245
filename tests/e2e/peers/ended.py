"""What the journal of a stopped agent says, to hold what others were told against."""

from __future__ import annotations

from ntpd112.journal import Journal
from ntpd112.journal.events import CallEnded

from .agent import Agent

ALL = 10**6


def ended_calls(agent: Agent) -> list[str]:
    """Ids of all calls that have ended, in the order they did."""
    journal = Journal(agent.folder / "journal.db")
    try:
        events = [stored.event for stored in journal.read(0, ALL)]
        assert not journal.open_calls()
    finally:
        journal.close()
    return [event.call_id for event in events if isinstance(event, CallEnded)]
