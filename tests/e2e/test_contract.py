"""The running API keeps to its OpenAPI document, whatever it is asked: no 500, no answer that is not
documented, nothing valid refused and nothing invalid taken. schemathesis makes requests of the document."""

from __future__ import annotations

import io
import itertools
import wave
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, BaseSchema, Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import ignored_auth

from ntpd112.api import once

from .conftest import Stage
from .peers.agent import Agent
from .peers.scenario import answered, hangs_up, invite, is_hung_up, pause, picks_up

Operation = APIOperation[Any, Any, Any, Any]
EXAMPLES = 10
"Requests of an operation in each way: about half a minute in all."
ENDLESS = "stream_events"
"Server-sent events have no end to wait for; tests/api/test_events.py and test_following.py read them."
LEFT_OUT = [ignored_auth]
"Tries each path with wrong keys, which are braked by address (429): tests/api/test_access.py does that."
TALK_MS = 90_000
_numbers = itertools.count(1)


@st.composite
def announcements(draw: st.DrawFn) -> bytes:
    """WAV files that can be played: the document can only say that they are bytes."""
    rate, channels = draw(st.sampled_from([8000, 16000, 48000])), draw(st.sampled_from([1, 2]))
    half = rate // 1000  # of a wave of 500 Hz
    period = b"\x00\x20" * channels * half + b"\x00\xe0" * channels * half
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(period * 500 * draw(st.integers(1, 2)))
    return made.getvalue()


schemathesis.openapi.media_type("audio/wav", announcements())


def operations(schema: BaseSchema) -> Iterator[Operation]:
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.definition.raw["operationId"] != ENDLESS:
            yield operation


def takes_something(operation: Operation) -> bool:
    return bool(operation.definition.raw.keys() & {"parameters", "requestBody"})


def ask(
    agent: Agent, operation: Operation, mode: GenerationMode, change: Callable[[Case[Any]], None]
) -> None:
    """Some requests of the operation, the same in each run, with every check of schemathesis."""
    headers = {"Authorization": f"Bearer {agent.key}"}

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Case[Any]) -> None:
        change(case)
        case.call_and_validate(headers=headers, excluded_checks=LEFT_OUT)

    one()


def as_made(case: Case[Any]) -> None:
    """Nothing is changed."""


def as_no_schema_can_say(case: Case[Any]) -> None:
    """Each command has a key of its own, and an end is yet to come."""
    if isinstance(case.body, dict) and case.body.get("expires_at"):
        case.body["expires_at"] = "2090-01-01T00:00:00+07:00"
    if once.HEADER in case.headers:
        case.headers[once.HEADER] = f"key-{next(_numbers)}"


@pytest.mark.timeout(300)
def test_whatever_is_asked_the_answer_is_a_documented_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NTPD112_HTTP__RATE", "0/s")  # a 429 would tell nothing of the path
    agent = stage.agent(siti={}, budi={})
    stage.sipp_phone(agent, "siti", *picks_up(), *is_hung_up(), calls=5)
    stage.caller(agent, invite(), *answered(), pause(500), *hangs_up()).run()
    (cdr,) = agent.wait_for_cdrs()
    callers = [stage.caller(agent, invite(), *answered(), pause(TALK_MS), *hangs_up()) for _ in range(3)]
    for caller in callers:
        caller.start()
    agent.wait_for_calls("talking", "waiting", "waiting")

    def about_what_is_there(case: Case[Any]) -> None:
        as_no_schema_can_say(case)
        live = [call["id"] for call in agent.calls()] or [cdr["id"]]
        known = {
            "/api/v1/calls": live[next(_numbers) % len(live)],
            "/api/v1/cdrs": cdr["id"],
            "/api/v1/operators": "siti",
        }
        for path, name in known.items():
            if case.path.startswith(f"{path}/{{id}}"):
                case.path_parameters["id"] = name

    schema = schemathesis.openapi.from_url(f"{agent.url}/openapi.json")
    for operation in operations(schema):
        ask(agent, operation, GenerationMode.POSITIVE, as_no_schema_can_say)
        ask(agent, operation, GenerationMode.POSITIVE, about_what_is_there)
        if takes_something(operation):
            ask(agent, operation, GenerationMode.NEGATIVE, as_made)
    assert agent.ready()["ready"]
