"""The FastAPI app: wiring of routes, errors, limits and the OpenAPI document."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry

from ntpd112.access import Gate
from ntpd112.api import document, problems
from ntpd112.api.audited import Audited
from ntpd112.api.counting import Counting, Requests
from ntpd112.api.exports import Exports
from ntpd112.api.limits import Limits
from ntpd112.api.metrics import CentreCollector, HttpCollector
from ntpd112.api.models import errors
from ntpd112.api.once import Answers, Once, Replay
from ntpd112.api.parameters import only_known
from ntpd112.api.routes import (
    audit,
    callbacks,
    callers,
    calls,
    cdrs,
    configuration,
    events,
    flood,
    health,
    history,
    holds,
    keys,
    levels,
    operators,
    plant,
    prompts,
    reports,
    sessions,
    steering,
    talking,
    trials,
    webhooks,
)
from ntpd112.audit import AuditLog
from ntpd112.calls.console import CallCentre
from ntpd112.feed import Feed

DESCRIPTION = """The call-handling backend of a 112 call centre: live calls, operators, queues, trunks, and
call detail records. Times are RFC 3339 in the site's zone, durations seconds. Errors are RFC 9457 problem
documents. A parameter or field that is not known is refused by name."""


def create_app(
    centre: CallCentre,
    cdr_store: cdrs.Cdrs,
    gate: Gate,
    recordings: Path | None = None,
    *,
    announcements: prompts.Prompts,
    feed: Feed,
    audit_log: AuditLog,
    legal_holds: holds.Holds,
    report_store: reports.Reports,
    zone: tzinfo = UTC,
    metrics: CollectorRegistry | None = None,
    warnings: Callable[[], list[str]] = list,
    read_call: history.History = lambda call_id: (),
    hooks: Mapping[str, webhooks.Webhook] = MappingProxyType({}),
    reload: configuration.Reload = configuration.cannot,
) -> FastAPI:
    """`gate`: who may ask. `recordings`: the folder, None when calls are not recorded. `announcements`:
    built in and the site's own. `feed`: the live one. `audit_log`: started. `legal_holds`: what retention
    leaves alone. `report_store`: the summaries. `zone`: the site's. `metrics`: what `/metrics` shows beside
    the requests, by default the centre's. `warnings`: problems that calls do not suffer from, for `/readyz`.
    `read_call`: a call's journal. `hooks`: webhooks by name. `reload`: reads the configuration again."""
    app = FastAPI(
        title="ntpd112",
        version=version("ntpd112"),
        description=DESCRIPTION,
        docs_url=None,  # their pages load scripts from elsewhere, which a call centre's network may not reach
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,  # what clients made of the document call it
        responses=errors(408, 413, 503),  # of `Limits`, whatever the path
        dependencies=[Depends(only_known)],
    )
    if metrics is None:
        metrics = CollectorRegistry()
        metrics.register(CentreCollector(centre))
    requests = Requests()
    metrics.register(HttpCollector(requests))
    app.state.centre = centre
    app.state.cdrs = cdr_store
    app.state.gate = gate
    app.state.feed = feed
    app.state.audit = audit_log
    app.state.holds = legal_holds
    app.state.reports = report_store
    app.state.exports = Exports()
    app.state.recordings = recordings
    app.state.zone = zone
    app.state.metrics = metrics
    app.state.warnings = warnings
    app.state.history = read_call
    app.state.one_at_a_time = asyncio.Lock()  # what keeps a thread busy
    app.state.prompts = announcements
    app.state.once = Answers()
    app.state.webhooks = hooks
    app.state.reload = reload
    problems.install(app)
    app.add_exception_handler(Replay, _replayed)
    app.add_middleware(Once, answers=app.state.once)
    app.add_middleware(Audited)
    app.add_middleware(Limits)
    app.add_middleware(Counting, requests=requests)  # the last one added is the outermost
    parts = (
        audit,
        calls,
        steering,
        talking,
        history,
        callbacks,
        callers,
        cdrs,
        reports,
        holds,
        events,
        levels,
        operators,
        plant,
        trials,
        flood,
        prompts,
        configuration,
        webhooks,
        keys,
        sessions,
        health,
    )
    for part in parts:
        app.include_router(part.router)
    app.openapi = lambda: _openapi(app, [part.router for part in parts])  # type: ignore[method-assign]
    return app


async def _replayed(_: Request, again: Exception) -> Response:
    assert isinstance(again, Replay)
    return again.response()


def _openapi(app: FastAPI, routers: Sequence[APIRouter]) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        app.openapi_schema = document.openapi(app, routers)
    return app.openapi_schema
