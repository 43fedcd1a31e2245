"""The app over a fake call centre, a real database and real keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.routing import BaseRoute
from tests.api.centre import FakeCentre
from tests.api.hooks import FakeHook
from tests.cdr.calls import abandoned, answered
from tests.databases import Prepared

from ntpd112.access import SCOPES, Gate
from ntpd112.access.keys import KeyStore
from ntpd112.api import create_app
from ntpd112.api.routes.configuration import Reloaded
from ntpd112.app.holds import LegalHolds
from ntpd112.audit import AuditLog
from ntpd112.cdr.database import create_engine
from ntpd112.cdr.fold import fold
from ntpd112.cdr.keeping import Keeping
from ntpd112.cdr.record import Cdr
from ntpd112.cdr.reports import Reports
from ntpd112.cdr.store import CdrStore, Position
from ntpd112.feed import Feed
from ntpd112.journal import Journal
from ntpd112.journal.held import HeldCalls
from ntpd112.media.site import SitePrompts


@dataclass
class Site:
    """Everything a test of the API touches."""

    app: FastAPI
    client: httpx.AsyncClient
    centre: FakeCentre
    store: CdrStore
    gate: Gate
    keys: KeyStore
    engine: AsyncEngine
    recordings: Path
    journal: Journal
    feed: Feed
    audit: AuditLog
    tokens: dict[str, str]
    "A key with one scope, by scope."

    def bearer(self, *, scope: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[scope]}"}


def call_id(number: int) -> str:
    return f"{number:026}"


def cdr(number: int, *, is_answered: bool = False) -> Cdr:
    make = answered if is_answered else abandoned
    made = fold(make(call_id(number), at=number))
    assert made is not None
    return made


async def nothing_new(by: str) -> Reloaded:
    """The configuration's file is as it was."""
    return Reloaded([], [])


async def furnish(engine: AsyncEngine) -> dict[str, str]:
    """A key with one scope, by scope, and five CDRs."""
    await CdrStore(engine).write([cdr(n, is_answered=n == 2) for n in range(5)], "cdrs", Position("j", 1))
    keys = KeyStore(engine)
    return {scope: await keys.add(scope.replace(":", "-"), [scope]) for scope in SCOPES}


FURNISHED = Prepared(furnish)
ROUTES: list[BaseRoute] = []
"""Of the first app, for all: FastAPI works out what a route takes at its first request, 0.1 s for all of
ours. They know no app: what they serve is in its state."""
DOCUMENT: dict[str, Any] = {}
"Of the first app that was asked for it, for all: a third of a second."


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Of an empty database. What reads much of it is tested on PostgreSQL too."""
    return f"sqlite+aiosqlite:///{tmp_path}/main.db"


@pytest.fixture
async def site(tmp_path: Path, url: str) -> AsyncIterator[Site]:
    tokens = await FURNISHED.put(url)
    engine = create_engine(url)
    gate = Gate(engine, rate=50.0, burst=200, session_s=3600.0)
    keys = gate.keys
    await keys.refresh()
    store = CdrStore(engine)
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    centre = FakeCentre()
    announcements = SitePrompts(tmp_path / "prompts")
    zone = ZoneInfo("Asia/Jakarta")
    journal = Journal(tmp_path / "journal.db")
    feed = Feed(journal, zone, linger_s=0.0)
    journal.on_commit.append(feed.wake)
    feeding = asyncio.create_task(feed.run())
    audit = AuditLog(tmp_path / "audit.db")
    audit.start()
    copies = HeldCalls(tmp_path / "holds")
    holds = LegalHolds(Keeping(engine), copies, lambda of: [one.event for one in journal.read_call(of)], None)
    app = create_app(
        centre,
        store,
        gate,
        recordings,
        announcements=announcements,
        feed=feed,
        audit_log=audit,
        legal_holds=holds,
        report_store=Reports(engine),
        zone=zone,
        hooks={"dispatch": FakeHook()},
        reload=nothing_new,
    )
    ROUTES.extend([] if ROUTES else app.router.routes)
    app.router.routes[:] = ROUTES
    app.openapi_schema = DOCUMENT or None
    transport = httpx.ASGITransport(app)
    client = httpx.AsyncClient(
        transport=transport, base_url="http://test", headers={"Authorization": f"Bearer {tokens['admin']}"}
    )
    async with client:
        yield Site(app, client, centre, store, gate, keys, engine, recordings, journal, feed, audit, tokens)
    DOCUMENT.update(app.openapi_schema or {})
    feeding.cancel()
    await asyncio.gather(feeding, return_exceptions=True)
    audit.close()
    journal.close()
    await engine.dispose()
