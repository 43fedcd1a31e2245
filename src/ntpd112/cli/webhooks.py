"""`ntpd112 webhook`: try one, look at what was given up, send it again."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from ntpd112.config import Config, WebhookConfig
from ntpd112.sinks import Outbox, outbox_file, receiver_of, send_test
from ntpd112.sinks.outbox import MAX_DEAD

from .common import ConfigOption, JsonOption, configuration, fail, print_json

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True)
HookName = Annotated[str, typer.Argument(metavar="NAME", help="As in the configuration.")]


@app.callback()
def about() -> None:
    """Try a webhook, look at the deliveries that were given up, and send them again.

    Example: ntpd112 webhook test dispatch
    """


@app.command("test")
def try_(name: HookName, config: ConfigOption = None) -> None:
    """Send a `webhook.test` from here and say what the receiver makes of it.

    Example: ntpd112 webhook test dispatch
    """
    settings = configuration(config)
    hook = _hook(settings, name)
    from ntpd112.app.publishing import hook_settings  # late: the other commands start faster without it

    told = hook_settings(settings, hook)
    try:
        answer = asyncio.run(send_test(told, receiver_of(told.receiver), time.time()))
    except (OSError, ValueError) as problem:
        fail(f'webhook "{name}": {problem}')
    if not answer.taken:
        fail(f'webhook "{name}": {answer.reason}')
    print(f"{name}: HTTP {answer.status}")


@app.command()
def dead(name: HookName, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the deliveries that were given up, the last first.

    Example: ntpd112 webhook dead dispatch
    """
    settings = configuration(config)
    found = _with_outbox(settings, name, lambda outbox: outbox.dead(MAX_DEAD))
    zone = ZoneInfo(settings.site.timezone)
    rows: list[dict[str, Any]] = [
        {
            **msgspec.structs.asdict(one),
            "first_at": datetime.fromtimestamp(one.first_at, zone).isoformat(timespec="seconds"),
            "died_at": datetime.fromtimestamp(one.died_at, zone).isoformat(timespec="seconds"),
        }
        for one in found
    ]
    if as_json:
        print_json(rows)
        return
    table = Table("delivery", "event", "about", "tries", "given up", "why")
    for row in rows:
        shown = ("id", "event", "about", "tries", "died_at", "error")
        table.add_row(*(str(row[key]) for key in shown))
    Console().print(table)


@app.command()
def resend(
    name: HookName,
    delivery: Annotated[str | None, typer.Argument(metavar="[DELIVERY]", help="One; else all.")] = None,
    config: ConfigOption = None,
) -> None:
    """Send deliveries again that were given up. A running agent notices within seconds.

    Example: ntpd112 webhook resend dispatch
    """
    settings = configuration(config)
    resent = _with_outbox(settings, name, lambda outbox: outbox.resend(delivery, time.time()))
    if delivery is not None and not resent:
        fail(f'webhook "{name}" has given up no delivery {delivery}; `ntpd112 webhook dead {name}` shows all')
    print(f"{name}: {resent} to be sent again")


def _hook(settings: Config, name: str) -> WebhookConfig:
    hooks = {hook.name: hook for hook in settings.webhook}
    if name not in hooks:
        there = ", ".join(hooks) or "none"
        fail(f'there is no webhook "{name}" in the configuration; there are: {there}')
    return hooks[name]


def _with_outbox(settings: Config, name: str, use: Callable[[Outbox], T]) -> T:
    hook = _hook(settings, name)
    outbox = Outbox(outbox_file(settings.journal.path), hook.name)
    try:
        return use(outbox)
    except sqlite3.Error as problem:
        fail(f"{outbox_file(settings.journal.path)}: {problem}")
    finally:
        outbox.close()
