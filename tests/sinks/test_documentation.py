"""docs/mqtt.md and docs/webhooks.md show messages and configurations that are as they say, and code that does
what it says."""

from __future__ import annotations

import json
import re
import subprocess
import time
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.sinks.asyncapi import DOCUMENT, TOPICS, operation_of, validator

from ntpd112.config import Config
from ntpd112.sinks.delivery import Delivery, headers

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "mqtt.md").read_text()
WEBHOOKS = (DOCS / "webhooks.md").read_text()
SECRETS = ["the new secret of ours", "the old secret of ours"]


def test_the_messages_shown_are_as_the_document_describes_them() -> None:
    shown = [json.loads(text) for text in re.findall(r"```json\n(.*?)\n```", TEXT)]
    for schema, message in zip(("call", "operator", "status"), shown, strict=True):
        validator(schema).validate(message)
        assert set(message) == set(DOCUMENT["components"]["schemas"][schema]["properties"])


def test_the_topics_and_what_is_retained_are_the_document_s() -> None:
    rows = re.findall(r"^\| `(ntpd112/\S+)` \|.*\| (yes)? ?\|$", TEXT, re.MULTILINE)
    described = {channel["address"]: operation_of(name)["retain"] for name, channel in TOPICS.items()}
    assert {topic: bool(retained) for topic, retained in rows} == described


def test_the_configuration_shown_is_one() -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    config = Config.model_validate(tomllib.loads(shown))
    assert config.mqtt.url == "mqtts://broker.example.go.id:8883"


def shown(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", WEBHOOKS, re.DOTALL)
    return str(found)


def test_the_webhook_shown_is_one() -> None:
    (hook,) = Config.model_validate(tomllib.loads(shown("toml"))).webhook
    assert (hook.name, hook.events, hook.queue) == ("dispatch", ["call.state", "cdr"], ["112"])


def test_the_request_shown_is_as_the_document_describes_it() -> None:
    request = json.loads(shown("json"))
    validator("delivery").validate(request)
    assert request["seq"] == request["data"]["seq"]


Check = Callable[[Mapping[str, str], bytes, str], bool]


def by_python(given: Mapping[str, str], body: bytes, secret: str) -> bool:
    names: dict[str, Any] = {}
    exec(compile(shown("python"), "docs/webhooks.md", "exec"), names)
    return bool(names["is_ours"](given, body, secret))


def by_javascript(given: Mapping[str, str], body: bytes, secret: str) -> bool:
    lower = json.dumps({name.lower(): value for name, value in given.items()})
    call = f"console.log(isOurs({lower}, Buffer.from({json.dumps(body.decode())}), {json.dumps(secret)}));"
    command = ["node", "--input-type=module", "-e", shown("js") + call]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout == "true\n"


@pytest.mark.parametrize("is_ours", [by_python, by_javascript])
def test_the_code_shown_knows_our_requests_with_either_secret_and_nobody_else_s(is_ours: Check) -> None:
    body = '{"id":"1","data":{"caller_name":"Sitī"}}'.encode()
    now = time.time()
    ours = headers(Delivery("1", "cdr", "A", 1, body), SECRETS, now)
    for secret in SECRETS:
        assert is_ours(ours, body, secret)
        assert is_ours(headers(Delivery("1", "cdr", "A", 1, body), [secret], now - 200), body, secret)
    assert not is_ours(ours, body, "another secret of ours")
    assert not is_ours(ours, body + b" ", SECRETS[0])
    assert not is_ours({**ours, "Ntpd112-Timestamp": str(int(now) + 1)}, body, SECRETS[0])
    assert not is_ours(headers(Delivery("1", "cdr", "A", 1, body), SECRETS, now - 3600), body, SECRETS[0])
