"""What queues, destinations, numbers and feature codes say about each other; ladders: `ladder_checks.py`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from .ladder_checks import ladder_checks
from .lines import Path
from .models import Config, SipConfig
from .people import CodesConfig
from .problems import Complaint, shown, where
from .queues import QueueConfig
from .reach import sip_address
from .tables import elements, listed, tables, text


def queue_checks(given: dict[str, Any]) -> list[Complaint]:
    """On the values as given, which may be malformed."""
    return [
        *_names_of_both(given),
        *_numbers_served_twice(given),
        *_numbers_of_no_queue(given),
        *ladder_checks(given),
        *_screening_unheard(given),
        *_dialled_twice(given),
        *_destinations_of_our_own(given),
    ]


def queue_doubts(config: Config) -> list[str]:
    """What works but is hardly meant."""
    reached = {step.to for queue in config.queue for step in queue.ladder}
    reached |= {number.queue for number in config.number} | {config.queue[0].name}
    wanted = {skill for trunk in config.trunk for skill in trunk.skills}
    wanted |= {skill for number in config.number for skill in number.skills}
    doubts = []
    for queue in config.queue:
        here = f'queue "{queue.name}": '
        if not queue.numbers and queue.name not in reached:
            doubts.append(
                f"{here}no number and no ladder leads here: only operators can transfer calls to it"
            )
        for number, skill in _dropped(queue):
            if skill not in wanted | queue.skills.keys():
                doubts.append(f'{here}ladder step {number}: drops "{skill}", which no call asks for')
        if queue.no_operator == "reject":
            doubts.append(
                f'{here}no_operator = "reject" gives calls back with 503: right behind a PBX, '
                "but a telco's trunk has nobody else to ring"
            )
    return doubts


def _dropped(queue: QueueConfig) -> Iterator[tuple[int, str]]:
    for number, step in enumerate(queue.ladder, 1):
        for skill in step.drop:
            yield number, skill


def _names_of_both(given: dict[str, Any]) -> Iterator[Complaint]:
    queues = {text(table, "name") for _, table in tables(given, "queue")}
    for index, table in tables(given, "destination"):
        name = text(table, "name")
        if name and name in queues:
            message = f'destination "{name}": a queue has this name too, so that `to` would say two things'
            yield Complaint(("destination", index, "name"), message, name)


def _numbers_served_twice(given: dict[str, Any]) -> Iterator[Complaint]:
    """The same number in two queues or aliases: which one was meant?"""
    owners: dict[str, Path] = {}
    for index, table in tables(given, "queue"):
        for place, number in enumerate(elements(table, "numbers")):
            path: Path = ("queue", index, "numbers", place)
            owner = owners.setdefault(str(number).lower(), path)
            if owner[1] != index:
                there = where(owner, given).removesuffix(": ")
                yield Complaint(
                    path, f"{where(path, given)}number {shown(number)} is also of {there}", number
                )
    aliases: set[str] = set()
    for index, table in tables(given, "number"):
        number, queue = text(table, "number").lower(), text(table, "queue")
        if number and number in aliases:
            message = f'number "{number}": there are two of this number'
            yield Complaint(("number", index, "number"), message, number)
        aliases.add(number)
        if queue and number in owners and text(given["queue"][owners[number][1]], "name") != queue:
            there = where(owners[number], given).removesuffix(": ")
            message = f'number "{number}": queue "{queue}" is given, but the number is of {there}'
            yield Complaint(("number", index, "queue"), message, queue)


def _numbers_of_no_queue(given: dict[str, Any]) -> Iterator[Complaint]:
    if "queue" not in given:
        given = Config().model_dump(include={"queue"}) | given
    queues = [table for _, table in tables(given, "queue")]
    names = {text(table, "name") for table in queues}
    served = {str(number).lower() for table in queues for number in elements(table, "numbers")}
    for index, table in tables(given, "number"):
        number, queue = text(table, "number"), text(table, "queue")
        if queue and queue not in names:
            message = f'number "{number}": queue "{queue}" is none of {listed(names)}'
            yield Complaint(("number", index, "queue"), message, queue)
        elif number and not queue and number.lower() not in served:
            message = f'number "{number}": no queue serves it: add queue = "NAME"'
            yield Complaint(("number", index), message, number)


def _screening_unheard(given: dict[str, Any]) -> Iterator[Complaint]:
    for index, queue in tables(given, "queue"):
        if "screening" in queue and queue.get("answer") == "ring":
            path: Path = ("queue", index, "screening")
            message = (
                f'{where(path, given)}screening needs answer = "announce": who is not answered hears nothing'
            )
            yield Complaint(path, message, queue["screening"])


def _dialled_twice(given: dict[str, Any]) -> Iterator[Complaint]:
    """What operators dial. Codes may be followed by an operator's number, so nothing else begins with one."""
    seen: list[tuple[Path, str]] = []
    for path, keys in _dialled(given):
        for other, taken in seen:
            code_first = other[0] == "codes" and keys.startswith(taken)
            if keys == taken or code_first or (path[0] == "codes" and taken.startswith(keys)):
                what = f"{where(path, given)}{_called(path)}"
                how = "is also" if keys == taken else f'cannot be told from "{taken}":'
                yield Complaint(path, f'{what} "{keys}" {how} {where(other, given)}{_called(other)}', keys)
                break
        seen.append((path, keys))


def _called(path: Path) -> str:
    return str(path[-1]) if path[0] == "codes" else "number"


def _dialled(given: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """The defaults first, so that what is said is said of a value in the file."""
    codes = given.get("codes")
    own = codes if isinstance(codes, dict) else {}
    default = {key: keys for key, keys in CodesConfig().model_dump(by_alias=True).items() if key not in own}
    for name, keys in (*default.items(), *own.items()):
        if isinstance(keys, str) and keys:
            yield ("codes", name), keys
    for index, table in tables(given, "destination"):
        for place, number in enumerate(elements(table, "numbers")):
            if isinstance(number, str) and number:
                yield ("destination", index, "numbers", place), number


def _destinations_of_our_own(given: dict[str, Any]) -> Iterator[Complaint]:
    """A call that is sent to ourselves comes back as another one, and again."""
    ours = _our_addresses(given)
    for index, table in tables(given, "destination"):
        to = table.get("to")
        for place, uri in enumerate(to if isinstance(to, list) else [to]):
            path: Path = ("destination", index, "to", place)
            try:
                mine = sip_address(uri) in ours if isinstance(uri, str) else False
            except ValueError:
                continue
            if mine:
                message = (
                    f"{where(path, given)}to {shown(uri)} is an address of our own: calls would go round"
                )
                yield Complaint(path, message, uri)


def _our_addresses(given: dict[str, Any]) -> set[tuple[str, int]]:
    sip = given.get("sip")
    try:
        own = SipConfig.model_validate({} if sip is None else sip)
    except ValidationError:
        return set()
    ours = {(url.host, url.port) for url in own.listen}
    return ours | {(own.advertise, url.port) for url in own.listen if own.advertise}
