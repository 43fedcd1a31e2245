"""A call's journal over REST, as it is and in words."""

from __future__ import annotations

import sqlite3

import pytest
from tests.api.conftest import Site
from tests.cdr.calls import answered

from ntpd112.api import models
from ntpd112.journal.events import JournalEvent

CALL = "01JCXS8Q3M6D9W8V4T2R7N5K1B"


@pytest.fixture(autouse=True)
def journal(site: Site) -> None:
    def read(call_id: str) -> list[JournalEvent]:
        return answered(CALL, at=1_700_000_000) if call_id == CALL else []

    site.app.state.history = read


async def test_events_come_in_order_with_milliseconds_since_the_start(site: Site) -> None:
    answer = await site.client.get(f"/api/v1/calls/{CALL}/events")
    assert answer.status_code == 200
    shown = models.EventsOut.model_validate(answer.json())
    assert shown.events[0].type == "call.started"
    assert shown.events[0].ms == 0
    assert [event.ms for event in shown.events[:3]] == [0, 500, 1000]
    assert answer.json()["events"][0]["at"].endswith("+07:00")


async def test_why_is_told_in_words(site: Site) -> None:
    answer = await site.client.get(f"/api/v1/calls/{CALL}/why")
    assert answer.status_code == 200
    lines = models.WhyOut.model_validate(answer.json()).lines
    assert lines[0].what == "call.started"
    assert "dials" in lines[0].text


@pytest.mark.parametrize("path", ["events", "why"])
async def test_a_call_the_journal_does_not_have_is_404(site: Site, path: str) -> None:
    answer = await site.client.get(f"/api/v1/calls/nobody/{path}")
    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        "the journal has no call with the id nobody",
    )


async def test_a_journal_that_cannot_be_read_is_503(site: Site) -> None:
    def broken(call_id: str) -> list[JournalEvent]:
        raise sqlite3.OperationalError("disk I/O error")

    site.app.state.history = broken
    answer = await site.client.get(f"/api/v1/calls/{CALL}/why")
    assert answer.status_code == 503
