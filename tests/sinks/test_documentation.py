"""docs/mqtt.md shows messages and a configuration that are as it says."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from tests.sinks.asyncapi import DOCUMENT, operation_of, validator

from ntpd112.config import Config

TEXT = (Path(__file__).parents[2] / "docs" / "mqtt.md").read_text()


def test_the_messages_shown_are_as_the_document_describes_them() -> None:
    shown = [json.loads(text) for text in re.findall(r"```json\n(.*?)\n```", TEXT)]
    for schema, message in zip(("call", "operator", "status"), shown, strict=True):
        validator(schema).validate(message)
        assert set(message) == set(DOCUMENT["components"]["schemas"][schema]["properties"])


def test_the_topics_and_what_is_retained_are_the_document_s() -> None:
    rows = re.findall(r"^\| `(ntpd112/\S+)` \|.*\| (yes)? ?\|$", TEXT, re.MULTILINE)
    described = {
        channel["address"]: operation_of(name)["retain"] for name, channel in DOCUMENT["channels"].items()
    }
    assert {topic: bool(retained) for topic, retained in rows} == described


def test_the_configuration_shown_is_one() -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    config = Config.model_validate(tomllib.loads(shown))
    assert config.mqtt.url == "mqtts://broker.example.go.id:8883"
