"""The edge to a real broker: MQTT 5 (OASIS) by aiomqtt, over TCP or TLS."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiomqtt
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from .topics import Publication

PORTS = {"mqtt": 1883, "mqtts": 8883}
KEEPALIVE_S = 15
"Between signs of life; a broker that gives none for one and a half times as long is taken to be away."
ACK_S = 10.0
"For each answer of the broker, the one to CONNECT among them."
QOS = 1
_SILENT = logging.getLogger("ntpd112.sinks.library")
_SILENT.setLevel(logging.CRITICAL)  # what it would say comes as an exception, and is said once


class BrokerError(Exception):
    """The broker cannot be used now; the message says why and, where it can, what to do."""


class Broker(Protocol):
    """An open connection."""

    async def publish(self, message: Publication) -> None:
        """Returns when the broker has it. Raises BrokerError."""

    async def lost(self) -> None:
        """Raises BrokerError when the connection is gone; never returns."""


Connect = Callable[[], AbstractAsyncContextManager[Broker]]
"Raises BrokerError on entry when there is no connection."


@dataclass(frozen=True, kw_only=True)
class BrokerSettings:
    """`url`: mqtt:// or mqtts://. `ca`: a file of certificates to trust instead of the system's."""

    url: str
    client_id: str
    ca: Path | None = None
    username: str = ""
    password: str = ""
    password_file: Path | None = None
    "Read at each connection, so that a new password needs no restart."


def broker_of(settings: BrokerSettings, will: Publication) -> Connect:
    """How to connect. `will` is what the broker says of us when we are gone without a word."""

    @asynccontextmanager
    async def connect() -> AsyncIterator[Broker]:
        try:
            client = await _client(settings, will)
            await client.open()
        except aiomqtt.MqttError as error:
            raise BrokerError(_reason(error)) from error
        except OSError as error:  # of the password's or the certificates' file
            raise BrokerError(
                f"{error.filename}: {error.strerror}" if error.filename else str(error)
            ) from error
        try:
            yield _Connection(client)
        finally:
            with suppress(aiomqtt.MqttError):  # it was gone before
                await client.__aexit__(None, None, None)

    return connect


async def _client(settings: BrokerSettings, will: Publication) -> _Client:
    url = urlsplit(settings.url)
    password, tls = await asyncio.to_thread(_from_disk, settings, url.scheme == "mqtts")
    return _Client(
        url.hostname or "",
        url.port or PORTS[url.scheme],
        username=settings.username or None,
        password=password or None,
        identifier=settings.client_id,
        protocol=aiomqtt.ProtocolVersion.V5,
        will=aiomqtt.Will(will.topic, will.payload, QOS, will.retain),
        clean_start=True,
        keepalive=KEEPALIVE_S,
        timeout=ACK_S,
        tls_context=tls,
        logger=_SILENT,
    )


def _from_disk(settings: BrokerSettings, tls: bool) -> tuple[str, ssl.SSLContext | None]:
    """The password, and how to check the broker's certificate. Raises OSError."""
    password = settings.password
    if settings.password_file is not None:
        password = settings.password_file.read_text(encoding="utf-8").strip()
    return password, ssl.create_default_context(cafile=settings.ca) if tls else None


def _reason(error: Exception) -> str:
    if isinstance(error, aiomqtt.MqttCodeError) and isinstance(error.rc, ReasonCode):
        name = error.rc.getName()
        if name in ("Not authorized", "Bad user name or password"):
            return f"the broker refuses us ({name}): look at [mqtt] username and password"
        return f"the broker says: {name}"
    return str(error) or type(error).__name__


class _Client(aiomqtt.Client):
    """With the reason that a broker gives with an acknowledgement (MQTT 5 §3.4.2.1): aiomqtt takes a refused
    message for a delivered one."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.refusal = ""

    async def open(self) -> None:
        """Enters the context. Leaves no socket behind when a broker takes the connection and is silent, or
        when nobody waits any more. Raises aiomqtt.MqttError."""
        try:
            await self.__aenter__()
        except BaseException:
            self._client.disconnect()
            raise

    def _on_publish(
        self, client: Any, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        if reason_code.is_failure:
            self.refusal = reason_code.getName()
        super()._on_publish(client, userdata, mid, reason_code, properties)


class _Connection:
    def __init__(self, client: _Client) -> None:
        self._client = client

    async def publish(self, message: Publication) -> None:
        try:
            await self._client.publish(message.topic, message.payload, qos=QOS, retain=message.retain)
        except aiomqtt.MqttError as error:
            raise BrokerError(_reason(error)) from error
        if self._client.refusal:
            # Of which message under way is not known; the remedy is the same for all.
            tree = "/".join(message.topic.split("/")[:2])
            refusal = self._client.refusal
            raise BrokerError(f'the broker refuses what we publish ({refusal}): may we write to "{tree}/#"?')

    async def lost(self) -> None:
        try:
            async for _ in self._client.messages:
                pass  # we subscribe to nothing
        except aiomqtt.MqttError as error:
            raise BrokerError("the broker closed the connection") from error
