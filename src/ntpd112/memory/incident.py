"""Where many calls come from: one radio cell, or places within a few kilometres of each other."""

from __future__ import annotations

import re
from collections import Counter
from math import cos, floor, hypot, radians

import msgspec

from ntpd112.journal.events import CallStarted

KM_PER_DEGREE = 111.2
"Of latitude; of longitude at the equator."
MAX_CELL = 64
"Characters kept of a cell's id; 3GPP's have at most 20."

_CELL = re.compile(r'(?:utran-cell-id-3gpp|cgi-3gpp|utran-sai-3gpp|i-wlan-node-id)\s*=\s*"?([^";,\s]+)', re.I)
"""Parameters of P-Access-Network-Info (RFC 7315 section 5.4) that name a cell."""


class Spot(msgspec.Struct, frozen=True, array_like=True):
    """Where one call came from; what is not known is None or empty."""

    latitude: float | None = None
    "Degrees, WGS 84."
    longitude: float | None = None
    radius_m: float = 0.0
    "How uncertain it is."
    cell: str = ""

    @property
    def known(self) -> bool:
        return self.latitude is not None or bool(self.cell)


class Incident(msgspec.Struct, frozen=True, array_like=True):
    """Where the most calls come from."""

    count: int
    spot: Spot
    "Of them all: a centre or a cell."
    radius_km: float = 0.0

    def __str__(self) -> str:
        if self.spot.latitude is None:
            return f"{self.count} from cell {self.spot.cell}"
        return (
            f"{self.count} within {self.radius_km:g} km of {self.spot.latitude:.4f},{self.spot.longitude:.4f}"
        )


def spot_of(call: CallStarted) -> Spot:
    """Garbled locations count as none."""
    location = call.location or {}
    latitude, longitude = _degrees(location.get("latitude"), 90), _degrees(location.get("longitude"), 180)
    cell = match[1][:MAX_CELL].lower() if (match := _CELL.search(call.access_network)) else ""
    if latitude is None or longitude is None:
        return Spot(cell=cell)
    radius = location.get("radius_m")
    return Spot(latitude, longitude, float(radius) if isinstance(radius, int | float) else 0.0, cell)


def _degrees(value: object, limit: float) -> float | None:
    return float(value) if isinstance(value, int | float) and abs(value) <= limit else None


def distance_km(a: Spot, b: Spot) -> float | None:
    """As the crow flies, on a flat map: good to 1 % within some hundred kilometres. None: not known."""
    if a.latitude is None or a.longitude is None or b.latitude is None or b.longitude is None:
        return None
    east = (a.longitude - b.longitude) * cos(radians((a.latitude + b.latitude) / 2))
    return KM_PER_DEGREE * hypot(a.latitude - b.latitude, east)


def densest(spots: list[Spot], radius_km: float) -> Incident | None:
    """Where the most of these calls come from; None when no place is known. Cost grows with their
    number only: the fullest squares of a grid, then all calls within the radius of their middle."""
    cells = Counter(spot.cell for spot in spots if spot.cell)
    by_cell = max(cells.items(), key=lambda item: item[1], default=None)
    placed = [spot for spot in spots if spot.latitude is not None]
    by_place = _around(_fullest(placed, radius_km), placed, radius_km) if placed else None
    if by_cell is not None and (by_place is None or by_cell[1] > by_place.count):
        return Incident(by_cell[1], Spot(cell=by_cell[0]))
    return by_place


def _fullest(placed: list[Spot], radius_km: float) -> list[Spot]:
    """The calls of the fullest four squares that meet in a corner: no grid line divides an incident then."""
    fours: dict[tuple[int, int], list[Spot]] = {}
    side = radius_km / KM_PER_DEGREE
    for spot in placed:
        row, column = floor((spot.latitude or 0.0) / side), floor((spot.longitude or 0.0) / side)
        for corner in ((row, column), (row - 1, column), (row, column - 1), (row - 1, column - 1)):
            fours.setdefault(corner, []).append(spot)
    return max(fours.values(), key=len)


def _around(core: list[Spot], placed: list[Spot], radius_km: float) -> Incident:
    """All within the radius of the middle, which then moves once to the middle of those."""
    near = core
    for _ in range(2):
        centre = _middle(near)
        near = [
            s for s in placed if (away := distance_km(s, centre)) is not None and away <= radius_km
        ] or near
    return Incident(len(near), centre, radius_km)


def _middle(spots: list[Spot]) -> Spot:
    count = len(spots)
    latitude = sum(spot.latitude or 0.0 for spot in spots) / count
    return Spot(latitude, sum(spot.longitude or 0.0 for spot in spots) / count)
