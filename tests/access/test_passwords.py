"""Passwords and their hashes."""

from __future__ import annotations

import asyncio

import pytest

from ntpd112.access import passwords
from ntpd112.access.passwords import Busy, InvalidPassword, Passwords, hash_password

PASSWORD = "perahu kertas 77"


async def test_a_password_is_kept_as_argon2id_and_known_again() -> None:
    encoded = hash_password(PASSWORD)
    assert encoded.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await Passwords().is_right(encoded, PASSWORD)
    assert not await Passwords().is_right(encoded, PASSWORD + "x")
    assert hash_password(PASSWORD) != encoded, "salted"


async def test_it_is_the_same_from_any_keyboard() -> None:
    assert await Passwords().is_right(hash_password("caf\u00e9 di Malang"), "cafe\u0301 di Malang")


async def test_nobody_s_password_is_never_right_and_looked_at_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_at = []
    hasher = passwords._hasher

    class Watched:
        def hash(self, password: str) -> str:
            return hasher.hash(password)

        def verify(self, encoded: str, password: str) -> bool:
            looked_at.append(encoded)
            return hasher.verify(encoded, password)

    monkeypatch.setattr(passwords, "_hasher", Watched())
    assert not await Passwords().is_right(None, PASSWORD)
    assert looked_at[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_what_is_no_hash_is_never_right() -> None:
    assert not await Passwords().is_right("edited by hand", PASSWORD)


@pytest.mark.parametrize(("password", "length"), [("short", 5), ("x" * 257, 257)])
def test_too_short_or_long_is_refused_without_repeating_it(password: str, length: int) -> None:
    with pytest.raises(InvalidPassword) as refused:
        hash_password(password)
    assert str(refused.value) == f"the password has {length} characters; 12 to 256 are needed"


async def test_more_than_may_wait_are_refused_and_those_who_wait_are_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "MAX_WAITING", 3)
    encoded, looked = hash_password(PASSWORD), Passwords()
    tries = [looked.is_right(encoded, PASSWORD) for _ in range(3 + passwords.AT_ONCE + 10)]
    found = await asyncio.gather(*tries, return_exceptions=True)
    assert found.count(True) == 3 + passwords.AT_ONCE
    assert sum(isinstance(one, Busy) for one in found) == 10
    assert await looked.is_right(encoded, PASSWORD)
