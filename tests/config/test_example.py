"""ntpd112.example.toml is what people start from: it is right, whole, and says the true defaults."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ntpd112.config import (
    Config,
    DestinationConfig,
    LadderStep,
    NumberConfig,
    NumberRule,
    QueueConfig,
    ScreeningConfig,
    TrunkConfig,
    WebhookConfig,
    check_config,
    warnings_of,
)
from ntpd112.demo.site import Site

EXAMPLE = Path(__file__).parents[2] / "ntpd112.example.toml"
TEXT = EXAMPLE.read_text("utf-8")
UNCOMMENTED = re.sub(r"^# (?=\[|\w+ = )", "", TEXT, flags=re.MULTILINE)
GIVEN: dict[str, Any] = tomllib.loads(UNCOMMENTED)
EXAMPLES = set(re.findall(r"^(?:# )?(\w+) = .*# example", TEXT, re.MULTILINE)) | {
    "advertise",
    "ca",
    "servers",
    "certificate",
    "host",
    "key",
    "name",
    "prompts",
    "to",
}
"Keys whose value is an example, or follows from one, and not the default."

UNSET: dict[str, Any] = {"screening": None, "ladder": [], "language": None}
"What the first queue shows and a queue does not have unless it says so."


def keys_of(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def test_it_is_right_and_raises_no_doubts() -> None:
    config, problems = check_config(EXAMPLE, {})
    assert (problems, warnings_of(config)) == ([], [])


def test_the_demo_s_is_right_too(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.write_config()
    config, problems = check_config(site.config, {})
    assert (problems, warnings_of(config)) == ([], [])


def test_it_shows_every_key() -> None:
    sections: dict[str, type[BaseModel]] = {
        name: field.annotation
        for name, field in Config.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }
    shown = {name: set(GIVEN[name]) for name in sections}
    assert shown == {name: keys_of(model) for name, model in sections.items()}
    queue = GIVEN["queue"][0]
    assert set(GIVEN["trunk"][0]) == keys_of(TrunkConfig)
    assert set(GIVEN["trunk"][0]["numbers_out"][0]) == keys_of(NumberRule)
    assert set(GIVEN["trunk"][0]["numbers"][0]) == keys_of(NumberRule)
    assert set(queue) == keys_of(QueueConfig)
    assert set(queue["screening"]) == keys_of(ScreeningConfig)
    assert {key for step in queue["ladder"] for key in step} == keys_of(LadderStep)
    assert set(GIVEN["destination"][0]) == keys_of(DestinationConfig)
    assert set(GIVEN["number"][0]) == keys_of(NumberConfig)
    assert set(GIVEN["webhook"][0]) == keys_of(WebhookConfig)


def test_what_it_gives_as_default_is_the_default() -> None:
    given, default = Config.model_validate(GIVEN), Config()
    for section in set(GIVEN) - {"trunk", "queue", "destination", "number", "mqtt", "webhook"}:
        ours, theirs = getattr(given, section), getattr(default, section)
        for key in set(GIVEN[section]) - EXAMPLES:
            name = "break_" if key == "break" else key
            assert (section, key, getattr(ours, name)) == (section, key, getattr(theirs, name))
    assert given.queue[0].model_copy(update=UNSET) == default.queue[0]
    assert given.queue[0].screening == ScreeningConfig()
    assert given.destination[0].ring == DestinationConfig(name="a", to=["sip:127.0.0.1"]).ring
    hook = given.webhook[0]
    (insecure, retry_for) = (WebhookConfig.model_fields[key].default for key in ("insecure", "retry_for"))
    assert (hook.insecure, hook.retry_for) == (insecure, retry_for)
    own = TrunkConfig(name="pbx", peers=["127.0.0.1"])
    assert (given.trunk[0].max_calls, given.trunk[0].options) == (own.max_calls, own.options)
