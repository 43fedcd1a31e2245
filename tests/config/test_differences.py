"""What differs between two configurations, and what of it needs a restart."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntpd112.config import Config
from ntpd112.config.differences import Difference, differences, needing_restart

PBX: dict[str, Any] = {"name": "pbx", "peers": ["10.1.0.5"], "max_calls": 30}
TELKOM: dict[str, Any] = {"name": "telkom", "peers": ["10.2.0.5"]}


def config(**sections: Any) -> Config:
    return Config.model_validate(sections)


def test_a_key_is_named_by_its_table_and_its_table_by_its_name() -> None:
    before = config(trunk=[PBX, TELKOM])
    after = config(trunk=[TELKOM, PBX | {"max_calls": 60}], shield={"sticky": "5m"})
    assert differences(before, after) == [
        Difference("trunk.pbx.max_calls", 30, 60),
        Difference("trunk (order)", ["pbx", "telkom"], ["telkom", "pbx"]),
        Difference("shield.sticky", 1800.0, 300.0),
    ]


def test_a_table_that_comes_or_goes_is_told_whole() -> None:
    (gone,) = differences(config(trunk=[PBX, TELKOM]), config(trunk=[PBX]))
    assert (gone.path, gone.now) == ("trunk.telkom", None)
    assert isinstance(gone.was, dict)
    assert gone.was["peers"] == ["10.2.0.5"]
    (come,) = differences(config(trunk=[PBX]), config(trunk=[PBX, TELKOM]))
    assert (come.path, come.was, come.now) == ("trunk.telkom", None, gone.was)


def test_a_ladder_is_told_whole_since_its_steps_have_no_names() -> None:
    ladders = [[{"after": 10.0, "any": True}], [{"after": 20.0, "any": True}]]
    before, after = (config(queue=[{"name": "112", "ladder": ladder}]) for ladder in ladders)
    assert [one.path for one in differences(before, after)] == ["queue.112.ladder"]


def test_secrets_are_hidden_and_yet_reported_when_they_change() -> None:
    hook = {"name": "d", "url": "https://x.example", "events": ["cdr"], "secret": "0123456789abcdef"}
    before = config(mqtt={"password": "one"}, database={"url": "postgresql+asyncpg://u:p@h/d"})
    after = config(mqtt={"password": "two"}, database={"url": "postgresql+asyncpg://u:q@h/d"}, webhook=[hook])
    found = {one.path: (one.was, one.now) for one in differences(before, after)}
    assert found["mqtt.password"] == ("***", "***")
    assert found["database.url"] == ("postgresql+asyncpg://***@h/d",) * 2
    assert "0123456789abcdef" not in str(found)


@pytest.mark.parametrize(
    ("section", "changed", "path"),
    [
        ("sip", {"listen": ["udp://127.0.0.1:5070"]}, "sip.listen"),
        ("journal", {"path": "other.db"}, "journal.path"),
        ("http", {"burst": 7}, "http.burst"),
    ],
)
def test_what_is_about_sockets_and_files_needs_a_restart(section: str, changed: object, path: str) -> None:
    assert needing_restart(differences(config(), config(**{section: changed}))) == [path]


def test_trunks_queues_and_what_is_said_of_callers_do_not() -> None:
    after = config(
        trunk=[PBX],
        queue=[{"name": "112", "numbers": ["112"], "priority": 3}, {"name": "b"}],
        destination=[{"name": "police", "to": "sip:110@10.1.0.5"}],
        number=[{"number": "119", "queue": "b"}],
        shield={"sticky": 5},
        flood={"calls": 9},
        callbacks={"caller": "110"},
        codes={"break": "*99"},
    )
    found = differences(config(), after)
    assert needing_restart(found) == []
    assert {one.path.partition(".")[0] for one in found} >= {"trunk", "queue", "number", "codes"}


@given(st.lists(st.sampled_from(["a", "b", "c"]), unique=True), st.lists(st.sampled_from("abc"), unique=True))
def test_equal_configurations_do_not_differ_and_others_do(one: list[str], other: list[str]) -> None:
    before, after = (
        config(trunk=[{"name": name, "peers": [f"10.0.0.{ord(name)}"]} for name in names])
        for names in (one, other)
    )
    assert (differences(before, after) == []) == (one == other)
