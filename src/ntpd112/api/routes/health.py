"""Health and metrics, without a key: what watches a service (a load balancer, Prometheus) seldom can hold
one. They show no caller and no call; the default `[http] listen` is loopback, and a proxy decides who else
sees them."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from ntpd112.api.answers import answer
from ntpd112.api.models import LiveOut, ReadyOut, errors
from ntpd112.api.problems import Problem
from ntpd112.calls.console import CallCentre

METRICS = '# TYPE ntpd112_calls gauge\nntpd112_calls{state="talking"} 2.0\n'
router = APIRouter(tags=["health"])


@router.get(
    "/healthz",
    summary="Is the process alive?",
    description="Whether the event loop answers; says nothing of calls.",
    response_model=LiveOut,
    responses=errors(422),
)
async def healthz(request: Request) -> Response:
    return answer(request, {"status": "ok"})


@router.get(
    "/readyz",
    summary="Would a call be handled well now?",
    description="503 with `problems` if not. `warnings` name what calls do not suffer from.",
    response_model=ReadyOut,
    responses=errors(422, 503),
)
async def readyz(request: Request) -> Response:
    centre: CallCentre = request.app.state.centre
    warnings: Callable[[], list[str]] = request.app.state.warnings
    health = centre.health()
    if not health.ready:
        raise Problem(503, "; ".join(health.problems) or "not ready", problems=health.problems)
    return answer(request, {"ready": True, "problems": health.problems, "warnings": warnings()})


@router.get(
    "/metrics",
    summary="Metrics in Prometheus format",
    description="Calls, waiting, service level, trunks, media and the agent itself.",
    response_class=Response,
    responses={
        200: {
            "content": {"text/plain": {"schema": {"type": "string"}, "example": METRICS}},
            "description": "Metrics.",
        },
        **errors(422),
    },
)
async def metrics(request: Request) -> Response:
    return Response(generate_latest(request.app.state.metrics), media_type=CONTENT_TYPE_LATEST)
