"""Which of our addresses a peer sees, and our requests to it come from: the route to it decides. A centre may
listen on one network for its phones and on another for the telco."""

from __future__ import annotations

import socket

from .flow import Address

MAX_HOSTS = 4_096
"Peers whose local address towards them is remembered."
WILDCARDS = ("0.0.0.0", "::")
"What is listened on stands for every address; it is none that a peer could be told."


class LocalAddresses:
    """Of one transport and IP version; `bound`: what is listened on, of which the first is for peers to whom
    no route says otherwise."""

    def __init__(self, *bound: Address) -> None:
        self._bound = list(bound)
        self._by_host: dict[str, Address] = {}

    def add(self, bound: Address) -> None:
        self._bound.append(bound)
        self._by_host.clear()

    def towards(self, host: str) -> Address:
        if len(self._bound) == 1 and self._bound[0].host not in WILDCARDS:
            return self._bound[0]
        local = self._by_host.get(host)
        if local is None:
            source = source_towards(host)
            local = self._choose(source)
            if source:  # the network may only be on its way, as at a start: asked again then
                if len(self._by_host) >= MAX_HOSTS:
                    self._by_host.clear()
                self._by_host[host] = local
        return local

    def _choose(self, source: str) -> Address:
        for bound in self._bound:
            if bound.host == source:
                return bound
        for bound in self._bound:
            if bound.host in WILDCARDS:
                return bound._replace(host=source or bound.host)
        return self._bound[0]


def source_towards(host: str) -> str:
    """The address that packets to `host` come from; empty: there is no route. A connected UDP socket knows
    it; nothing is sent."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((host, 9))
            source: str = probe.getsockname()[0]
            return source
    except OSError:
        return ""
