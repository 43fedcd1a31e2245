"""The main database goes away, hangs, and comes back: no call notices, and in the end it has every one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import groupby

import httpx
import pytest
from tests.postgres import PostgresServer, postgres_server

from ntpd112.cdr.database import open_database
from ntpd112.cdr.fold import fold
from ntpd112.cdr.record import Cdr
from ntpd112.cdr.store import CdrStore, Filter
from ntpd112.journal import Journal
from ntpd112.journal.events import CallEnded, JournalEvent

from .conftest import Stage
from .peers.agent import Agent, Settings, http
from .peers.scenario import answered, hangs_up, invite, is_hung_up, pause, picks_up
from .peers.waiting import eventually

__all__ = ["postgres_server"]

OPERATORS = 20
SPOKEN_TO, GIVE_UP = 160, 40
"Callers, 10 a second together for 20 s."
ASK_S = 15.0
"A client's patience; an answer that needs the database takes 10 s at most."
TOTAL = SPOKEN_TO + GIVE_UP


def seconds(cdrs: list[Cdr]) -> dict[str, float]:
    """All calls' durations together."""
    times = {
        "ring": sum(cdr.ring_s for cdr in cdrs),
        "wait": sum(cdr.wait_s for cdr in cdrs),
        "talk": sum(cdr.talk_s for cdr in cdrs),
        "hold": sum(cdr.hold_s for cdr in cdrs),
    }
    return {name: round(total, 3) for name, total in times.items()}


def journal_of(agent: Agent) -> list[JournalEvent]:
    """Of an agent that has stopped."""
    journal = Journal(agent.folder / "journal.db")
    events = [stored.event for stored in journal.read(0, 1_000_000)]
    journal.close()
    return events


def told_by(events: list[JournalEvent]) -> list[Cdr]:
    """The CDRs as the journal alone makes them."""
    ofs = sorted((event for event in events if event.call_id), key=lambda event: event.call_id)
    folded = [fold(of_call) for _, of_call in groupby(ofs, key=lambda event: event.call_id)]
    return [cdr for cdr in folded if cdr is not None]


@contextmanager
def stopped(server: PostgresServer) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


async def cdrs_of(url: str) -> list[Cdr]:
    engine = await open_database(url)
    found = await CdrStore(engine).page(Filter(), 2 * TOTAL)
    await engine.dispose()
    return found


Trouble = Callable[[PostgresServer], AbstractContextManager[None]]


def answer_for_cdrs(agent: Agent) -> httpx.Response:
    key = {"Authorization": f"Bearer {agent.key}"}
    return http.get(f"{agent.url}/api/v1/cdrs", headers=key, timeout=ASK_S)


@pytest.mark.parametrize("trouble", [stopped, PostgresServer.hanging], ids=["stopped", "hanging"])
def test_a_database_that_is_away_in_the_middle_of_a_load_has_every_call_to_the_call_later(
    stage: Stage, postgres_server: PostgresServer, trouble: Trouble
) -> None:
    url = postgres_server.new_database()
    agent = stage.agent(Settings(database=url, recording=False))
    stage.crew(agent, OPERATORS, *picks_up(after_ms=50), *is_hung_up(), calls=SPOKEN_TO)
    talks = stage.caller(agent, invite(), *answered(), pause(700), *hangs_up(), calls=SPOKEN_TO, rate=8)
    gives_up = stage.caller(
        agent, invite(number="118"), *answered(), pause(400), *hangs_up(), calls=GIVE_UP, rate=2
    )
    talks.start()
    gives_up.start()
    eventually(lambda: len(agent.cdrs()) > TOTAL // 10, "some CDRs are written")

    with trouble(postgres_server):
        away_since = talks.counts().ok
        answer = answer_for_cdrs(agent)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        eventually(lambda: talks.counts().ok > away_since + SPOKEN_TO // 8, "calls go on")
        assert agent.ready()["ready"]
        metrics = http.get(f"{agent.url}/metrics").text
        assert 'ntpd112_projection_lag_events{projection="cdrs"} 0.0' not in metrics

    assert (talks.finish().failed, gives_up.finish().failed) == (0, 0)
    agent.wait_for_cdrs(TOTAL)
    eventually(lambda: not agent.ready()["warnings"], "everything is as before")
    agent.stop()
    events = journal_of(agent)
    written = asyncio.run(cdrs_of(url))
    ended = Counter(event.disposition for event in events if isinstance(event, CallEnded))
    assert ended == {"answered": SPOKEN_TO, "abandoned": GIVE_UP}
    assert Counter(cdr.disposition for cdr in written) == ended
    assert seconds(written) == seconds(told_by(events))
    assert {cdr.id: cdr for cdr in written} == {cdr.id: cdr for cdr in told_by(events)}


def test_an_agent_started_while_the_database_is_away_takes_calls_with_the_operators_it_knew(
    stage: Stage, postgres_server: PostgresServer
) -> None:
    agent = stage.agent(Settings(database=postgres_server.new_database()), siti={})
    eventually(lambda: agent.get("/operators"), "the operators are read")
    agent.stop()
    with stopped(postgres_server):
        agent.start()
        ready = agent.ready()
        assert ready["ready"]
        (warning,) = ready["warnings"]
        assert warning.endswith("operators and API keys are as last known, CDRs wait in the journal")
        stage.sipp_phone(agent, "siti", *picks_up(), *is_hung_up())
        caller = stage.caller(agent, invite(), *answered(), pause(300), *hangs_up())
        caller.start()
        caller.finish()
        assert answer_for_cdrs(agent).status_code == 503
    (record,) = agent.wait_for_cdrs()
    assert (record["disposition"], record["operator"]) == ("answered", "siti")
    eventually(lambda: not agent.ready()["warnings"], "everything is as before")
    assert agent.program.log().count("the database cannot be used") == 1
    assert agent.program.log().count("the database is there") == 1
