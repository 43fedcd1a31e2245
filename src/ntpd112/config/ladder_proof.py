"""Proves of every queue that a call which no operator takes still ends at a person or another centre.

A call leaves a queue's ladder only by a step with `to`. A destination or SIP URI is an end: somebody there
answers, and if not, the steps with `to` begin again. A queue takes the call, with the time it has waited,
into its own ladder. So a way out is a walk from queue to queue, and it is proven if an end is on it before
the walk is over or comes back to where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from .models import Config
from .problems import Complaint
from .queues import QueueConfig

Way = Literal["timed out", "full", "empty", "on break"]
"""Why no operator takes a call: those who serve do not answer in time; more wait than `max_waiting`; nobody
is registered; everybody is on break."""
WITHOUT_OPERATORS: tuple[Way, ...] = ("empty", "on break")
PBX = "PBX"
"The end of a call that is refused, so that the PBX rings somebody else."


@dataclass(frozen=True, slots=True)
class Route:
    """Where a call of a queue goes when no operator takes it."""

    queue: str
    way: Way
    queues: tuple[str, ...]
    "It waits in these, one after the other; the first is `queue`."
    ends: tuple[str, ...]
    "Destinations and SIP URIs that are rung, in order, or PBX. Empty: the call waits for ever."
    after_s: float = 0.0
    "Time waited when the first end is rung."
    back_to: str = ""
    "The queue of `queues` where the walk begins again, if it goes round."

    @property
    def same(self) -> tuple[object, ...]:
        """Equal for routes of a queue that differ in nothing but why."""
        return self.queue, self.queues, self.ends, self.after_s, self.back_to


def routes_of(config: Config) -> list[Route]:
    """Every way out of every queue that there can be, in the order of the file."""
    queues = {queue.name: queue for queue in config.queue}
    return [_route(queue, way, queues) for queue in config.queue for way in _ways(queue)]


def grouped(routes: list[Route]) -> list[tuple[Route, list[Way]]]:
    """Routes that are the same but for why, with all the reasons; in the order of the first of them."""
    groups: dict[tuple[object, ...], tuple[Route, list[Way]]] = {}
    for route in routes:
        groups.setdefault(route.same, (route, []))[1].append(route.way)
    return list(groups.values())


def dead_ends(config: Config) -> list[Complaint]:
    """What keeps queues from being proven; empty: all are."""
    places = {queue.name: index for index, queue in enumerate(config.queue)}
    lost = [route for route in routes_of(config) if not route.ends]
    return [
        Complaint(("queue", places[route.queue], "ladder"), _said(route, ways, bool(config.destination)))
        for route, ways in grouped(lost)
    ]


def _ways(queue: QueueConfig) -> Iterator[Way]:
    yield "timed out"
    if queue.max_waiting:
        yield "full"
    yield from WITHOUT_OPERATORS


def _route(queue: QueueConfig, way: Way, queues: dict[str, QueueConfig]) -> Route:
    if way in WITHOUT_OPERATORS and queue.no_operator == "reject":
        return Route(queue.name, way, (queue.name,), (PBX,))
    waits: list[str] = []
    ends: list[str] = []
    waited = after_s = 0.0
    here: QueueConfig | None = queue
    while here is not None and here.name not in waits:
        waits.append(here.name)
        following: QueueConfig | None = None
        for step in here.ladder:
            if not step.to:
                continue
            waited = max(waited, step.after)
            if following := queues.get(step.to):
                break
            after_s = after_s if ends else waited
            ends.append(step.to)
        here = following
    at_once = way != "timed out"
    return Route(
        queue.name, way, tuple(waits), tuple(ends), 0.0 if at_once else after_s, here.name if here else ""
    )


def _said(route: Route, ways: list[Way], any_destination: bool) -> str:
    path = " -> ".join(f'"{name}"' for name in (*route.queues, route.back_to) if name)
    goes = "goes round" if route.back_to else "goes" if len(route.queues) > 1 else "waits in"
    none_yet = "" if any_destination else " (there is none yet)"
    return (
        f'queue "{route.queue}": a call that no operator takes ({", ".join(ways)}) {goes} {path} and never '
        "gets to a person: add [[queue.ladder]] with a time in `after`, and in `to` the name of a "
        f"[[destination]]{none_yet}"
    )
