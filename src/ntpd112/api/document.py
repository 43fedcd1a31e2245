"""The OpenAPI document: what the framework makes of the routes, made whole.

The framework knows paths, parameters and shapes. Here comes, once for all of them: which scope each operation
needs, an example of every request and answer, made of the examples of its fields, and of every error; headers
that many operations share.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from ntpd112.api import once, problems
from ntpd112.api.auth import Requires
from ntpd112.api.models import ProblemOut, errors

Json = dict[str, Any]
JSON = "application/json"
SCHEMAS = "#/components/schemas/"
TAGS = {
    "calls": "Live calls: what they are doing, why, and commands to them. A command answers with the call as "
    "of now; what it sets going is told by the events.",
    "call-backs": "Callers whose calls were lost, and calling them back.",
    "callers": "What is remembered of callers, and putting it right.",
    "cdrs": "Call detail records and recordings of calls that are over.",
    "reports": "Daily and monthly summaries.",
    "events": "What happens, live and replayed.",
    "levels": "Service levels of the last 24 hours.",
    "operators": "Operators, their phones and states.",
    "queues": "Queues with their load, and flood mode.",
    "trunks": "Trunks with their load and health.",
    "prompts": "Announcements.",
    "configuration": "Taking over what the file says now.",
    "access": "API keys, and people who sign in.",
    "audit": "Who did what.",
    "webhooks": "How webhooks do, and what they could not deliver.",
    "health": "Without a key: health and metrics.",
}
DETAILS = {
    400: "Malformed range header.",
    401: "this API key is not known, or was withdrawn",
    403: 'API key "reporting" is no session: this is for people who have signed in',
    404: "no live call has the id 01JCXS8Q3M6D9W8V4T2R7N5K1B",
    408: "the body did not come within 10 seconds",
    409: 'operator "siti" is not ready',
    410: "position 4711.9f86d081 is not in this journal, which was begun anew: start from 0 or from now",
    413: "the body is larger than 65536 bytes",
    416: "Range Not Satisfiable",
    422: "query parameter `colour` is not known: this path takes none",
    429: "more than 50 requests a second: try again in 1 s",
    503: "100 requests are being answered",
}
"Examples of what goes wrong."
IDEMPOTENCY: Json = {
    "name": once.HEADER,
    "in": "header",
    "required": False,
    "description": "Chosen by you, new for each command (a UUID): when the answer was lost, the same request "
    "with the same key gets the first answer, with `Idempotency-Replayed: true`, and is not carried out "
    "again. 409 while the first is being carried out, 422 if the key was given to another request. Kept for "
    "24 hours, the latest 1,000 of each holder, not over a restart.",
    "schema": {"type": "string", "pattern": once.PATTERN},
    "example": "8e03978e-40d5-43dd-bc93-6894a57f9324",
}
IF_NONE_MATCH: Json = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "`ETag` of the answer you have: 304 if it still holds. Ages that grow by themselves "
    "(`waiting_s`, `longest_wait_s`, time logged in and occupancy) do not count as a change.",
    "schema": {"type": "string"},
    "example": 'W/"22d9d804348d18dad251dc17"',
}
ETAG: Json = {
    "description": "Names this state of what is shown, for `If-None-Match`.",
    "schema": {"type": "string"},
    "example": 'W/"22d9d804348d18dad251dc17"',
}
RETRY_AFTER: Json = {
    "description": "Seconds after which to try again, where that is known.",
    "schema": {"type": "string"},
    "example": "5",
}
REPLAYED: Json = {
    "description": "There, and `true`, when this is the answer of an earlier request with the same key.",
    "schema": {"type": "string", "enum": ["true"]},
}
RETRIED = ("409", "429", "503")
"Statuses that may have Retry-After."


def openapi(app: FastAPI, routers: Sequence[APIRouter]) -> Json:
    """Made anew at each call. `routers`: those of the app."""
    made = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=[{"name": name, "description": about} for name, about in TAGS.items()],
    )
    schemas = made["components"]["schemas"]
    _put_problem(schemas)
    for route, method, operation in _operations(routers, made["paths"]):
        _say_scope(route, operation)
        _share_headers(route.path, method, operation)
        _give_examples(operation, schemas)
    return made


def _operations(routers: Sequence[APIRouter], paths: Json) -> Iterator[tuple[APIRoute, str, Json]]:
    for route in (route for router in routers for route in router.routes):
        if isinstance(route, APIRoute):
            for method in sorted(route.methods or ()):
                yield route, method, paths[route.path_format][method.lower()]


def _put_problem(schemas: Json) -> None:
    """The problem's schema in place of the framework's own error schemas."""
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    problem = ProblemOut.model_json_schema(by_alias=True, ref_template=SCHEMAS + "{model}")
    schemas.update(problem.pop("$defs"))
    schemas["ProblemOut"] = problem


def _say_scope(route: APIRoute, operation: Json) -> None:
    """As OpenAPI 3.1 has it: roles of a scheme that is not OAuth's; and for people to read."""
    found = (one.call for one in route.dependant.dependencies)
    scope = next((one.scope for one in found if isinstance(one, Requires)), None)
    if scope is not None:
        operation["security"] = [{name: [scope] for name in one} for one in operation["security"]]
        operation["description"] = f"{operation.get('description', '')}\n\nScope: `{scope}`.".strip()


def _share_headers(path: str, method: str, operation: Json) -> None:
    responses = operation["responses"]
    parameters = operation.setdefault("parameters", [])
    if method in once.ACTING and "security" in operation and not path.startswith(once.SECRET):
        parameters.append(IDEMPOTENCY)
        for number in (409, 422):
            responses.setdefault(str(number), errors(number)[number])
        for status, response in responses.items():
            if status.startswith("2"):
                response.setdefault("headers", {})[once.REPLAYED] = REPLAYED
    if "304" in responses:
        parameters.append(IF_NONE_MATCH)
        for status in ("200", "304"):
            responses[status].setdefault("headers", {})["ETag"] = ETAG
    for status in RETRIED:
        if status in responses:
            responses[status].setdefault("headers", {})["Retry-After"] = RETRY_AFTER
    if not parameters:
        del operation["parameters"]


def _give_examples(operation: Json, schemas: Json) -> None:
    body = operation.get("requestBody", {}).get("content", {})
    if JSON in body:
        body[JSON].setdefault("example", example_of(body[JSON]["schema"], schemas))
    for status, response in operation["responses"].items():
        content = response.get("content", {})
        if JSON in content:
            content[JSON].setdefault("example", example_of(content[JSON]["schema"], schemas))
        if problems.MEDIA_TYPE in content:
            content[problems.MEDIA_TYPE]["example"] = _problem(int(status), operation)


def _problem(status: int, operation: Json) -> Json:
    about = operation["responses"][str(status)]["description"]
    made: Json = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": DETAILS.get(status, about),
    }
    if status == 422:
        made["errors"] = [{"in": "query", "name": "colour", "detail": "is not known: this path takes none"}]
    security = operation.get("security", [])
    scope = [one for needed in security for scopes in needed.values() for one in scopes]
    if status == 403 and scope:
        made |= {"scope": scope[0], "detail": f'API key "reporting" lacks the scope {scope[0]}'}
    return made


def example_of(schema: Json, schemas: Json) -> Any:
    """A value of the schema, made of the examples of its parts; of a choice the first that is not null."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].removeprefix(SCHEMAS)], schemas)
    if "examples" in schema:
        return schema["examples"][0]
    for said in ("const", "default"):
        if schema.get(said) is not None:
            return schema[said]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0], schemas)
    match schema.get("type"):
        case "object":
            return {name: example_of(one, schemas) for name, one in schema.get("properties", {}).items()}
        case "array":
            return [example_of(schema["items"], schemas)]
        case "string":
            return "2026-11-01T08:00:00.125+07:00" if schema.get("format") == "date-time" else ""
        case "boolean":
            return False
        case "integer" | "number":
            return schema.get("minimum", 0)
    return None
