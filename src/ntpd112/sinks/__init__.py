"""The journal told to other systems: projections of it with a position of their own, so that one that is away
loses nothing. See docs/mqtt.md and docs/webhooks.md."""

from __future__ import annotations

from .broker import BrokerSettings, broker_of
from .delivery import Wanted
from .mqtt import MqttSink
from .outbox import Outbox, deliveries_before, forget_deliveries, outbox_file
from .pace import Pace
from .position import PositionStore
from .receiver import ReceiverSettings, receiver_of
from .sink import Sink
from .webhook import HookSettings, WebhookSink, send_test

__all__ = [
    "BrokerSettings",
    "HookSettings",
    "MqttSink",
    "Outbox",
    "Pace",
    "PositionStore",
    "ReceiverSettings",
    "Sink",
    "Wanted",
    "WebhookSink",
    "broker_of",
    "deliveries_before",
    "forget_deliveries",
    "outbox_file",
    "receiver_of",
    "send_test",
]
