"""A trunk's gateways: where the entries of `to` lead, and in which order a call asks them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .liveness import Liveness
from .locate import Draw, Place, Services, by_weight, is_address, places_in_turn
from .names import Names
from .uri import Uri

AVOID_S = 30.0
"Seconds for which a gateway that did not take a call comes after the others: the next calls shall not wait."


@dataclass(frozen=True, slots=True)
class Entry:
    """As configured. Those of the lowest `priority` are asked first; of the same, by `weight`: how often one
    comes before the others."""

    uri: str
    priority: int = 0
    weight: int = 0


@dataclass(slots=True, eq=False)
class Gateway:
    """One address that an entry leads to."""

    uri: Uri
    place: Place
    liveness: Liveness
    passed_over: int = 0
    "Calls of the last AVOID_S that went to the next one."

    def __str__(self) -> str:
        return label(self.uri, self.place)


def label(uri: Uri, place: Place | None) -> str:
    """What people know it by. None: its name is not resolved."""
    return str(uri) if place is None or is_address(uri.host) else f"{uri} ({place})"


class _Found:
    """Where one entry leads now."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.uri = Uri.parse(entry.uri)
        self.services: Services = ()
        self.gateways: dict[Place, Gateway] = {}

    def in_turn(self, draw: Draw) -> list[Gateway]:
        if len(self.gateways) < 2:
            return list(self.gateways.values())
        turn = places_in_turn(self.services, draw)
        return [self.gateways[place] for place in turn if place in self.gateways]


class Gateways:
    """`make` gives a gateway that was not there before; `leads` says whether a socket of ours leads there."""

    def __init__(
        self,
        entries: Iterable[Entry],
        make: Callable[[Uri, Place], Gateway],
        leads: Callable[[Uri, Place], bool],
    ) -> None:
        self._found = [_Found(entry) for entry in entries]
        self._make = make
        self._leads = leads

    def __iter__(self) -> Iterator[Gateway]:
        """As configured."""
        return (gateway for found in self._found for gateway in found.gateways.values())

    @property
    def unresolved(self) -> list[Uri]:
        """Whose names have led nowhere yet."""
        return [found.uri for found in self._found if not found.gateways]

    def clear(self) -> None:
        self._found.clear()

    def look_up(self, names: Names) -> None:
        """Take over where names lead now: what stays is the same object, with what is known of it."""
        for found in self._found:
            found.services = names.services(found.uri)
            places = [place for service in found.services for place in service.places]
            # A name leads to both IP versions, and by transports that we may not have.
            usable = [place for place in places if self._leads(found.uri, place)] or places
            known = found.gateways
            found.gateways = {one: known.get(one) or self._make(found.uri, one) for one in usable}

    def in_turn(self, draw: Draw) -> list[Gateway]:
        """For one call: as configured and by weight; those that do not answer OPTIONS last, before them those
        that have just failed. None is left out: one that seems dead is still better than no call."""
        if len(self._found) == 1:
            turn = self._found[0].in_turn(draw)
        else:
            turn = [gateway for found in self._by_priority(draw) for gateway in found.in_turn(draw)]
        return sorted(turn, key=lambda one: (not one.liveness.alive, one.passed_over > 0))

    def _by_priority(self, draw: Draw) -> Iterator[_Found]:
        for priority in sorted({found.entry.priority for found in self._found}):
            tier = [found for found in self._found if found.entry.priority == priority]
            yield from by_weight(tier, [found.entry.weight for found in tier], draw)
