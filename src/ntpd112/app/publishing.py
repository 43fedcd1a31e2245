"""The journal to the MQTT broker, as the configuration says."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from zoneinfo import ZoneInfo

import structlog

from ntpd112 import __version__
from ntpd112.config import Config
from ntpd112.journal import Journal
from ntpd112.sinks import BrokerSettings, MqttSink, PositionStore, broker_of
from ntpd112.sinks.mqtt import NAME
from ntpd112.sinks.topics import Topics

LAST_MESSAGES_S = 5.0
"Seconds the broker gets at the end to take the last messages and the goodbye."
log = structlog.get_logger("ntpd112.publishing")


def mqtt_sinks(config: Config, journal: Journal, opened: AsyncExitStack) -> dict[str, MqttSink]:
    """The sink by its name, ready to run and woken by commits; none if no broker is configured."""
    mqtt = config.mqtt
    if mqtt.url is None:
        return {}
    region = config.site.region
    settings = BrokerSettings(
        url=mqtt.url,
        client_id=mqtt.client_id or f"ntpd112-{region}",
        ca=mqtt.ca,
        username=mqtt.username,
        password=mqtt.password,
        password_file=mqtt.password_file,
    )
    path = config.journal.path.with_name(config.journal.path.stem + "-sinks.db")
    positions = PositionStore(path, NAME)
    opened.callback(positions.close)
    sink = MqttSink(
        journal,
        positions,
        broker_of(settings, will=Topics(region).status("offline")),
        region=region,
        zone=ZoneInfo(config.site.timezone),
        version=__version__,
    )
    journal.on_commit.append(sink.wake)
    return {NAME: sink}


async def say_goodbye(sinks: dict[str, MqttSink], tasks: list[asyncio.Task[None]]) -> None:
    """Tell the last events and that we go. A broker that does not take them does not hold up the stop: the
    journal keeps what is left."""
    for sink in sinks.values():
        sink.stop()
    running = [task for task in tasks if task.get_name() in sinks]
    if running:
        await asyncio.wait(running, timeout=LAST_MESSAGES_S)
    for name, sink in sinks.items():
        if sink.lag:
            log.error("last events not told; they will be at the next start", sink=name, events=sink.lag)
