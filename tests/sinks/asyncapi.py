"""docs/asyncapi.yaml as something to hold messages against."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from ntpd112.sinks.topics import Publication

DOCUMENT: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "docs" / "asyncapi.yaml").read_text())
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
TOPICS: dict[str, dict[str, Any]] = {
    name: channel for name, channel in DOCUMENT["channels"].items() if channel["address"] is not None
}
"Channels of MQTT."
ADDRESSES = {
    name: re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(channel["address"])) + r"\Z")
    for name, channel in TOPICS.items()
}


def channel_of(topic: str) -> str:
    found: str
    (found,) = [name for name, pattern in ADDRESSES.items() if pattern.match(topic)]
    return found


def operation_of(channel: str) -> dict[str, Any]:
    """What the document says about sending there."""
    (found,) = [
        operation["bindings"]["mqtt"]
        for operation in DOCUMENT["operations"].values()
        if operation["channel"]["$ref"] == f"#/channels/{channel}"
    ]
    return dict(found)


def validator(schema: str) -> Draft202012Validator:
    whole = {"$ref": f"#/components/schemas/{schema}", "components": DOCUMENT["components"]}
    return Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)


def check(message: Publication) -> None:
    """Raises jsonschema.ValidationError, or AssertionError for a topic or retention not described."""
    channel = channel_of(message.topic)
    assert operation_of(channel) == {"qos": 1, "retain": message.retain}
    validator(channel).validate(json.loads(message.payload))


def check_delivery(headers: Mapping[str, str], body: dict[str, Any]) -> None:
    """Of a webhook. Raises jsonschema.ValidationError."""
    validator("headers").validate(dict(headers))
    validator("delivery").validate(body)
