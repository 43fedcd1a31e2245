"""API keys."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.access.conftest import Clock

from ntpd112.access import SCOPES
from ntpd112.access.keys import ApiKey, InvalidKey, KeyExists, KeyStore
from ntpd112.access.tokens import PREFIX
from ntpd112.cdr.tables import api_keys


async def test_a_new_key_is_found_with_its_scopes_and_others_are_not(engine: AsyncEngine) -> None:
    store = KeyStore(engine)
    text = await store.add("report", ["cdr:read"])
    found = store.find(text)
    assert found is not None
    assert (found.name, found.allows("cdr:read"), found.allows("admin")) == ("report", True, False)
    assert store.find(text + "x") is None
    assert store.find("") is None


async def test_admin_may_do_everything(engine: AsyncEngine) -> None:
    store = KeyStore(engine)
    found = store.find(await store.add("boss", ["admin"]))
    assert found is not None
    assert all(found.allows(scope) for scope in SCOPES)


async def test_a_key_that_sees_less_cannot_be_one_that_sees_everything(engine: AsyncEngine) -> None:
    store = KeyStore(engine)
    with pytest.raises(InvalidKey, match=r"sees everything: it cannot go with"):
        await store.add("both", ["admin", "numbers:masked"])
    wallboard = store.find(await store.add("wallboard", ["calls:read", "numbers:masked"]))
    boss = store.find(await store.add("boss", ["admin"]))
    assert wallboard is not None
    assert boss is not None
    assert (wallboard.masked, boss.masked) == (True, False)


async def test_the_database_has_no_key_only_its_hash(engine: AsyncEngine) -> None:
    text = await KeyStore(engine).add("report", ["cdr:read"])
    async with engine.connect() as connection:
        (row,) = (await connection.execute(select(api_keys))).all()
    assert text not in str(row)
    assert text.removeprefix(PREFIX) not in str(row)


async def test_a_withdrawn_key_is_gone_at_once_here_and_after_a_refresh_elsewhere(
    engine: AsyncEngine,
) -> None:
    here, elsewhere = KeyStore(engine), KeyStore(engine)
    text = await here.add("report", ["cdr:read"])
    await elsewhere.refresh()
    assert elsewhere.find(text) is not None
    assert await here.revoke("report")
    assert here.find(text) is None
    await elsewhere.refresh()
    assert elsewhere.find(text) is None
    assert not await here.revoke("report")
    assert [key.revoked_at is not None for key in await here.all()] == [True]


async def test_a_key_ends_by_itself_and_stays_listed(engine: AsyncEngine, clock: Clock) -> None:
    store = KeyStore(engine, now=clock.wall)
    text = await store.add("report", ["cdr:read"], clock.now + timedelta(days=90))
    assert (await store.all())[0].expires_at == clock.now + timedelta(days=90)
    clock.pass_(days=89.999)
    assert store.find(text)
    clock.pass_(days=0.001)
    assert store.find(text) is None
    assert [key.name for key in await store.all()] == ["report"]


@pytest.mark.parametrize("days", [-1, 0, 40_000])
async def test_an_end_that_is_over_or_in_another_age_is_refused(
    engine: AsyncEngine, clock: Clock, days: int
) -> None:
    with pytest.raises(InvalidKey, match=r'"report": its end .* is over, or more than a century away'):
        await KeyStore(engine, now=clock.wall).add("report", ["cdr:read"], clock.now + timedelta(days=days))


async def test_the_last_use_is_listed_at_once_and_written_later_in_one_batch(
    engine: AsyncEngine, clock: Clock
) -> None:
    here, elsewhere = KeyStore(engine), KeyStore(engine)
    for name in ("report", "wallboard", "idle"):
        await here.add(name, ["cdr:read"])
    here.uses.note("report", clock.now, "192.0.2.1")
    here.uses.note("report", clock.now + timedelta(seconds=1), "192.0.2.2")
    here.uses.note("wallboard", clock.now, "192.0.2.3")
    expected = [("idle", None, None), ("report", clock.now + timedelta(seconds=1), "192.0.2.2")]
    expected.append(("wallboard", clock.now, "192.0.2.3"))

    def listed(keys: list[ApiKey]) -> list[tuple[str, datetime | None, str | None]]:
        return [(key.name, key.last_used_at, key.last_address) for key in keys]

    assert listed(await here.all()) == expected
    assert listed(await elsewhere.all()) == [(name, None, None) for name, *_ in expected]
    await here.uses.write()
    assert listed(await elsewhere.all()) == expected
    assert here.uses.unwritten("report") is None


async def test_last_uses_that_cannot_be_written_are_kept(
    engine: AsyncEngine, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = KeyStore(engine)
    await store.add("report", ["cdr:read"])
    store.uses.note("report", clock.now, "192.0.2.1")

    def away() -> None:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(AsyncEngine, "begin", lambda engine: away())
        with pytest.raises(ConnectionError):
            await store.uses.write()
    await store.uses.write()
    assert (await store.all())[0].last_used_at == clock.now


async def test_a_name_is_used_once_even_after_it_was_withdrawn(engine: AsyncEngine) -> None:
    store = KeyStore(engine)
    await store.add("report", ["cdr:read"])
    await store.revoke("report")
    with pytest.raises(KeyExists, match='"report" was made before'):
        await store.add("report", ["cdr:read"])


@pytest.mark.parametrize(
    ("name", "scopes", "message"),
    [
        ("two words", ["cdr:read"], 'name "two words" is not'),
        ("report", [], "needs a scope: one or more of cdr:read"),
        ("report", ["cdr:write"], '"cdr:write" is no scope; there are cdr:read'),
    ],
)
async def test_wrong_names_and_scopes_are_refused(
    engine: AsyncEngine, name: str, scopes: list[str], message: str
) -> None:
    with pytest.raises(InvalidKey, match=message):
        await KeyStore(engine).add(name, scopes)
