"""Webhooks by the command line."""

from __future__ import annotations

import pytest
from tests.cli.terminal import Terminal

from ntpd112.sinks import Outbox, outbox_file
from ntpd112.sinks.delivery import Delivery
from ntpd112.sinks.outbox import Tried

NOWHERE = "http://127.0.0.1:9/"


@pytest.fixture
def site(terminal: Terminal) -> Terminal:
    hook = f"""[[webhook]]
name = "dispatch"
url = "{NOWHERE}"
events = ["cdr"]
secret = "a secret of ours 0123"
"""
    terminal.config.write_text(terminal.config.read_text("utf-8") + hook, "utf-8")
    return terminal


def give_up(terminal: Terminal, *names: str) -> None:
    outbox = Outbox(outbox_file(terminal.folder / "ntpd112-journal.db"), "dispatch")
    outbox.put("J", 1, {}, [Delivery(name, "cdr", "A", 1, b"{}") for name in names], 0.0)
    tried = [Tried(one.n, 99, 0.0, 500, "HTTP 500: no", None) for one in outbox.due(0.0, 10)]
    outbox.settle([], tried, 86_400.0)
    outbox.close()


def test_dead_deliveries_are_listed_and_put_back_one_or_all(site: Terminal) -> None:
    give_up(site, "a", "b", "c")
    listed = site.json("webhook", "dead", "dispatch")
    assert [one["id"] for one in listed] == ["c", "b", "a"]
    assert listed[0]["died_at"] == "1970-01-02T07:00:00+07:00"
    assert "HTTP 500: no" in site.run("webhook", "dead", "dispatch").stdout
    assert site.run("webhook", "resend", "dispatch", "b").stdout == "dispatch: 1 to be sent again\n"
    assert "no delivery b" in site.run("webhook", "resend", "dispatch", "b", code=1).stderr
    assert site.run("webhook", "resend", "dispatch").stdout == "dispatch: 2 to be sent again\n"
    assert site.json("webhook", "dead", "dispatch") == []


def test_a_receiver_that_is_not_there_is_said(site: Terminal) -> None:
    assert 'webhook "dispatch": ' in site.run("webhook", "test", "dispatch", code=1).stderr


@pytest.mark.parametrize("command", ["test", "dead", "resend"])
def test_a_webhook_that_there_is_not_is_named_with_those_that_there_are(site: Terminal, command: str) -> None:
    said = site.run("webhook", command, "other", code=1).stderr
    assert said.strip() == 'there is no webhook "other" in the configuration; there are: dispatch'
