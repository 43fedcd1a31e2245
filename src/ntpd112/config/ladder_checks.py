"""What a ladder's steps say about each other, their queue, and where they lead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .lines import Path
from .problems import Complaint, shown, where
from .queues import QueueConfig, is_uri
from .tables import elements, listed, tables, text
from .values import duration


def ladder_checks(given: dict[str, Any]) -> list[Complaint]:
    """On the values as given, which may be malformed."""
    return [
        *_steps_out_of_order(given),
        *_steps_to_nowhere(given),
        *_steps_never_reached(given),
        *_roles_unknown(given),
    ]


def _steps(given: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Path, dict[str, Any]]]:
    """Each step with its queue and path."""
    for index, queue in tables(given, "queue"):
        for place, step in tables(queue, "ladder"):
            yield queue, ("queue", index, "ladder", place), step


def _steps_out_of_order(given: dict[str, Any]) -> Iterator[Complaint]:
    latest: tuple[Path, float] = ((), 0.0)
    for _, path, step in _steps(given):
        try:
            after = duration(step.get("after"))
        except ValueError:
            continue
        if path[:2] == latest[0][:2] and after < latest[1]:
            key = (*path, "after")
            message = f"{where(key, given)}after {shown(step['after'])} is sooner than the step before"
            yield Complaint(key, message, step["after"])
        latest = path, after


def _steps_to_nowhere(given: dict[str, Any]) -> Iterator[Complaint]:
    names = {text(table, "name") for kind in ("queue", "destination") for _, table in tables(given, kind)}
    for queue, path, step in _steps(given):
        to, key = text(step, "to"), (*path, "to")
        if not to or is_uri(to):
            continue
        if to == text(queue, "name"):
            yield Complaint(key, f'{where(key, given)}to "{to}" is the queue that the call is in', to)
        elif to not in names:
            known = listed(names - {text(queue, "name")}) or "none yet"
            message = f'{where(key, given)}to "{to}" is no [[destination]], queue or SIP URI ({known})'
            yield Complaint(key, message, to)


def _steps_never_reached(given: dict[str, Any]) -> Iterator[Complaint]:
    """A step to a queue takes the call out of this ladder."""
    queues = {text(table, "name") for _, table in tables(given, "queue")}
    left: dict[Path, tuple[int | str, str]] = {}
    for _, path, step in _steps(given):
        if gone := left.get(path[:2]):
            message = (
                f"{where((*path, ''), given)}is never reached: "
                f'step {int(gone[0]) + 1} has taken the call to queue "{gone[1]}"'
            )
            yield Complaint(path, message, step)
        elif (to := text(step, "to")) in queues:
            left[path[:2]] = path[3], to


def _roles_unknown(given: dict[str, Any]) -> Iterator[Complaint]:
    for queue, path, step in _steps(given):
        roles = elements(queue, "roles") if "roles" in queue else QueueConfig.model_fields["roles"].default
        for place, role in enumerate(elements(step, "include")):
            if role not in roles:
                key = (*path, "include", place)
                known = ", ".join(map(str, roles)) or "nobody"
                message = f"{where(key, given)}include {shown(role)} is none of the queue's roles: {known}"
                yield Complaint(key, message, role)
