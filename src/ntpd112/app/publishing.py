"""The journal to the MQTT broker and to webhooks, as the configuration says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from zoneinfo import ZoneInfo

import structlog

from ntpd112 import __version__
from ntpd112.config import Config, WebhookConfig
from ntpd112.journal import Journal
from ntpd112.sinks import (
    BrokerSettings,
    HookSettings,
    MqttSink,
    Outbox,
    Pace,
    PositionStore,
    ReceiverSettings,
    Sink,
    Wanted,
    WebhookSink,
    broker_of,
    outbox_file,
    receiver_of,
)
from ntpd112.sinks.mqtt import NAME
from ntpd112.sinks.topics import Topics

LAST_MESSAGES_S = 5.0
"Seconds the others get at the end to take the last messages and the goodbye."
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


def webhook_sinks(config: Config, journal: Journal, opened: AsyncExitStack) -> dict[str, WebhookSink]:
    """By the webhooks' names, ready to run and woken by commits."""
    sinks = {}
    pace = Pace()
    for hook in config.webhook:
        outbox = Outbox(outbox_file(config.journal.path), hook.name)
        opened.callback(outbox.close)
        settings = hook_settings(config, hook)
        sinks[hook.name] = sink = WebhookSink(journal, outbox, settings, receiver_of(settings.receiver), pace)
        journal.on_commit.append(sink.wake)
    return sinks


def hook_settings(config: Config, hook: WebhookConfig) -> HookSettings:
    return HookSettings(
        name=hook.name,
        receiver=ReceiverSettings(
            url=hook.url, secrets=tuple(hook.secret), secret_file=hook.secret_file, ca=hook.ca
        ),
        wanted=Wanted(
            kinds=frozenset(hook.events),
            region=frozenset(hook.region),
            queue=frozenset(hook.queue),
            trunk=frozenset(hook.trunk),
            disposition=frozenset(hook.disposition),
            classification=frozenset(hook.classification),
        ),
        region=config.site.region,
        zone=ZoneInfo(config.site.timezone),
        retry_for_s=hook.retry_for,
    )


async def say_goodbye(sinks: Mapping[str, Sink], tasks: list[asyncio.Task[None]]) -> None:
    """Tell the last events and that we go. Who does not take them does not hold up the stop: the
    journal keeps what is left."""
    for sink in sinks.values():
        sink.stop()
    running = [task for task in tasks if task.get_name() in sinks]
    if running:
        await asyncio.wait(running, timeout=LAST_MESSAGES_S)
    for name, sink in sinks.items():
        if sink.lag:
            log.error("last events not told; they will be at the next start", sink=name, events=sink.lag)
