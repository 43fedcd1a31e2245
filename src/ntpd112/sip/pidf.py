"""Where a caller is: PIDF-LO (RFC 4119) with civic (RFC 5139) and geodetic (RFC 5491) locations.

Never raises: a garbled location is reported as such and costs no call. Document types, and with them
entities of every kind, are refused; depth, elements and text are bounded.
"""

from __future__ import annotations

from math import asin, cos, isfinite, radians, sin, sqrt
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

PIDF_TYPE = "application/pidf+xml"
MAX_DEPTH = 48
"Elements within elements; real documents have about 10."
MAX_ELEMENTS = 2_000
"Real documents have fewer than 100, a polygon a few more."
MAX_TEXT = 256
"Characters kept of one text."
MAX_CIVIC = 64
"Civic address elements kept; RFC 5139 and 6848 define about 50."
EARTH_RADIUS_M = 6_371_009.0

_SHAPES = {
    "Point": "point",
    "Circle": "circle",
    "Sphere": "circle",
    "Ellipse": "ellipse",
    "Ellipsoid": "ellipse",
    "ArcBand": "arc-band",
    "Polygon": "polygon",
    "Prism": "polygon",
}
_RADII = ("radius", "semiMajorAxis", "outerRadius")


def parse_pidf(data: bytes) -> dict[str, object]:
    """What is known of `latitude` and `longitude` (degrees, WGS 84; a shape's centre), `altitude_m`,
    `radius_m` (all of the shape is within), `shape`, `civic` (element name to text), `method`, `timestamp`.

    `error` says what was wrong, also beside what could be read. `swapped`: longitude came first."""
    try:
        root = _read(data)
    except (expat.ExpatError, ValueError, LookupError) as problem:
        return {"error": f"not a readable PIDF-LO: {problem}"[:MAX_TEXT]}
    location: dict[str, object] = {}
    for element in root.iter():
        name = element.tag
        try:
            if name in _SHAPES and "latitude" not in location:
                location |= _shape(element)
            elif name == "civicAddress" and "civic" not in location and (civic := _civic(element)):
                location["civic"] = civic
            elif name in ("method", "timestamp") and (text := _text(element)):
                location.setdefault(name, text)
        except ValueError as problem:
            location.setdefault("error", f"{name}: {problem}"[:MAX_TEXT])
    if not location.keys() & {"latitude", "civic", "error"}:
        location["error"] = "no location in the PIDF-LO"
    return location


def _read(data: bytes) -> Element:
    """The document with local names only."""
    builder = TreeBuilder()
    depth = elements = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, elements
        depth += 1
        elements += 1
        if depth > MAX_DEPTH or elements > MAX_ELEMENTS:
            raise ValueError(f"more than {MAX_ELEMENTS} elements or {MAX_DEPTH} levels")
        builder.start(name.rpartition(" ")[2], attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name.rpartition(" ")[2])

    def refuse(*_: object) -> None:
        raise ValueError("document types are not accepted")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(data.strip(), True)
    return builder.close()


def _shape(element: Element) -> dict[str, object]:
    points = _positions(element)
    if not points:
        raise ValueError("no position")
    swapped = abs(points[0][0]) > 90 >= abs(points[0][1])
    if swapped:
        # All of Indonesia is east of 95°, so a longitude in the wrong place is always seen.
        points = [(point[1], point[0], *point[2:]) for point in points]
    for point in points:
        if abs(point[0]) > 90 or abs(point[1]) > 180:
            raise ValueError(f"{point[0]} {point[1]} is not a latitude and a longitude")
    corners = points[:-1] if len(points) > 1 and points[0] == points[-1] else points
    latitude = sum(point[0] for point in corners) / len(corners)
    longitude = sum(point[1] for point in corners) / len(corners)
    shape: dict[str, object] = {"shape": _SHAPES[element.tag]}
    shape |= {"latitude": round(latitude, 7), "longitude": round(longitude, 7)}
    if len(corners[0]) > 2:
        shape["altitude_m"] = corners[0][2]
    if len(corners) > 1:
        shape["radius_m"] = round(max(_distance_m(latitude, longitude, p[0], p[1]) for p in corners), 1)
    elif (radius := _radius(element)) is not None:
        shape["radius_m"] = radius
    if swapped:
        shape["swapped"] = True
    return shape


def _positions(element: Element) -> list[tuple[float, ...]]:
    """All `pos` and `posList` in order. Of lists, srsDimension or the CRS tells two from three dimensions."""
    points: list[tuple[float, ...]] = []
    solid = "4979" in element.get("srsName", "")
    for child in element.iter():
        if child.tag == "pos":
            points.append(tuple(_numbers(child)))
        elif child.tag == "posList":
            size = 3 if child.get("srsDimension", "3" if solid else "2") == "3" else 2
            numbers = _numbers(child)
            points += [tuple(numbers[i : i + size]) for i in range(0, len(numbers) - size + 1, size)]
    if any(len(point) not in (2, 3) for point in points):
        raise ValueError("a position that has neither two nor three numbers")
    return points


def _numbers(element: Element) -> list[float]:
    numbers = [float(word) for word in (element.text or "").split()]
    if not all(isfinite(number) for number in numbers):
        raise ValueError("a position that is not finite")
    return numbers


def _radius(element: Element) -> float | None:
    for child in element.iter():
        if child.tag in _RADII:
            numbers = _numbers(child)
            if len(numbers) != 1 or numbers[0] < 0:
                raise ValueError(f"{child.tag} is not a number of metres")
            return numbers[0]
    return None


def _distance_m(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """Great-circle distance by the haversine formula, on a sphere: good to 0.5 %."""
    a, b = radians(latitude), radians(to_latitude)
    half = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(to_longitude - longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(half)))


def _civic(element: Element) -> dict[str, str]:
    civic: dict[str, str] = {}
    for child in element:
        text = _text(child)
        if text and len(civic) < MAX_CIVIC:
            civic.setdefault(child.tag[:MAX_TEXT], text)
    return civic


def _text(element: Element) -> str:
    return " ".join((element.text or "").split())[:MAX_TEXT]
