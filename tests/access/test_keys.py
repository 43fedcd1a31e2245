"""API keys."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.cdr.waiting import until

from ntpd112.access import SCOPES, keys
from ntpd112.access.keys import InvalidKey, KeyExists, KeyStore
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
    assert text.removeprefix(keys.PREFIX) not in str(row)


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


async def test_changes_elsewhere_are_noticed_without_asking(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "REFRESH_S", 0.01)
    store = KeyStore(engine)
    keeping = asyncio.create_task(store.keep_fresh())
    text = await KeyStore(engine).add("report", ["cdr:read"])
    await until(lambda: store.find(text))
    keeping.cancel()


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
