"""The files of an Asterisk in front of ntpd112: most are the same everywhere, three are the site's. Pure, but
for the packaged files that they come from."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from ntpd112.config import Config, HttpAddress

SAME_EVERYWHERE = ("asterisk", "extensions", "indications", "logger", "modules", "pjsip", "rtp")
PARTS = {"pjsip": ("pjsip-site.conf", "pjsip-operators.conf"), "extensions": ("extensions-site.conf",)}
"The site's own files, by what they are part of."
SIP_PORT = 5060
ANSWER_S = 120
"""Seconds that the PBX waits for an answer. Queues answer at once, or with `answer = "ring"` when an operator
does: who has waited for two minutes without is better off with the hunt group."""
OPERATORS = """\
; One block per operator. Use the same names as in `ntpd112 operator add`, with passwords of their own.
; Whoever is added here is also added to FALLBACK_PHONES in extensions-site.conf.
"""
OPERATOR = """
[{name}](operator)
auth = {name}
aors = {name}
[{name}](operator-auth)
username = {name}
password = {password}
[{name}](operator-aor)
"""


class NotSaid(ValueError):
    """The configuration lacks an address; the message says which key gives it."""


class Phone(NamedTuple):
    """An operator's second account, at the PBX."""

    name: str
    password: str


class Site(NamedTuple):
    """Addresses: `pbx` and `agent` with their ports."""

    pbx: HttpAddress
    agent: HttpAddress
    telco: Sequence[str]
    phones: Sequence[Phone]


def site_of(config: Config, trunk: str | None, telco: Sequence[str], phones: Sequence[Phone]) -> Site:
    """`trunk`: whose peer is the PBX; None: the first. Raises NotSaid."""
    found = next((one for one in config.trunk if trunk in (None, one.name)), None)
    if found is None:
        raise NotSaid(f'there is no [[trunk]] "{trunk}"' if trunk else "no [[trunk]] says where the PBX is")
    single = [peer for peer in found.peers if ip_network(peer).num_addresses == 1]
    if not single:
        raise NotSaid(f'trunk "{found.name}": none of its peers is a single address, as the PBX\'s is')
    return Site(HttpAddress(single[0], SIP_PORT), _agent(config), telco, phones)


def _agent(config: Config) -> HttpAddress:
    udp = [url for url in config.sip.listen if url.transport == "udp"]
    if not udp:
        raise NotSaid("[sip] listen has no udp:// URL, which Asterisk sends to")
    host = config.sip.advertise or udp[0].host
    if ip_address(host).is_unspecified:
        raise NotSaid("[sip] listen says no address that the PBX could send to: set [sip] advertise")
    return HttpAddress(host, udp[0].port)


def site_files(site: Site) -> dict[str, str]:
    return {
        "pjsip-site.conf": _packaged("pjsip-site.conf.in").format(
            pbx=site.pbx, agent=site.agent, agent_host=site.agent.host, telco=",".join(site.telco)
        ),
        "pjsip-operators.conf": OPERATORS + "".join(OPERATOR.format(**one._asdict()) for one in site.phones),
        "extensions-site.conf": _packaged("extensions-site.conf.in").format(
            phones="&".join(f"PJSIP/{one.name}" for one in site.phones), answer_s=ANSWER_S
        ),
    }


def all_files(site: Site) -> dict[str, str]:
    """By name, as in /etc/asterisk."""
    return {f"{name}.conf": _packaged(f"{name}.conf") for name in SAME_EVERYWHERE} | site_files(site)


def _packaged(name: str) -> str:
    return (files("ntpd112") / "data" / "asterisk" / name).read_text("utf-8")
