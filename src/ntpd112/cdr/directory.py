"""The operators: who they are, what they can do, and what their phones sign in with.

Passwords are not kept: only the HA1 of RFC 8760 digest for the realm, by MD5 and by SHA-256.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from sqlalchemy import Row, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from ntpd112.cdr import revisions
from ntpd112.cdr.tables import operators

ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
"""The user part of the phone's SIP address, and a topic and path element elsewhere: nothing that needs
escaping."""
SKILL_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}\Z")
SKILL_LEVELS = range(1, 11)
"From 1, knows some, to 10, best there is."
MAX_SKILLS = 50
MAX_NAME = 200
ROLES = ("operator", "supervisor", "admin")
"What they may ask of the API once signed in. The skill `supervisor` is another thing: which calls they get."


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """One operator as stored."""

    id: str
    name: str
    skills: dict[str, int] = {}
    realm: str
    "The digest realm that both hashes are for."
    ha1_md5: str
    "MD5(id:realm:password), 32 hex digits; it is as good as the password for this realm: never show it."
    ha1_sha256: str
    "SHA-256(id:realm:password), 64 hex digits."
    role: str = "operator"
    "One of ROLES."
    updated_at: datetime | None = None
    "Set by the directory."


class InvalidOperator(ValueError):
    """An operator's field has a wrong value; the message names operator, field, value and what is
    expected."""


class OperatorExists(Exception):
    """`add` of an id that is taken."""


def check(operator: Operator) -> None:
    """Raises InvalidOperator."""

    def refuse(field: str, value: object, expected: str) -> InvalidOperator:
        return InvalidOperator(f'operator "{operator.id}": {field} {value!r} is not {expected}')

    if not ID_PATTERN.match(operator.id):
        raise refuse("id", operator.id, "1 to 64 of letters, digits and . _ - (a letter or digit first)")
    if not operator.name.strip() or len(operator.name) > MAX_NAME or not operator.name.isprintable():
        raise refuse("name", operator.name, f"a name of 1 to {MAX_NAME} characters")
    if len(operator.skills) > MAX_SKILLS:
        raise refuse("skills", len(operator.skills), f"at most {MAX_SKILLS} skills")
    for skill, level in operator.skills.items():
        if not SKILL_PATTERN.match(skill):
            raise refuse("skill", skill, "1 to 32 of small letters, digits, _ and -")
        if level not in SKILL_LEVELS:
            raise refuse(f'level of skill "{skill}"', level, "a whole number from 1 to 10")
    if operator.role not in ROLES:
        raise refuse("role", operator.role, f"one of {', '.join(ROLES)}")
    for field, value, digits in (("ha1_md5", operator.ha1_md5, 32), ("ha1_sha256", operator.ha1_sha256, 64)):
        if not re.fullmatch(rf"[0-9a-f]{{{digits}}}", value):
            raise InvalidOperator(f'operator "{operator.id}": {field} is not {digits} hex digits')


class Directory:
    """Operators in the database. Methods raise sqlalchemy.exc.SQLAlchemyError when it cannot be reached."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def all(self) -> list[Operator]:
        """Every operator, by id."""
        async with self._engine.connect() as connection:
            return [
                _operator(row) for row in await connection.execute(select(operators).order_by(operators.c.id))
            ]

    async def get(self, operator_id: str) -> Operator | None:
        async with self._engine.connect() as connection:
            found = await connection.execute(select(operators).where(operators.c.id == operator_id))
            row = found.one_or_none()
        return None if row is None else _operator(row)

    async def add(self, operator: Operator) -> None:
        """Raises InvalidOperator, OperatorExists."""
        check(operator)
        try:
            async with self._engine.begin() as connection:
                await connection.execute(operators.insert(), [_values(operator)])
                await revisions.bump(connection, "operators")
        except IntegrityError as error:
            raise OperatorExists(f'operator "{operator.id}" is there already') from error

    async def put(self, changed: Sequence[Operator]) -> None:
        """Adds or replaces all of them, or none. Raises InvalidOperator."""
        if not changed:
            return
        for operator in changed:
            check(operator)
        async with self._engine.begin() as connection:
            statement = revisions.insert_for(connection)(operators)
            statement = statement.on_conflict_do_update(
                index_elements=["id"],
                set_={column.name: column for column in statement.excluded if column.name != "id"},
            )
            await connection.execute(statement, [_values(operator) for operator in changed])
            await revisions.bump(connection, "operators")

    async def remove(self, operator_id: str) -> bool:
        """False: there is none."""
        async with self._engine.begin() as connection:
            removed = await connection.execute(delete(operators).where(operators.c.id == operator_id))
            await revisions.bump(connection, "operators")
        return bool(removed.rowcount)

    async def version(self) -> int:
        """Changes whenever an operator does; reads one row."""
        async with self._engine.connect() as connection:
            return await revisions.current(connection, "operators")


def _operator(row: Row[tuple[object, ...]]) -> Operator:
    return Operator(**row._mapping)


def _values(operator: Operator) -> dict[str, object]:
    return {**msgspec.structs.asdict(operator), "updated_at": datetime.now(UTC)}
