"""The small languages inside configuration values: durations, port ranges, addresses, listen URLs.

A parser raises ValueError with what is to be said after the value: `is not a duration such as "15s"`.
"""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*/\s*(s|m|h)")
_BIT_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*([kMG])bit/s")
_TELEPHONE = re.compile(r"\+?[0-9*#]{1,32}")
_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEYS = re.compile(r"[0-9*#]+")
_BITS = {"k": 1e3, "M": 1e6, "G": 1e9}
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

MIN_SESSION_S = 90
"RFC 4028 §5 allows no shorter session interval."
MAX_SESSION_S = 86_400
LAST_CODE_POINT = 63
_CODE_POINTS = {
    "none": 0,
    "ef": 46,
    **{f"cs{precedence}": 8 * precedence for precedence in range(1, 8)},
    **{f"af{kind}{drop}": 8 * kind + 2 * drop for kind in range(1, 5) for drop in range(1, 4)},
}

FIRST_PORT = 1024
"Below it, ports are the system's."
LAST_PORT = 65535

DNS_PORT = 53
DATABASE_DRIVERS = ("sqlite+aiosqlite", "postgresql+asyncpg")


class ListenUrl(NamedTuple):
    """`host` is an IP address, IPv6 without brackets."""

    transport: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.transport}://{_bracketed(self.host)}:{self.port}"


class HttpAddress(NamedTuple):
    host: str
    port: int

    def __str__(self) -> str:
        return f"{_bracketed(self.host)}:{self.port}"


def duration(value: object) -> float:
    """Seconds. A plain number is taken as seconds."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError('is not a duration such as "15s", "500ms", "2m" or "1h"')
    return float(match[1]) * _SECONDS[match[2]]


def session_interval(value: object) -> float:
    """Seconds of a session interval; 0: none."""
    seconds = duration(value)
    if seconds and not MIN_SESSION_S <= seconds <= MAX_SESSION_S:
        raise ValueError('is not "0s" for none, or from "90s" (RFC 4028) to "24h"')
    return seconds


def each_once(values: list[str]) -> list[str]:
    if len(set(values)) < len(values):
        raise ValueError("names something twice")
    return values


def rate(value: object) -> float:
    """Of something a second: `50/s`, `600/m`."""
    if isinstance(value, float) and value >= 0:
        return value
    match = _RATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError('is not a rate such as "50/s" or "600/m"')
    return float(match[1]) / _SECONDS[match[2]]


def dscp(value: object) -> int:
    """A code point (RFC 2474): `ef` (RFC 3246), `af41` (RFC 2597), `cs3`, or its number; `none`: no mark."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LAST_CODE_POINT:
        return value
    code_point = _CODE_POINTS.get(value.strip().lower()) if isinstance(value, str) else None
    if code_point is None:
        raise ValueError(f'is not "none", "ef", "cs1" to "cs7", "af11" to "af43" or 0 to {LAST_CODE_POINT}')
    return code_point


def bit_rate(value: object) -> float:
    """Bits a second: `100 Mbit/s`."""
    if isinstance(value, float) and value > 0:
        return value
    match = _BIT_RATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or not float(match[1]):
        raise ValueError('is not a bit rate such as "100 Mbit/s" or "512 kbit/s"')
    return float(match[1]) * _BITS[match[2]]


def duration_range(value: object) -> tuple[float, float]:
    """`60s..1h` as least and greatest seconds."""
    if isinstance(value, tuple | list) and len(value) == 2:
        first, last = duration(value[0]), duration(value[1])
    elif isinstance(value, str) and ".." in value:
        least, _, most = value.partition("..")
        first, last = duration(least), duration(most)
    else:
        raise ValueError('is not a range of durations such as "60s..1h"')
    if not 0 < first <= last:
        raise ValueError("is not a range from a duration above 0 to the same or a longer one")
    return first, last


def port_range(value: object) -> tuple[int, int]:
    """`20000-29999` as first and last port. The first is even, as RTP ports are (RFC 3550 §11)."""
    parts = value if isinstance(value, tuple | list) else str(value).split("-")
    try:
        first, last = (int(str(part)) for part in parts)
    except ValueError:
        raise ValueError('is not a port range such as "20000-29999"') from None
    if not FIRST_PORT <= first < last <= LAST_PORT:
        raise ValueError(f"is not a range of rising ports from {FIRST_PORT} to {LAST_PORT}")
    if first % 2:
        raise ValueError(f"does not start with an even port: RTP takes even ones, so start with {first + 1}")
    return first, last


def address(value: str) -> str:
    """An IP address in its usual spelling."""
    try:
        return str(ip_address(value.strip("[]")))
    except ValueError:
        raise ValueError("is not an IP address") from None


def own_address(value: str) -> str:
    """An IP address that one machine can have and another can send to."""
    text = address(value)
    found = ip_address(text)
    if found.is_unspecified:
        raise ValueError("says no address: write the one that others reach us at")
    if found.is_multicast:
        raise ValueError("is a multicast address, which no machine has for its own")
    return text


def network(value: str) -> str:
    """An address, or a network written with its first address."""
    try:
        if "/" not in value:
            return address(value)
        found = ip_network(value, strict=False)
    except ValueError:
        raise ValueError("is not an address or network") from None
    if str(found.network_address) != str(ip_address(value.partition("/")[0])):
        raise ValueError(f'is not a network: write "{found}" for all of it, or the address without "/"')
    return str(found)


def peer(value: str) -> str:
    """As `network`, or a host name."""
    return value.lower() if is_host_name(value) else network(value)


def is_network(peer: str) -> bool:
    """False: it is a host name."""
    return not is_host_name(peer)


def is_host_name(text: str) -> bool:
    """Not what may have been meant as an address: the last label of a domain is no number (RFC 3696 §2)."""
    return _HOST_NAME.fullmatch(text) is not None and not text.rpartition(".")[2].isdigit()


def listen_url(value: object) -> ListenUrl:
    if isinstance(value, tuple) and len(value) == 3:
        return ListenUrl(*value)
    wrong = 'is not a listen URL such as "udp://0.0.0.0:5060", "tcp://[::]:5060" or "tls://0.0.0.0:5061"'
    transport, separator, rest = str(value).partition("://")
    if not separator or transport not in ("udp", "tcp", "tls"):
        raise ValueError(wrong)
    host, port = _host_port(rest, wrong)
    return ListenUrl(transport, host, port)


def hep_url(value: object) -> ListenUrl:
    try:
        url = listen_url(value)
    except ValueError:
        url = None
    if url is None or url.transport != "udp" or not url.port:
        raise ValueError('is not a HEP address such as "udp://10.1.0.9:9060"')
    return url


def name_server(value: object) -> HttpAddress:
    """`10.1.0.53`, `10.1.0.53:5353`."""
    if isinstance(value, tuple) and len(value) == 2:
        return HttpAddress(*value)
    try:
        return HttpAddress(address(str(value)), DNS_PORT)
    except ValueError:
        return HttpAddress(*_host_port(str(value), 'is not the address of a name server such as "10.1.0.53"'))


def http_address(value: object) -> HttpAddress:
    if isinstance(value, tuple) and len(value) == 2:
        return HttpAddress(*value)
    return HttpAddress(*_host_port(str(value), 'is not an address and port such as "127.0.0.1:8112"'))


def _host_port(text: str, wrong: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not (colon and port.isascii() and port.isdigit() and 0 <= int(port) <= LAST_PORT):
        raise ValueError(wrong)
    if ":" in host and not host.startswith("["):
        raise ValueError(wrong)
    try:
        return address(host), int(port)
    except ValueError:
        raise ValueError(wrong) from None


def telephone(value: str) -> str:
    if not _TELEPHONE.fullmatch(value):
        raise ValueError('is no telephone number such as "112" or "+62318411110"')
    return value


def host_name(value: str) -> str:
    """A domain, or an address."""
    if not _HOST_NAME.fullmatch(value):
        raise ValueError('is no domain such as "ims.telkom.example"')
    return value.lower()


def keys(value: str) -> str:
    """Digits, `*` and `#`."""
    if not _KEYS.fullmatch(value):
        raise ValueError("is not made of a telephone's keys: digits, * and #")
    return value


def database_url(value: str) -> str:
    driver, separator, rest = value.partition("://")
    if not separator or driver not in DATABASE_DRIVERS:
        drivers = " or ".join(f'"{known}://..."' for known in DATABASE_DRIVERS)
        raise ValueError(f"is not a database URL of a supported driver: {drivers}")
    if driver.startswith("sqlite") and not rest.strip("/"):
        raise ValueError('names no file: write "sqlite+aiosqlite:///ntpd112.db"')
    return value


def mqtt_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise ValueError('is not a broker URL such as "mqtt://127.0.0.1:1883" or "mqtts://broker:8883"')
    if "@" in parts.netloc:
        raise ValueError("has a user in it: set username and password_file, which no log shows")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("has more than a host and a port")
    _check_port(parts)
    return value


def http_url(value: str) -> str:
    """Of a webhook's receiver."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or not value.isprintable() or " " in value:
        raise ValueError('is not a URL such as "https://dispatch.example.go.id/112"')
    if "@" in parts.netloc:
        raise ValueError("has a user in it: requests are known by their signature")
    if parts.fragment:
        raise ValueError('has a "#", which no server would see')
    _check_port(parts)
    return value


def is_private(url: str) -> bool:
    """Whether a URL's host is this machine or an address of a private network. Raises ValueError for what is
    no URL."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        found = ip_address(host)
    except ValueError:
        return False
    return found.is_loopback or found.is_private


def plain_name(value: str) -> str:
    """One that stands in a path, a metric and a command as it is."""
    if not _PLAIN_NAME.fullmatch(value):
        raise ValueError(
            "is not made of letters, digits, `.`, `_` and `-` (up to 64, a letter or digit first)"
        )
    return value


def _check_port(url: SplitResult) -> None:
    try:
        if url.port == 0:
            raise ValueError
    except ValueError:
        raise ValueError("has a port that is not from 1 to 65535") from None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
