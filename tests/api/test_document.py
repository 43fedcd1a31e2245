"""The OpenAPI document is what people and client generators work from: whole, and true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import jsonschema
import pytest
from tests.api.centre import FakeCentre
from tests.api.test_access import NEEDS, OPEN, PERSONAL

from ntpd112.api import create_app
from ntpd112.api.once import ACTING, SECRET

Json = dict[str, Any]
JSON = "application/json"
PROBLEM = "application/problem+json"
SOUND = "audio/wav"
"Bytes: there is no example to read."


def made() -> Json:
    nothing: Any = None
    app = create_app(
        FakeCentre(),
        nothing,
        nothing,
        announcements=nothing,
        feed=nothing,
        audit_log=nothing,
        legal_holds=nothing,
        report_store=nothing,
    )
    return app.openapi()


DOCUMENT = made()


class Operation(NamedTuple):
    method: str
    path: str
    said: Json

    def parameters(self) -> dict[str, Json]:
        return {one["name"]: one for one in self.said.get("parameters", [])}


def operations() -> Iterator[Operation]:
    for path, methods in DOCUMENT["paths"].items():
        for method, said in methods.items():
            yield Operation(method.upper(), path, said)


def each() -> pytest.MarkDecorator:
    found = list(operations())
    return pytest.mark.parametrize("operation", found, ids=[f"{one.method} {one.path}" for one in found])


def check(value: object, schema: Json) -> None:
    """Raises if it is not of the schema."""
    jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(value)


def test_every_operation_has_a_readable_id_of_its_own() -> None:
    ids = [one.said["operationId"] for one in operations()]
    assert len(set(ids)) == len(ids)
    assert not [name for name in ids if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)]


def test_every_tag_is_explained_and_used() -> None:
    explained = {tag["name"]: tag["description"] for tag in DOCUMENT["tags"]}
    assert all(explained.values())
    assert {tag for one in operations() for tag in one.said["tags"]} == set(explained)


@each()
def test_it_says_what_it_is_for_and_which_scope_it_needs(operation: Operation) -> None:
    said = operation.said
    assert said["summary"]
    needed = NEEDS.get((operation.method, operation.path))
    assert said["description"].removesuffix(f"Scope: `{needed}`.")
    if (operation.method, operation.path) in OPEN:
        assert "security" not in said
    else:
        assert said["security"] == [{"API key": [needed] if needed else []}]
        assert (needed is None) == ((operation.method, operation.path) in PERSONAL)
    if needed:
        assert said["description"].endswith(f"Scope: `{needed}`.")


@each()
def test_its_parameters_are_explained_with_an_example(operation: Operation) -> None:
    for name, parameter in operation.parameters().items():
        assert parameter["description"], name
        schema = parameter["schema"]
        examples = [parameter["example"]] if "example" in parameter else schema.get("examples", [])
        chosen = [schema, *schema.get("anyOf", [])]
        assert examples or any("enum" in one or "default" in one for one in chosen), name
        for example in examples:
            check(example, schema)


@each()
def test_what_is_sent_and_answered_has_an_example_that_is_true(operation: Operation) -> None:
    contents = [response.get("content", {}) for response in operation.said["responses"].values()]
    contents.append(operation.said.get("requestBody", {}).get("content", {}))
    for kind, content in (pair for one in contents for pair in one.items()):
        if kind == SOUND:
            continue
        assert content["schema"], kind
        check(content["example"], content["schema"])


@each()
def test_its_errors_are_problems_with_an_example(operation: Operation) -> None:
    for status, response in operation.said["responses"].items():
        assert response["description"]
        if int(status) >= 400:
            assert list(response["content"]) == [PROBLEM]
            assert response["content"][PROBLEM]["example"]["status"] == int(status)


@each()
def test_what_acts_takes_a_key_to_be_done_once(operation: Operation) -> None:
    acts = operation.method in ACTING and not operation.path.startswith(SECRET)
    assert ("Idempotency-Key" in operation.parameters()) == acts
    assert not acts or {"409", "422"} <= set(operation.said["responses"])


def test_every_text_of_a_shape_has_an_example() -> None:
    """What examples are made of: without one of its own a text would be empty in all of them."""
    lacking = [
        f"{shape}.{name}"
        for shape, schema in DOCUMENT["components"]["schemas"].items()
        for name, field in schema.get("properties", {}).items()
        if "examples" not in field and any(_is_free(one) for one in [field, *field.get("anyOf", [])])
    ]
    assert lacking == []


def _is_free(schema: Json) -> bool:
    return schema.get("type") == "string" and not {"enum", "const", "format", "default"} & set(schema)
