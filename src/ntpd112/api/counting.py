"""Requests counted for the metrics, in plain ASGI around everything else: by the route they met, not by their
path, so that whatever is asked for, the counts are few."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from functools import partial

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ntpd112.histogram import Histogram

DURATION_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
"Seconds."
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
NO_ROUTE = "(none)"
"What no route serves, and what was refused before one was looked for."
STREAMS = frozenset({"/api/v1/events"})
"Followers stay for days: how long says nothing."
GONE = 0
"In place of a status: the client left before there was one."
FAILED = 500


class Requests:
    """Everything since the start."""

    def __init__(self) -> None:
        self.answered: Counter[tuple[str, str, int]] = Counter()
        "By method, route and status."
        self.durations: defaultdict[str, Histogram] = defaultdict(partial(Histogram, *DURATION_BUCKETS_S))
        "Seconds from the request's head to the last of its answer, by route."


class Counting:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, requests: Requests) -> None:
        self._app = app
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = GONE, time.perf_counter()

        async def note_and_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note_and_send)
        except Exception:
            if status == GONE:
                status = FAILED  # as the framework answers, around us
            raise
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, took_s: float) -> None:
        route = getattr(scope.get("route"), "path", NO_ROUTE)
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._requests.answered[method, route, status] += 1
        if route not in STREAMS:
            self._requests.durations[route].observe(took_s)
