"""Messages on MQTT: their topics, and which of them the broker retains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from .messages import CALL, CDR, Message


class Publication(NamedTuple):
    topic: str
    payload: bytes
    retain: bool = False


class Topics:
    """Of one region."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._base = f"ntpd112/{region}"

    def publication(self, message: Message) -> Publication:
        if message.kind == CALL:
            return Publication(f"{self._base}/calls/{message.about}", message.payload)
        if message.kind == CDR:
            return Publication(f"{self._base}/cdr", message.payload)
        return self._operator(message.about, message.payload)

    def operators(self, payloads: Mapping[str, bytes]) -> list[Publication]:
        """Their states as last told, for a broker that has lost them."""
        return [self._operator(operator, payload) for operator, payload in payloads.items()]

    def status(self, state: str, **more: Any) -> Publication:
        """Whether the agent is there; `offline` is also the last will."""
        told = {"id": self._region, "region": self._region, "state": state, **more}
        return Publication(f"{self._base}/status", msgspec.json.encode(told), retain=True)

    def _operator(self, operator: str, payload: bytes) -> Publication:
        return Publication(f"{self._base}/operators/{operator}", payload, retain=True)
