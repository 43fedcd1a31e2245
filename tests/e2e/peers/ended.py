"""What the journal of a stopped agent says, to hold what others were told against."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from ntpd112.journal import Journal, Stored
from ntpd112.journal.events import CallEnded
from ntpd112.sinks.messages import CALL, Messages

from .agent import Agent

ALL = 10**6


def ended_calls(agent: Agent) -> list[str]:
    """Ids of all calls that have ended, in the order they did. None may be open."""
    return [stored.event.call_id for stored in _events(agent) if isinstance(stored.event, CallEnded)]


def states_by_call(agent: Agent) -> dict[str, list[int]]:
    """Of each call the places in the journal at which its state is told, in order."""
    events = _events(agent)
    of_call: dict[str, list[Stored]] = {}
    for stored in events:
        of_call.setdefault(stored.event.call_id, []).append(stored)
    messages = Messages("35.78", ZoneInfo("Asia/Jakarta"), of_call.__getitem__, {})
    places: dict[str, list[int]] = {}
    for message in messages.of(events).messages:
        if message.kind == CALL:
            places.setdefault(message.about, []).append(message.seq)
    return places


def _events(agent: Agent) -> list[Stored]:
    journal = Journal(agent.folder / "journal.db")
    try:
        assert not journal.open_calls()
        return journal.read(0, ALL)
    finally:
        journal.close()
