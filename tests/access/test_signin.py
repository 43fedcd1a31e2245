"""Signing in with a password, sessions, and the brake on those who guess."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.access.conftest import BUDI, SITI, Clock, another_gate, person

from ntpd112.access import Gate, InvalidPassword, TooMany, WrongPassword, signin
from ntpd112.access.passwords import Busy, Passwords
from ntpd112.access.sessions import MAX_SESSIONS
from ntpd112.access.signin import ACCOUNT_TRIES, ADDRESS_TRIES, site_of
from ntpd112.cdr.directory import Directory
from ntpd112.cdr.tables import passwords, sessions

PASSWORD, OTHER = "perahu kertas 77", "kertas perahu 78"
HOME, AWAY = "192.0.2.10", "198.51.100.7"


@pytest.fixture
async def people(gate: Gate, directory: Directory) -> None:
    """Siti has a password, Budi has none."""
    assert await gate.accounts.set_secret(SITI, await Passwords().hash(PASSWORD))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is not the hash that is tried: Argon2 takes its time by intention."""

    async def is_right(self: Passwords, encoded: str | None, password: str) -> bool:
        await asyncio.sleep(0)
        return encoded is not None and password == PASSWORD

    monkeypatch.setattr(Passwords, "is_right", is_right)


async def wrong(gate: Gate, operator: str = SITI, address: str = HOME) -> None:
    with pytest.raises(WrongPassword):
        await gate.sign_in.sign_in(operator, OTHER, address)


async def is_braked(gate: Gate, operator: str = SITI, address: str = HOME) -> float:
    """In how many seconds there is another try."""
    with pytest.raises(TooMany) as refused:
        await gate.sign_in.sign_in(operator, PASSWORD, address)
    return refused.value.wait_s


@pytest.mark.usefixtures("people")
class TestSessions:
    async def test_who_signs_in_is_known_by_the_token_with_what_the_role_allows(self, gate: Gate) -> None:
        who = gate.find(await gate.sign_in.sign_in(SITI, PASSWORD, HOME))
        assert who is not None
        assert (who.name, who.person, who.by) == (SITI, True, "operator:siti")
        assert (who.allows("calls:control"), who.allows("admin")) == (True, False)

    async def test_the_database_has_neither_token_nor_password(self, gate: Gate, engine: AsyncEngine) -> None:
        token = await gate.sign_in.sign_in(SITI, PASSWORD, HOME)
        async with engine.connect() as connection:
            rows = [*await connection.execute(select(sessions)), *await connection.execute(select(passwords))]
        assert len(rows) == 2
        assert token.rpartition("_")[2] not in str(rows)
        assert PASSWORD not in str(rows)

    async def test_a_restart_signs_nobody_out(self, gate: Gate, engine: AsyncEngine, clock: Clock) -> None:
        token = await gate.sign_in.sign_in(SITI, PASSWORD, HOME)
        restarted = another_gate(engine, clock)
        assert restarted.find(token) is None
        await restarted.refresh()
        assert restarted.find(token) == gate.find(token)

    async def test_it_ends_after_its_time(self, gate: Gate, clock: Clock) -> None:
        token = await gate.sign_in.sign_in(SITI, PASSWORD, HOME)
        clock.pass_(seconds=3599)
        assert gate.find(token)
        assert len(gate.sessions) == 1
        clock.pass_(seconds=1)
        assert gate.find(token) is None
        assert len(gate.sessions) == 0

    async def test_what_has_ended_is_cleared_away_with_the_next_sign_in(
        self, gate: Gate, engine: AsyncEngine, clock: Clock
    ) -> None:
        await gate.sign_in.sign_in(SITI, PASSWORD, HOME)
        clock.pass_(hours=2)
        await gate.sign_in.sign_in(SITI, PASSWORD, HOME)
        async with engine.connect() as connection:
            assert len((await connection.execute(select(sessions))).all()) == 1

    async def test_signing_out_ends_that_session_and_no_other(self, gate: Gate) -> None:
        console, browser = [await gate.sign_in.sign_in(SITI, PASSWORD, HOME) for _ in range(2)]
        await gate.sessions.end(console)
        assert gate.find(console) is None
        assert gate.find(browser)

    async def test_one_too_many_ends_the_oldest(self, gate: Gate, clock: Clock) -> None:
        tokens = []
        for _ in range(MAX_SESSIONS + 2):
            tokens.append(await gate.sign_in.sign_in(SITI, PASSWORD, HOME))
            clock.pass_(seconds=1)
        assert [gate.find(token) is not None for token in tokens] == [False] * 2 + [True] * MAX_SESSIONS

    async def test_a_new_password_ends_all_sessions_also_where_it_was_not_set(
        self, gate: Gate, engine: AsyncEngine, clock: Clock
    ) -> None:
        token = await gate.sign_in.sign_in(SITI, PASSWORD, HOME)
        assert await another_gate(engine, clock).sign_in.set_password(SITI, OTHER)
        await gate.refresh()
        assert gate.find(token) is None
        await gate.sign_in.sign_in(SITI, OTHER, HOME)
        with pytest.raises(WrongPassword):
            await gate.sign_in.sign_in(SITI, PASSWORD, HOME)

    async def test_one_s_own_is_changed_with_the_old_one(self, gate: Gate) -> None:
        with pytest.raises(WrongPassword):
            await gate.sign_in.change_password(SITI, OTHER, OTHER, HOME)
        with pytest.raises(InvalidPassword):
            await gate.sign_in.change_password(SITI, PASSWORD, "short", HOME)
        assert await gate.sign_in.change_password(SITI, PASSWORD, OTHER, HOME)
        assert await gate.sign_in.sign_in(SITI, OTHER, HOME)

    async def test_a_password_changed_while_it_was_looked_at_begins_no_session(self, gate: Gate) -> None:
        seen = await gate.accounts.secret(SITI)
        assert seen is not None
        await gate.sign_in.set_password(SITI, OTHER)
        assert await gate.sessions.begin(SITI, seen, HOME) is None
        assert len(gate.sessions) == 0

    async def test_a_role_taken_away_counts_for_the_session_that_is_open(
        self, gate: Gate, engine: AsyncEngine, clock: Clock
    ) -> None:
        token = await gate.sign_in.sign_in(SITI, PASSWORD, HOME)
        assert await another_gate(engine, clock).accounts.set_role(SITI, "operator")
        await gate.refresh()
        who = gate.find(token)
        assert who is not None
        assert sorted(who.scopes) == ["calls:read"]

    async def test_who_is_taken_out_of_the_directory_is_signed_out_and_has_no_password_when_back(
        self, gate: Gate, directory: Directory
    ) -> None:
        token = await gate.sign_in.sign_in(SITI, PASSWORD, HOME)
        await directory.remove(SITI)
        await gate.refresh()
        assert gate.find(token) is None
        await directory.add(person(SITI))
        await wrong(gate)

    async def test_who_is_imported_anew_keeps_password_and_session(
        self, gate: Gate, directory: Directory
    ) -> None:
        token = await gate.sign_in.sign_in(SITI, PASSWORD, HOME)
        await directory.put([person(SITI, role="admin")])
        await gate.refresh()
        who = gate.find(token)
        assert who is not None
        assert who.allows("admin")
        await gate.sign_in.sign_in(SITI, PASSWORD, HOME)


async def test_an_account_is_shown_without_its_secret(gate: Gate, people: None) -> None:
    siti, budi = [await gate.accounts.get(operator) for operator in (SITI, BUDI)]
    assert siti is not None
    assert (siti.name, siti.role) == ("Siti", "supervisor")
    assert siti.password_set_at is not None
    assert budi is not None
    assert budi.password_set_at is None
    assert await gate.accounts.get("nobody") is None


async def test_nobody_gets_neither_password_nor_role(gate: Gate, people: None) -> None:
    assert not await gate.sign_in.set_password("nobody", PASSWORD)
    assert not await gate.accounts.set_role("nobody", "admin")
    with pytest.raises(ValueError, match='"god" is no role; there are operator, supervisor, admin'):
        await gate.accounts.set_role(SITI, "god")


@pytest.mark.usefixtures("people", "quick")
class TestBrake:
    async def test_wrong_unknown_and_without_a_password_are_the_same(self, gate: Gate) -> None:
        for operator in (SITI, BUDI, "nobody"):
            with pytest.raises(WrongPassword, match="operator or password is wrong"):
                await gate.sign_in.sign_in(operator, OTHER, HOME)
        assert gate.sign_in.results == {"right": 0, "wrong": 3, "braked": 0}

    async def test_who_guesses_at_an_account_waits_from_wherever(self, gate: Gate, clock: Clock) -> None:
        for number in range(ACCOUNT_TRIES):
            await wrong(gate, address=f"198.51.100.{number}")
        clock.pass_(seconds=await is_braked(gate, address=AWAY))
        await wrong(gate, address=AWAY)
        await is_braked(gate, address=AWAY)

    async def test_many_at_once_get_no_more_tries(self, gate: Gate) -> None:
        tries = [gate.sign_in.sign_in(SITI, OTHER, HOME) for _ in range(3 * ACCOUNT_TRIES)]
        found = await asyncio.gather(*tries, return_exceptions=True)
        assert sum(isinstance(one, WrongPassword) for one in found) == ACCOUNT_TRIES

    async def test_a_name_that_nobody_has_is_braked_alike(self, gate: Gate) -> None:
        for _ in range(ACCOUNT_TRIES):
            await wrong(gate, "nobody")
        assert await is_braked(gate, "nobody") > 0

    async def test_strangers_who_guess_keep_nobody_out_of_their_usual_console(self, gate: Gate) -> None:
        await gate.sign_in.sign_in(SITI, PASSWORD, HOME)
        for _ in range(ACCOUNT_TRIES):
            await wrong(gate, address=AWAY)
        await is_braked(gate, address=AWAY)
        assert await gate.sign_in.sign_in(SITI, PASSWORD, HOME)

    async def test_the_usual_console_is_braked_too(self, gate: Gate) -> None:
        await gate.sign_in.sign_in(SITI, PASSWORD, HOME)
        for _ in range(ACCOUNT_TRIES):
            await wrong(gate)
        assert await is_braked(gate) > 0

    async def test_who_tries_many_accounts_from_one_address_waits(self, gate: Gate, clock: Clock) -> None:
        for number in range(ADDRESS_TRIES):
            await wrong(gate, f"guess{number}", AWAY)
        clock.pass_(seconds=await is_braked(gate, address=AWAY))
        assert await gate.sign_in.sign_in(SITI, PASSWORD, AWAY)
        assert await gate.sign_in.sign_in(SITI, PASSWORD, HOME)

    async def test_a_right_password_uses_up_nothing(self, gate: Gate) -> None:
        for _ in range(2 * ADDRESS_TRIES):
            await gate.sign_in.sign_in(SITI, PASSWORD, HOME)

    async def test_a_password_nobody_looked_at_uses_up_nothing(
        self, gate: Gate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def busy(self: Passwords, encoded: str | None, password: str) -> bool:
            raise Busy

        with monkeypatch.context() as crowded:
            crowded.setattr(Passwords, "is_right", busy)
            for _ in range(2 * ADDRESS_TRIES):
                with pytest.raises(Busy):
                    await gate.sign_in.sign_in(SITI, PASSWORD, HOME)
        assert await gate.sign_in.sign_in(SITI, PASSWORD, HOME)

    async def test_usual_consoles_are_remembered_within_bounds(
        self, gate: Gate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(signin, "MAX_BUCKETS", 2)
        for number in range(4):
            await gate.sign_in.sign_in(SITI, PASSWORD, f"192.0.2.{number}")
        assert list(gate.sign_in._usual) == [(SITI, "192.0.2.2"), (SITI, "192.0.2.3")]


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("192.0.2.10", "192.0.2.10"),
        ("::ffff:192.0.2.10", "192.0.2.10"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("x" * 1000, "x" * 64),
        ("", ""),
    ],
)
def test_a_subscriber_is_one_site_however_they_vary_their_address(address: str, site: str) -> None:
    assert site_of(address) == site
