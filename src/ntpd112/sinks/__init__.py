"""The journal told to other systems: projections of it with a position of their own, so that one that is away
loses nothing. See docs/mqtt.md."""

from __future__ import annotations

from .broker import BrokerSettings, broker_of
from .mqtt import MqttSink
from .position import PositionStore

__all__ = ["BrokerSettings", "MqttSink", "PositionStore", "broker_of"]
