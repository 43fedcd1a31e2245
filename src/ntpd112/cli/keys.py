"""`ntpd112 apikey`: make, list and withdraw API keys."""

from __future__ import annotations

import sys
from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from ntpd112.access import SCOPES
from ntpd112.access.keys import KeyExists, KeyStore
from ntpd112.config.values import duration

from .auditing import recorded
from .common import ConfigOption, JsonOption, configuration, fail, print_json, with_database

app = typer.Typer(no_args_is_help=True)


@app.callback()
def about() -> None:
    """Make, list and withdraw API keys. A running agent notices within seconds.

    Example: ntpd112 apikey add reporting --scope cdr:read --scope calls:read
    """


KeyName = Annotated[str, typer.Argument(metavar="NAME", help="What it is for; logs name it.")]


@app.command()
def add(
    name: KeyName,
    scope: Annotated[
        list[str], typer.Option(help=f"What it may do, repeatable: {', '.join(SCOPES)}.", metavar="SCOPE")
    ],
    expires: Annotated[
        str | None,
        typer.Option(
            help="When it ends: in so long (90d), or with a day (2027-01-31). Else never.", metavar="WHEN"
        ),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Make an API key and print it, this once: only its hash is kept.

    Example: ntpd112 apikey add reporting --scope cdr:read --scope calls:read --expires 90d
    """
    settings = configuration(config)
    try:
        end = _end(expires, datetime.now(ZoneInfo(settings.site.timezone))) if expires is not None else None
        with recorded(settings, "apikey add", name, scopes=" ".join(scope), expires_at=_iso(end)):
            key = with_database(settings, lambda engine: KeyStore(engine).add(name, scope, end))
    except (ValueError, KeyExists) as error:
        fail(str(error))
    print(key)
    print(f'This is the key "{name}"; it is not shown again.', file=sys.stderr)


def _end(text: str, now: datetime) -> datetime:
    """`90d` from now, or the midnight that ends a day in the zone of `now`. Raises ValueError."""
    try:
        return now + timedelta(seconds=duration(text))
    except (ValueError, OverflowError):
        pass
    try:
        day = date.fromisoformat(text) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise ValueError(
            f'--expires "{text}" is neither a time such as 90d nor a day such as 2027-01-31'
        ) from None
    return datetime.combine(day, time(), now.tzinfo)


@app.command("list")
def list_(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the API keys with what they may do, withdrawn ones too.

    Example: ntpd112 apikey list
    """
    keys = with_database(configuration(config), lambda engine: KeyStore(engine).all())
    if as_json:
        print_json(
            [
                {
                    "name": key.name,
                    "scopes": sorted(key.scopes),
                    "created_at": key.created_at.isoformat(),
                    "expires_at": _iso(key.expires_at),
                    "revoked_at": _iso(key.revoked_at),
                    "last_used_at": _iso(key.last_used_at),
                    "last_address": key.last_address,
                }
                for key in keys
            ]
        )
        return
    table = Table("name", "scopes", "made", "ends", "withdrawn", "last used", "from")
    for key in keys:
        times = (key.created_at, key.expires_at, key.revoked_at, key.last_used_at)
        made, ends, withdrawn, used = (f"{at:%Y-%m-%d %H:%M}" if at else "" for at in times)
        scopes = " ".join(sorted(key.scopes))
        table.add_row(key.name, scopes, made, ends, withdrawn, used, key.last_address or "")
    Console().print(table)


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


@app.command()
def revoke(name: KeyName, config: ConfigOption = None) -> None:
    """Withdraw an API key; a running agent refuses it within seconds.

    Example: ntpd112 apikey revoke reporting
    """
    settings = configuration(config)
    with recorded(settings, "apikey revoke", name):
        if not with_database(settings, lambda engine: KeyStore(engine).revoke(name)):
            fail(f'there is no valid API key "{name}"; `ntpd112 apikey list` shows all')
