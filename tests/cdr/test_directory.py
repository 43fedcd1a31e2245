"""The operators' directory."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from ntpd112.cdr.directory import Directory, InvalidOperator, Operator, OperatorExists, check


def operator(operator_id: str = "siti", **changes: Any) -> Operator:
    values = {
        "id": operator_id,
        "name": "Siti Aminah",
        "skills": {"medical": 3},
        "realm": "112.example.go.id",
    }
    return Operator(**{**values, "ha1_md5": "0" * 32, "ha1_sha256": "a" * 64, **changes})


async def test_operators_are_added_read_replaced_and_removed(engine: AsyncEngine) -> None:
    directory = Directory(engine)
    await directory.add(operator("siti"))
    await directory.put([operator("budi", name="Budi"), operator("siti", skills={})])
    assert [(found.id, found.name, found.skills) for found in await directory.all()] == [
        ("budi", "Budi", {"medical": 3}),
        ("siti", "Siti Aminah", {}),
    ]
    found = await directory.get("budi")
    assert found is not None
    assert found.updated_at is not None
    assert msgspec.structs.replace(found, updated_at=None) == operator("budi", name="Budi")
    assert await directory.remove("budi")
    assert not await directory.remove("budi")
    assert await directory.get("budi") is None


async def test_an_id_that_is_taken_is_refused_by_add(engine: AsyncEngine) -> None:
    directory = Directory(engine)
    await directory.add(operator())
    with pytest.raises(OperatorExists, match='operator "siti" is there already'):
        await directory.add(operator(name="Another"))


async def test_version_changes_with_every_change_and_only_then(engine: AsyncEngine) -> None:
    directory = Directory(engine)
    versions = [await directory.version()]
    await directory.add(operator())
    versions.append(await directory.version())
    await directory.put([operator(name="Siti")])
    versions.append(await directory.version())
    await directory.remove("siti")
    versions.append(await directory.version())
    assert len(set(versions)) == 4
    await directory.all()
    assert await directory.version() == versions[-1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"operator_id": "siti aminah"}, "id 'siti aminah' is not 1 to 64"),
        ({"operator_id": "../x"}, "id '../x'"),
        ({"name": " "}, "name ' ' is not a name"),
        ({"skills": {"Medical": 1}}, "skill 'Medical'"),
        ({"skills": {"medical": 0}}, 'level of skill "medical" 0 is not a whole number from 1 to 10'),
        ({"skills": {f"s{n}": 1 for n in range(51)}}, "at most 50 skills"),
        ({"ha1_md5": "secret"}, "ha1_md5 is not 32 hex digits"),
    ],
)
def test_wrong_values_are_refused(changes: dict[str, Any], message: str) -> None:

    with pytest.raises(InvalidOperator, match=message):
        check(operator(**changes))


async def test_one_wrong_operator_keeps_all_of_a_batch_out(engine: AsyncEngine) -> None:
    directory = Directory(engine)
    with pytest.raises(InvalidOperator):
        await directory.put([operator("good"), operator("not good")])
    assert await directory.all() == []
