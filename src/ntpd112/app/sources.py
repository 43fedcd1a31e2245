"""From where requests of a peer's host name may come: from where it leads now, and led lately. A name server
may say a few of many addresses at a time, and a telco that moves calls from its old address for a while; a
call must not be refused for that. Pure."""

from __future__ import annotations

from ntpd112.sip.locate import Service, Services
from ntpd112.sip.uri import DEFAULT_PORTS

LINGER_S = 3600.0
"Seconds for which an address still counts that DNS does not say any more."
MAX_LINGERING = 32
"Addresses; the latest."
LINGERING = ""
"Stands for the host whose addresses these are: nobody's any more."


class Sources:
    """Of one name. `known`: where it led last, which counts as said `now`, in seconds of any clock."""

    def __init__(self, known: Services, now: float) -> None:
        self._seen = dict.fromkeys(_addresses(known), now)
        "When DNS said each address last."

    def with_recent(self, found: Services, now: float) -> Services:
        said = _addresses(found)
        recent = {one: at for one, at in self._seen.items() if now - at < LINGER_S}
        left = sorted(recent.keys() - said.keys(), key=lambda one: -recent[one])[:MAX_LINGERING]
        self._seen = {one: recent[one] for one in left} | dict.fromkeys(said, now)
        if not left:
            return found
        return (*found, Service("udp", DEFAULT_PORTS["udp"], LINGERING, tuple(sorted(left))))


def _addresses(services: Services) -> dict[str, None]:
    return {address: None for service in services for address in service.addresses}
