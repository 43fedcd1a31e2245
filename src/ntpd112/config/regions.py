"""Indonesia's kabupaten and kota by their Kemendagri code, with their provinces' time zones."""

from __future__ import annotations

import csv
import re
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

WITA = frozenset({"51", "52", "53", "63", "64", "65", "71", "72", "73", "74", "75", "76"})
"Provinces on central time: Bali, Nusa Tenggara, South, East and North Kalimantan, Sulawesi."
WIT = frozenset({"81", "82", "91", "92", "93", "94", "95", "96"})
"Provinces on eastern time: Maluku and Papua."

_CODE = re.compile(r"\d\d\.\d\d")


@cache
def regions() -> dict[str, str]:
    """Code (`35.78`) to name (`Kota Surabaya`)."""
    with (files("ntpd112") / "data" / "regencies.csv").open(encoding="utf-8") as file:
        return {row["code"]: _spelled(row["name"]) for row in csv.DictReader(file)}


def region_code(value: str) -> str:
    """The code itself. Raises ValueError naming the nearest one."""
    if value in regions():
        return value
    code = nearest(value)
    raise ValueError(
        f'is not the Kemendagri code of a kabupaten or kota; the nearest is "{code}" ({regions()[code]})'
    )


def nearest(value: str) -> str:
    """The code closest to a mistyped code, of the same province if it exists, or of the closest name."""
    digits = re.sub(r"\D", "", value)
    if digits:
        number = int(digits[:4].ljust(4, "0"))

        def distance(code: str) -> tuple[bool, int]:
            other = int(code.replace(".", ""))
            return other // 100 != number // 100, abs(other - number)

        return min(regions(), key=distance)
    by_name = {name.lower(): code for code, name in regions().items()}
    wanted = value.lower()
    within = sorted((name for name in by_name if wanted and wanted in name), key=len)
    return by_name[(within or get_close_matches(wanted, by_name, 1, cutoff=0.0))[0]]


def timezone_of(code: str) -> str:
    """The time zone of a region's province; western time when there is no region."""
    province = code[:2]
    return "Asia/Makassar" if province in WITA else "Asia/Jayapura" if province in WIT else "Asia/Jakarta"


def _spelled(name: str) -> str:
    return name.title().replace(" Dan ", " dan ")
