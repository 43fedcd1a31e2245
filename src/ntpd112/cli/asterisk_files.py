"""The files of an Asterisk in front of ntpd112: most are the same everywhere, three are the site's, which say
too whether the two speak TLS and SRTP. Pure, but for the packaged files that they come from."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from ntpd112.config import Config, HttpAddress, ListenUrl, TrunkConfig, is_network
from ntpd112.sip.crypto_attribute import SrtpPolicy
from ntpd112.sip.flow import advertised
from ntpd112.sip.uri import DEFAULT_PORTS, Uri

CERTIFICATES = "/etc/asterisk/keys"
SAME_EVERYWHERE = ("asterisk", "extensions", "indications", "logger", "modules", "pjsip", "rtp")
PARTS = {"pjsip": ("pjsip-site.conf", "pjsip-operators.conf"), "extensions": ("extensions-site.conf",)}
"The site's own files, by what they are part of."
SIP_PORT = DEFAULT_PORTS["udp"]
ENCRYPTION: dict[SrtpPolicy, str] = {
    "off": "",
    "preferred": "media_encryption = sdes\nmedia_encryption_optimistic = yes\n",
    "required": "media_encryption = sdes\n",
}
"What the endpoint says for the trunk's `srtp`. Without `optimistic` Asterisk takes no plain call either."
LAWS = {"pcma": "alaw", "pcmu": "ulaw"}
USUAL_SESSION = (1_800, 90)
"Asterisk's own session timer and least interval, seconds."
RELIABLE = {"off": "no", "supported": "yes", "required": "required"}
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
    """`pbx` and `agent`: where each takes the other's calls, by `transport`."""

    pbx: HttpAddress
    agent: HttpAddress
    transport: str
    trunk: TrunkConfig
    "The PBX's: what calls between the two are like."
    telco: Sequence[str]
    phones: Sequence[Phone]
    certificates: str = CERTIFICATES
    "Folder on the PBX with `pbx.pem` and `ca.pem`."


def site_of(
    config: Config,
    trunk: str | None,
    telco: Sequence[str],
    phones: Sequence[Phone],
    certificates: str = CERTIFICATES,
) -> Site:
    """`trunk`: whose peer is the PBX; None: the first. Raises NotSaid."""
    found = next((one for one in config.trunk if trunk in (None, one.name)), None)
    if found is None:
        raise NotSaid(f'there is no [[trunk]] "{trunk}"' if trunk else "no [[trunk]] says where the PBX is")
    pbx, transport = _pbx(found, config.sip.listen)
    agent = _agent(config, transport, ":" in pbx.host)
    return Site(pbx, agent, transport, found, telco, phones, certificates)


def _pbx(trunk: TrunkConfig, listen: Sequence[ListenUrl]) -> tuple[HttpAddress, str]:
    """Where the PBX listens for calls of the agent, and the transport between them: as the gateway in `to`
    that is a peer says; without one the usual port, and TLS where keys of SRTP travel and we have it."""
    single = [peer for peer in trunk.peers if is_network(peer) and ip_network(peer).num_addresses == 1]
    for gateway in (Uri.parse(one.uri) for one in trunk.to):
        if gateway.host in single:
            port = gateway.port or DEFAULT_PORTS[gateway.transport]
            return HttpAddress(gateway.host, port), gateway.transport
    if not single:
        raise NotSaid(f'trunk "{trunk.name}": none of its peers is a single address, as the PBX\'s is')
    secure = trunk.srtp != "off" and any(url.transport == "tls" for url in listen)
    transport = "tls" if secure else "udp"
    return HttpAddress(single[0], DEFAULT_PORTS[transport]), transport


def _agent(config: Config, transport: str, ipv6: bool) -> HttpAddress:
    """Where the PBX sends calls to: of its IP version, if we listen in it."""
    urls = [url for url in config.sip.listen if url.transport == transport]
    if not urls:
        raise NotSaid(f"[sip] listen has no {transport}:// URL, which Asterisk sends to")
    url = next((one for one in urls if (":" in one.host) == ipv6), urls[0])
    host = advertised(url.host, config.sip.advertise)
    if ip_address(host).is_unspecified:
        raise NotSaid("[sip] listen says no address that the PBX could send to: set [sip] advertise")
    return HttpAddress(host, url.port)


def site_files(site: Site) -> dict[str, str]:
    return {
        "pjsip-site.conf": _packaged("pjsip-site.conf.in").format(
            pbx=site.pbx._replace(port=SIP_PORT) if site.transport == "tls" else site.pbx,
            agent=site.agent if site.transport == "udp" else rf"{site.agent}\;transport={site.transport}",
            agent_host=site.agent.host,
            telco=",".join(site.telco),
            encryption=ENCRYPTION[site.trunk.srtp],
            **_session(site.trunk),
        )
        + _tls(site),
        "pjsip-operators.conf": OPERATORS + "".join(OPERATOR.format(**one._asdict()) for one in site.phones),
        "extensions-site.conf": _packaged("extensions-site.conf.in").format(
            phones="&".join(f"PJSIP/{one.name}" for one in site.phones), answer_s=ANSWER_S
        ),
    }


def _session(trunk: TrunkConfig) -> dict[str, str]:
    laws = trunk.codecs or ["pcma", "pcmu"]
    interval = f"timers_sess_expires = {trunk.session_timer:.0f}\ntimers_min_se = {trunk.session_min:.0f}\n"
    usual = (trunk.session_timer, trunk.session_min) == USUAL_SESSION
    return {
        "codecs": ",".join(LAWS[law] for law in laws),
        "timers": "yes" if trunk.session_timer else "no",
        "session": interval if trunk.session_timer and not usual else "",
        "reliable": RELIABLE[trunk.reliable_provisional],
    }


def _tls(site: Site) -> str:
    """The transport, which is one more beside UDP and TCP."""
    if site.transport != "tls":
        return ""
    return "\n" + _packaged("pjsip-tls.conf.in").format(bind=site.pbx, certificates=site.certificates)


def all_files(site: Site) -> dict[str, str]:
    """By name, as in /etc/asterisk."""
    return {f"{name}.conf": _packaged(f"{name}.conf") for name in SAME_EVERYWHERE} | site_files(site)


def _packaged(name: str) -> str:
    return (files("ntpd112") / "data" / "asterisk" / name).read_text("utf-8")
