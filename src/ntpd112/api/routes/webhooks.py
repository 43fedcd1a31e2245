"""Webhooks: how they do, what was given up, sent again, tried out. The configuration alone says which there
are and where they go."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Protocol

import msgspec
import structlog
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from ntpd112.access import Principal
from ntpd112.api.answers import answer, dated
from ntpd112.api.auth import require
from ntpd112.api.models import DeadOut, DeliveryId, HookName, ResentOut, TestedOut, WebhookOut, errors
from ntpd112.api.problems import Problem

MAX_DEAD_SHOWN = 500
log = structlog.get_logger("ntpd112.api")
router = APIRouter(prefix="/api/v1", tags=["webhooks"])
Admin = Annotated[Principal, Depends(require("admin"))]


class Answer(Protocol):
    """Of a receiver."""

    @property
    def taken(self) -> bool: ...

    @property
    def status(self) -> int | None: ...

    @property
    def reason(self) -> str: ...


class Counts(Protocol):
    @property
    def pending(self) -> int: ...

    @property
    def dead(self) -> int: ...

    @property
    def oldest_at(self) -> float | None: ...


class Webhook(Protocol):
    """What the API needs of one."""

    @property
    def shown_url(self) -> str: ...

    @property
    def events(self) -> Sequence[str]: ...

    @property
    def gone(self) -> bool: ...

    @property
    def problem(self) -> str | None: ...

    @property
    def lag(self) -> int: ...

    @property
    def counts(self) -> Counts: ...

    async def dead(self, limit: int) -> Sequence[msgspec.Struct]: ...

    async def resend(self, delivery: str | None) -> int: ...

    async def test(self) -> Answer: ...


@router.get(
    "/webhooks",
    summary="Webhooks",
    description="As the configuration has them, and how they do.",
    response_model=list[WebhookOut],
    responses=errors(401, 403, 422),
    dependencies=[Depends(require("admin"))],
)
async def list_webhooks(request: Request) -> Response:
    hooks: Mapping[str, Webhook] = request.app.state.webhooks
    now = time.time()
    return answer(request, [_shown(name, hook, now) for name, hook in hooks.items()])


@router.get(
    "/webhooks/{name}/dead",
    summary="Deliveries that were given up",
    description="The last first. They stay until they are sent again; of over 10,000 the oldest fall out.",
    response_model=list[DeadOut],
    responses=errors(401, 403, 404, 422, 503),
    dependencies=[Depends(require("admin"))],
)
async def list_dead_deliveries(
    request: Request,
    name: HookName,
    limit: Annotated[int, Query(ge=1, le=MAX_DEAD_SHOWN, description="At most.")] = 100,
) -> Response:
    with _outbox_answers():
        found = await _hook(request, name).dead(limit)
    return answer(request, [dated(one) for one in found])


@router.post(
    "/webhooks/{name}/dead/resend",
    summary="Send all again that were given up",
    description="With their ids, behind what waits, for a day as if they had never been tried.",
    status_code=202,
    response_model=ResentOut,
    responses=errors(401, 403, 404, 422, 503),
)
async def resend_all_deliveries(request: Request, name: HookName, who: Admin) -> Response:
    with _outbox_answers():
        resent = await _hook(request, name).resend(None)
    log.info("dead deliveries are sent again", webhook=name, deliveries=resent, by=who.by)
    return answer(request, {"resent": resent}, 202)


@router.post(
    "/webhooks/{name}/dead/{delivery}/resend",
    summary="Send one again that was given up",
    description="With its id, behind what waits, for a day as if it had never been tried.",
    status_code=202,
    response_model=ResentOut,
    responses=errors(401, 403, 404, 422, 503),
)
async def resend_delivery(request: Request, name: HookName, delivery: DeliveryId, who: Admin) -> Response:
    with _outbox_answers():
        resent = await _hook(request, name).resend(delivery)
    if not resent:
        raise Problem(404, f'webhook "{name}" has given up no delivery {delivery}')
    log.info("a dead delivery is sent again", webhook=name, delivery=delivery, by=who.by)
    return answer(request, {"resent": resent}, 202)


@router.post(
    "/webhooks/{name}/test",
    summary="Try a webhook",
    description="Sends a `webhook.test` now and says what the receiver made of it. A webhook whose receiver "
    "has answered 410 is on again if this is taken.",
    response_model=TestedOut,
    responses=errors(401, 403, 404, 422, 503),
)
async def try_webhook(request: Request, name: HookName, who: Admin) -> Response:
    hook = _hook(request, name)
    try:
        made = await hook.test()
    except (OSError, ValueError) as problem:  # of the files with secrets and certificates
        raise Problem(503, f'webhook "{name}": {problem}') from problem
    log.info("webhook tested", webhook=name, status=made.status, by=who.by)
    told = {"taken": made.taken, "status": made.status, "error": "" if made.taken else made.reason}
    return answer(request, told)


def _hook(request: Request, name: str) -> Webhook:
    hooks: Mapping[str, Webhook] = request.app.state.webhooks
    if name not in hooks:
        raise Problem(404, f'there is no webhook "{name}" in the configuration')
    return hooks[name]


def _shown(name: str, hook: Webhook, now: float) -> dict[str, object]:
    counts = hook.counts
    return {
        "name": name,
        "url": hook.shown_url,
        "events": hook.events,
        "on": not hook.gone,
        "problem": hook.problem,
        "pending": counts.pending,
        "oldest_s": None if counts.oldest_at is None else round(max(0.0, now - counts.oldest_at), 3),
        "dead": counts.dead,
        "lag": hook.lag,
    }


@contextmanager
def _outbox_answers() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as problem:
        raise Problem(503, f"the outbox of the webhooks cannot be used: {problem}") from problem
