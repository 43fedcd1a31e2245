"""ntpd112.example.toml is what people start from: it is right, whole, and says the true defaults."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ntpd112.config import Config, load_config, warnings_of
from ntpd112.config.models import QueueConfig, TrunkConfig

EXAMPLE = Path(__file__).parents[2] / "ntpd112.example.toml"
TEXT = EXAMPLE.read_text("utf-8")
UNCOMMENTED = re.sub(r"^# (?=\[|\w+ = )", "", TEXT, flags=re.MULTILINE)
GIVEN: dict[str, Any] = tomllib.loads(UNCOMMENTED)
EXAMPLES = set(re.findall(r"^(?:# )?(\w+) = .*# example", TEXT, re.MULTILINE)) | {"advertise", "name"}
"Keys whose value is an example, or follows from one, and not the default."


def test_it_is_right_and_raises_no_doubts() -> None:
    assert warnings_of(load_config(EXAMPLE, {})) == []


def test_it_shows_every_key() -> None:
    sections: dict[str, type[BaseModel]] = {
        name: field.annotation
        for name, field in Config.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }
    shown = {name: set(GIVEN[name]) for name in sections}
    assert shown == {name: set(model.model_fields) for name, model in sections.items()}
    assert set(GIVEN["trunk"][0]) == set(TrunkConfig.model_fields)
    assert set(GIVEN["queue"][0]) == set(QueueConfig.model_fields)


def test_what_it_gives_as_default_is_the_default() -> None:
    given, default = Config.model_validate(GIVEN), Config()
    for section in set(GIVEN) - {"trunk", "queue", "mqtt"}:
        ours, theirs = getattr(given, section), getattr(default, section)
        for key in set(GIVEN[section]) - EXAMPLES:
            assert (section, key, getattr(ours, key)) == (section, key, getattr(theirs, key))
    assert given.queue[0] == default.queue[0]
    own = TrunkConfig(name="pbx", peers=["127.0.0.1"])
    assert (given.trunk[0].max_calls, given.trunk[0].options) == (own.max_calls, own.options)
