"""What a supervisor's console does with a call that waits."""

from __future__ import annotations

import pytest
from tests.api.centre import CALL_ID
from tests.api.conftest import Site

from ntpd112.api import models

CALL = f"/api/v1/calls/{CALL_ID}"


@pytest.mark.parametrize(
    ("method", "command", "body", "wanted"),
    [
        ("POST", "lift", None, ("lift", "api:admin")),
        ("PUT", "priority", {"priority": 0}, ("priority", 0, "api:admin")),
        ("PUT", "priority", {"priority": 3.0}, ("priority", 3, "api:admin")),
        ("PUT", "requirements", {"skills": {}}, ("requirements", {}, {}, "api:admin")),
        (
            "PUT",
            "requirements",
            {"skills": {"medical": 2}, "prefer": {"english": 1}},
            ("requirements", {"medical": 2}, {"english": 1}, "api:admin"),
        ),
        ("POST", "pull", {"operator": "siti"}, ("pull", "siti", "api:admin")),
        ("POST", "climb", None, ("climb", "api:admin")),
    ],
)
async def test_a_command_is_done_in_the_keys_name_and_answered_with_the_call(
    site: Site, method: str, command: str, body: object, wanted: tuple[object, ...]
) -> None:
    answer = await site.client.request(method, f"{CALL}/{command}", json=body)
    assert answer.status_code == 200
    assert models.CallOut.model_validate(answer.json()).id == CALL_ID
    assert site.centre.steering.wanted == [wanted]


@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("priority", {"priority": -1}),
        ("priority", {"priority": 101}),
        ("priority", {"priority": 2.5}),
        ("priority", {"priority": "2"}),
        ("priority", {"priority": True}),
        ("requirements", {}),
        ("requirements", {"skills": {"medical": 0}}),
        ("requirements", {"skills": {"medical": 11}}),
        ("requirements", {"skills": {"Not A Skill": 1}}),
        ("requirements", {"skills": {f"s{n}": 1 for n in range(51)}}),
    ],
)
async def test_a_wrong_value_is_refused_and_nothing_is_done(site: Site, command: str, body: object) -> None:
    answer = await site.client.put(f"{CALL}/{command}", json=body)
    assert answer.status_code == 422
    assert site.centre.steering.wanted == []


async def test_an_operator_who_is_not_ready_is_a_conflict_and_an_unknown_one_404(site: Site) -> None:
    busy = await site.client.post(f"{CALL}/pull", json={"operator": "budi"})
    assert (busy.status_code, busy.json()["detail"]) == (409, 'operator "budi" is not ready')
    unknown = await site.client.post(f"{CALL}/pull", json={"operator": "eve"})
    assert unknown.status_code == 404


async def test_a_call_that_is_not_there_is_404(site: Site) -> None:
    assert (await site.client.post("/api/v1/calls/X/lift")).status_code == 404


async def test_the_document_tells_the_bounds_of_numbers(site: Site) -> None:
    schemas = (await site.client.get("/openapi.json")).json()["components"]["schemas"]
    priority = schemas["PriorityIn"]["properties"]["priority"]
    assert (priority["minimum"], priority["maximum"]) == (0, 100)
    (level,) = schemas["RequirementsIn"]["properties"]["skills"]["patternProperties"].values()
    assert (level["type"], level["minimum"], level["maximum"]) == ("integer", 1, 10)
