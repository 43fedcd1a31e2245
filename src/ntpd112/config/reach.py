"""Who can be called from here, as the configuration writes it: SIP URIs, gateways, numbers by a trunk.

As in `values.py`, a parser raises ValueError with what is to be said after the value.
"""

from __future__ import annotations

import re

from .values import LAST_PORT, address, is_host_name

_SIP_URI = re.compile(
    r"sips?:(?:[^@\s<>\"?]+@)?(\[[^\]\s]+\]|[^:;?@\s\[\]]+)(?::(\d+))?((?:;[^;?\s<>\"]+)*)", re.I
)
_TRANSPORT = re.compile(r";transport=(?!(?:udp|tcp|tls)(?:;|$))([^;]*)", re.I)
_NAMED_TRANSPORT = re.compile(r";transport=([^;]*)", re.I)
_TLS = re.compile(r"sips:|.*;transport=tls(?:;|$)", re.I)
_TRUNK_NUMBER = re.compile(r"trunk:([^/]+)/(\+?[0-9*#]{1,32})", re.I)

SIP_PORT = 5060
SIPS_PORT = 5061
"Where a URI names none (RFC 3261 §19.1.2)."
TRUNK = "trunk:"
"Begins what goes out by a trunk's gateways: `trunk:NAME/NUMBER`."
NUMBER_PLACE = "{number}"
"Where the caller's number goes in the URI of a call-back."


def sip_uri(value: str) -> str:
    """`sip:110@10.1.0.5:5060;transport=tcp`. The host is an address: names are the matter of trunks, which
    keep them resolved. `sips:` is TLS."""
    sip_address(value)
    return value


def sip_address(uri: str) -> tuple[str, int]:
    """Host and port of a SIP URI, the host in its usual spelling."""
    host, port = _sip_host_port(uri)
    try:
        host = address(host)
    except ValueError:
        raise ValueError(f'has the host "{host}", which is not an IP address') from None
    return host, port or (SIPS_PORT if is_tls(uri) else SIP_PORT)


def gateway_uri(value: str) -> str:
    """A SIP URI whose host may be a name: `sip:sbc.telkom.example`."""
    host, _ = _sip_host_port(value)
    if not is_host_name(host):
        sip_address(value)
    return value


def gateway_host(uri: str) -> str:
    """Of what `gateway_uri` has taken: an address in its usual spelling, or a name."""
    host = _sip_host_port(uri)[0]
    return host.lower() if is_host_name(host) else address(host)


def gateway_transport(uri: str) -> str:
    """What `gateway_uri` has taken goes over; empty: DNS says (RFC 3263 §4.1)."""
    if is_tls(uri):
        return "tls"
    host, port = _sip_host_port(uri)
    named = _NAMED_TRANSPORT.search(uri)
    if named is not None:
        return named[1].lower()
    return "" if is_host_name(host) and port is None else "udp"


def _sip_host_port(uri: str) -> tuple[str, int | None]:
    match = _SIP_URI.fullmatch(uri)
    if match is None:
        raise ValueError(
            'is not a SIP URI such as "sip:110@10.1.0.5" or "sip:110@10.1.0.5:5060;transport=tcp"'
        )
    host, port, params = match.groups()
    if port is not None and not 0 < int(port) <= LAST_PORT:
        raise ValueError(f"has the port {port}, which is not from 1 to {LAST_PORT}")
    if wrong := _TRANSPORT.search(params):
        raise ValueError(f'has the transport "{wrong[1]}"; we have udp, tcp and tls')
    return host, int(port) if port else None


def reach(value: str) -> str:
    """Somebody outside: a SIP URI, or a number by a trunk's gateways."""
    if value.lower().startswith(TRUNK):
        trunk_number(value)
    else:
        sip_uri(value)
    return value


def trunk_number(value: str) -> tuple[str, str]:
    """Name and number of `trunk:telkom/110`."""
    match = _TRUNK_NUMBER.fullmatch(value)
    if match is None:
        raise ValueError('does not name a trunk and a number: write "trunk:NAME/NUMBER"')
    return match[1], match[2]


def is_tls(uri: str) -> bool:
    """Whether a call to this SIP URI goes over TLS."""
    return _TLS.match(uri) is not None


def reach_for(value: str) -> str:
    """As `reach`, with `{number}` for the number, in a SIP URI's user part."""
    by_trunk = value.lower().startswith(TRUNK)
    place = value.partition("/")[2] if by_trunk else value.partition("@")[0] if "@" in value else ""
    if NUMBER_PLACE not in place:
        raise ValueError(
            'does not say where the number goes: write "sip:{number}@10.1.0.5" or "trunk:NAME/{number}"'
        )
    reach(value.replace(NUMBER_PLACE, "112"))
    return value
