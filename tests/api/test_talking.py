"""What a console does with a call that is talked on."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.centre import CALL_ID
from tests.api.conftest import Site

from ntpd112.api import models
from ntpd112.calls.views import StateConflict, UnknownOperator, UnknownParty, Unreachable

CALL = f"/api/v1/calls/{CALL_ID}"
BY = "api:admin"
COMMANDS: list[tuple[str, str, Any, tuple[object, ...]]] = [
    ("POST", "/hold", None, ("hold", BY)),
    ("POST", "/resume", None, ("resume", BY)),
    ("POST", "/transfer", {"to": "operator:siti"}, ("transfer", "operator:siti", False, BY)),
    ("POST", "/transfer", {"to": "110", "attended": True}, ("transfer", "110", True, BY)),
    (
        "POST",
        "/transfer",
        {"to": "queue:medical", "skills": {"english": 1}},
        ("transfer", "queue:medical", False, BY, "english"),
    ),
    ("POST", "/transfer/complete", None, ("complete", BY)),
    ("POST", "/transfer/cancel", None, ("cancel", BY)),
    ("POST", "/transfer/conference", None, ("join", BY)),
    ("POST", "/parties", {"to": "destination:fire"}, ("add", "destination:fire", BY)),
    ("DELETE", "/parties/1001", None, ("remove", 1001, BY)),
    ("POST", "/hangup", None, ("hang up", BY)),
    ("POST", "/supervise", {"supervisor": "ratna", "mode": "whisper"}, ("supervise", "ratna", "whisper", BY)),
    ("PUT", "/supervise", {"supervisor": "ratna", "mode": "talk"}, ("change", "ratna", "talk", BY)),
]


@pytest.mark.parametrize(("method", "path", "body", "told"), COMMANDS)
async def test_a_command_is_carried_out_for_the_key_and_answers_with_the_call(
    site: Site, method: str, path: str, body: Any, told: tuple[object, ...]
) -> None:
    answer = await site.client.request(method, CALL + path, json=body)
    assert answer.status_code == 200
    assert site.centre.commands.told == [told]
    models.CallOut.model_validate(answer.json())


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (StateConflict("nobody talks to the caller yet"), 409),
        (Unreachable('operator "siti" has no registered phone'), 409),
        (UnknownOperator('no operator has the id "x"'), 404),
        (UnknownParty("call X has no party 1001"), 404),
    ],
)
async def test_what_is_in_the_way_is_said(site: Site, refusal: Exception, status: int) -> None:
    site.centre.commands.refuse = refusal
    answer = await site.client.post(f"{CALL}/transfer", json={"to": "operator:siti"})
    assert (answer.status_code, answer.json()["detail"]) == (status, str(refusal))


@pytest.mark.parametrize(("method", "path", "body", "told"), COMMANDS)
async def test_a_call_that_is_not_there_is_404(
    site: Site, method: str, path: str, body: Any, told: tuple[object, ...]
) -> None:
    answer = await site.client.request(method, f"/api/v1/calls/X{path}", json=body)
    assert answer.status_code == 404
    assert site.centre.commands.told == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/transfer", {}),
        ("/transfer", {"to": ""}),
        ("/transfer", {"to": "x" * 300}),
        ("/transfer", {"to": "110", "blind": True}),
        ("/parties", {"to": 5}),
        ("/supervise", {"supervisor": "ratna", "mode": "spy"}),
    ],
)
async def test_a_wrong_body_is_refused_and_nothing_is_done(site: Site, path: str, body: object) -> None:
    answer = await site.client.post(CALL + path, json=body)
    assert answer.status_code == 422
    assert site.centre.commands.told == []
