"""A worker's switchboard without its loop: commands in, reports kept, nothing moves unless asked."""

from __future__ import annotations

from time import monotonic

from ntpd112.media import protocol as p
from ntpd112.media.relay import Handler
from ntpd112.media.switchboard import Switchboard

FIRST_PORT = 42200


class Board:
    def __init__(self, port_pairs: int = 10) -> None:
        self.told: list[p.Report] = []
        self.handlers: dict[int, Handler] = {}
        set_handler = self.handlers.__setitem__
        self.switchboard = Switchboard(
            self.told.append, set_handler, set_handler, self.handlers.__delitem__, lambda: 0.0
        )
        last_port = FIRST_PORT + 2 * port_pairs - 1
        self.do(p.Configure(0, FIRST_PORT, last_port, 0, {4: "127.0.0.1"}, 4, 0.0, 5.0, 5.0))

    def do(self, *commands: p.Command) -> None:
        for command in commands:
            self.switchboard.command(command)

    def open(self, *legs: int) -> None:
        """Legs on whichever ports are bound, with a remote address each."""
        for leg in legs:
            self.switchboard.refill(monotonic())
            bound = self.switchboard._pools[4]._bound
            self.do(p.Open(leg, next(iter(bound)), 4, "PCMA"), remote(leg))

    def heard(self) -> dict[int, set[int]]:
        """Whom each leg hears."""
        legs = self.switchboard._legs.values()
        return {leg.id: {source.id for source in leg.sources} for leg in legs}


def remote(leg: int) -> p.Remote:
    return p.Remote(leg, "127.0.0.2", 4000 + leg, 5000 + leg, "PCMA", 8, 101, True)
