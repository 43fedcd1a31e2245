"""Who can be reached: an operator, a destination of the configuration, a queue, any SIP address.

Written `operator:siti`, `destination:police`, `queue:medical`, `sip:110@192.0.2.5`, `trunk:telkom/110`; what
a phone dials has no such word before it and is looked for in that order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ntpd112.config import DESTINATION_RING_S, TRUNK, is_uri, trunk_number
from ntpd112.journal.events import PartyKind
from ntpd112.sip.line import NoWay
from ntpd112.sip.target import Target
from ntpd112.sip.uri import SipSyntaxError, Uri

if TYPE_CHECKING:
    from ntpd112.config import DestinationConfig, QueueConfig

    from .context import Context

RING_S = 20.0
"How long a phone rings that no configuration says it of."


class Unreachable(Exception):
    """There is no such operator, queue or destination, or no way to it now; the message says which."""


class Unknown(Unreachable):
    """Nobody and nothing has this name or number."""


@dataclass(frozen=True, slots=True)
class Whom:
    """Somebody to ring."""

    kind: PartyKind
    name: str
    rounds: tuple[tuple[Target, ...], ...]
    "Phones that ring together; one round after the other."
    ring_s: float = RING_S
    "Each round."

    @property
    def last_resort(self) -> bool:
        """Only trunks in maintenance lead there."""
        return all(_in_maintenance(target) for targets in self.rounds for target in targets)


def find(context: Context, text: str) -> Whom | QueueConfig:
    """Raises Unreachable."""
    sort, colon, name = text.partition(":")
    if not colon:
        return _dialled(context, text)
    match sort:
        case "operator":
            return _operator(context, name)
        case "destination":
            return destination(context, name)
        case "queue":
            return _queue(context, name)
        case "sip" | "sips" | "trunk":
            return Whom("phone", text, ((target_of(context, text),),))
    raise Unreachable(
        f'"{text}" is none of operator:ID, destination:NAME, queue:NAME, sip:USER@ADDRESS and '
        "trunk:NAME/NUMBER"
    )


def destination(context: Context, name: str) -> Whom:
    """A `[[destination]]`. Targets that cannot be reached are left out, and those by trunks in maintenance if
    there are others; those by trunks that do not answer come last. Raises Unreachable."""
    found = next((one for one in context.config.destination if one.name == name), None)
    if found is None:
        raise Unreachable(f'there is no destination "{name}"')
    return _whom(context, found)


def _whom(context: Context, found: DestinationConfig) -> Whom:
    rounds, problems = [], []
    for uri in found.to:
        try:
            rounds.append((target_of(context, uri),))
        except Unreachable as problem:
            problems.append(str(problem))
    if not rounds:
        raise Unreachable(f'destination "{found.name}": {"; ".join(problems)}')
    in_service = [targets for targets in rounds if not any(map(_in_maintenance, targets))]
    answering_first = sorted(in_service or rounds, key=lambda targets: any(map(_is_silent, targets)))
    return Whom(found.kind, found.name, tuple(answering_first), found.ring)


def _is_silent(target: Target) -> bool:
    return target.line is not None and target.line.silent


def _in_maintenance(target: Target) -> bool:
    return target.line is not None and target.line.trunk.closed


def climbs_to(context: Context, to: str) -> Whom | QueueConfig:
    """The `to` of a ladder's step: a destination, a queue, or a SIP URI. Raises Unreachable."""
    if is_uri(to):
        return Whom("phone", to, ((target_of(context, to),),), DESTINATION_RING_S)
    if any(one.name == to for one in context.config.destination):
        return destination(context, to)
    return _queue(context, to)


def _dialled(context: Context, text: str) -> Whom | QueueConfig:
    if context.acd.operator(text) is not None:
        return _operator(context, text)
    for one in context.config.destination:
        if text == one.name or text in one.numbers:
            return _whom(context, one)
    for queue in context.config.queue:
        if text == queue.name or text in queue.numbers:
            return queue
    raise Unknown(f'"{text}" is no operator, destination or queue')


def _operator(context: Context, name: str) -> Whom:
    if context.acd.operator(name) is None:
        raise Unreachable(f'there is no operator "{name}"')
    phones = tuple(binding.target for binding in context.registrar.contacts(name))
    if not phones:
        raise Unreachable(f'operator "{name}" has no registered phone')
    return Whom("operator", name, (phones,))


def _queue(context: Context, name: str) -> QueueConfig:
    found = next((queue for queue in context.config.queue if queue.name == name), None)
    if found is None:
        raise Unreachable(f'there is no queue "{name}"')
    return found


def target_of(context: Context, text: str) -> Target:
    """Of a SIP URI, or a number by a trunk. Raises Unreachable."""
    if text.lower().startswith(TRUNK):
        return _by_trunk(context, text)
    try:
        target = context.ua.target_of(Uri.parse(text))
    except SipSyntaxError as problem:
        raise Unreachable(f'"{text}" is no SIP address: {problem}') from problem
    if target is None:
        raise Unreachable(
            f'"{text}" cannot be reached: its host must be an IP address that a socket of ours serves'
        )
    return target


def _by_trunk(context: Context, text: str) -> Target:
    try:
        name, number = trunk_number(text)
    except ValueError as problem:
        raise Unreachable(f'"{text}" {problem}') from problem
    if context.outbound is None:
        raise Unreachable(f'"{text}" cannot be reached: there are no trunks')
    try:
        return context.outbound.target(name, number)
    except NoWay as problem:
        raise Unreachable(str(problem)) from problem
