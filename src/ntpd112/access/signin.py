"""Signing in with a password, and what brakes those who guess.

An account has a bucket of tries, and so has an address. A try is taken before the password is looked at, so
that many at once are no more than one after the other, and is given back when it was right. An address from
which an account was signed in before has a bucket of its own for it: strangers who guess keep nobody out of
the console they always use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from ipaddress import IPv6Address, ip_address

from ntpd112.access.accounts import Accounts
from ntpd112.access.buckets import MAX_BUCKETS, Buckets
from ntpd112.access.passwords import Passwords
from ntpd112.access.sessions import Sessions

ACCOUNT_TRIES = 10
"At once, for one account. Who has forgotten tries some five."
ACCOUNT_TRY_EVERY_S = 60.0
"Then one a minute: half a million a year, against the 10^15 and more of a password of 12 characters."
ADDRESS_TRIES = 50
"At once, from one address: a call centre behind one router, at the change of shift."
ADDRESS_TRY_EVERY_S = 5.0
MAX_ADDRESS_TEXT = 64
"Characters: a proxy may name anything as the address it forwards for."
IPV6_SITE_BITS = 64
"What one subscriber has at the least (RFC 6177): the rest of an address is theirs to vary."


class WrongPassword(Exception):
    """Or no such operator, or one without a password: which is not told."""


class TooMany(Exception):
    """Of something; `wait_s`: when there may be one more."""

    def __init__(self, message: str, wait_s: float) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class SignIn:
    """`monotonic`: seconds of a clock that nobody sets. Methods that await raise
    sqlalchemy.exc.SQLAlchemyError, Busy."""

    def __init__(self, accounts: Accounts, sessions: Sessions, monotonic: Callable[[], float]) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._monotonic = monotonic
        self._passwords = Passwords()
        self._of_accounts = Buckets(1 / ACCOUNT_TRY_EVERY_S, ACCOUNT_TRIES)
        self._of_addresses = Buckets(1 / ADDRESS_TRY_EVERY_S, ADDRESS_TRIES)
        self._usual: dict[tuple[str, str], None] = {}
        "Accounts with addresses they were signed in from, the longest ago first."
        self.results: Counter[str] = Counter({"right": 0, "wrong": 0, "braked": 0})
        "Of all tries."

    async def sign_in(self, operator: str, password: str, address: str) -> str:
        """A new session's token. Raises WrongPassword, TooMany."""
        argon2 = await self._verified(operator, password, address)
        token = await self._sessions.begin(operator, argon2, address)
        if token is None:
            raise WrongPassword("operator or password is wrong")
        return token

    async def change_password(self, operator: str, old: str, new: str, address: str) -> bool:
        """By the operator; as `set_password`. Raises WrongPassword, TooMany, InvalidPassword."""
        await self._verified(operator, old, address)
        return await self.set_password(operator, new)

    async def set_password(self, operator: str, new: str) -> bool:
        """By an administrator; ends the operator's sessions. False: there is no such operator. Raises
        InvalidPassword."""
        argon2 = await self._passwords.hash(new)
        there = await self._accounts.set_secret(operator, argon2)
        await self._sessions.refresh()
        return there

    async def _verified(self, operator: str, password: str, address: str) -> str:
        """The stored text of the password, which is right."""
        site = site_of(address)
        account = self._account_key(operator, site)
        self._take_try(account, site)
        try:
            argon2 = await self._accounts.secret(operator)
            right = await self._passwords.is_right(argon2, password)
        except Exception:  # nobody has looked at the password: the try is not used up
            self._of_accounts.give_back(account)
            self._of_addresses.give_back(site)
            raise
        if not right or argon2 is None:
            self.results["wrong"] += 1
            raise WrongPassword("operator or password is wrong")
        self.results["right"] += 1
        self._of_accounts.fill(account)
        self._of_addresses.give_back(site)
        self._remember(operator, site)
        return argon2

    def _take_try(self, account: Hashable, site: str) -> None:
        now = self._monotonic()
        wait_s = self._of_addresses.take(site, now)
        if not wait_s:
            wait_s = self._of_accounts.take(account, now)
            if wait_s:
                self._of_addresses.give_back(site)
        if wait_s:
            self.results["braked"] += 1
            raise TooMany("too many sign-ins with a wrong password", wait_s)

    def _account_key(self, operator: str, site: str) -> Hashable:
        return (operator, site) if (operator, site) in self._usual else operator

    def _remember(self, operator: str, site: str) -> None:
        self._usual.pop((operator, site), None)
        self._usual[operator, site] = None
        if len(self._usual) > MAX_BUCKETS:
            del self._usual[next(iter(self._usual))]


def site_of(address: str) -> str:
    """What of an address one subscriber cannot vary."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:MAX_ADDRESS_TEXT]
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(IPv6Address(int(found) >> IPV6_SITE_BITS << IPV6_SITE_BITS))
    return str(found)
