"""`ntpd112 apikey`: make, list and withdraw API keys."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ntpd112.access import SCOPES
from ntpd112.access.keys import InvalidKey, KeyExists, KeyStore

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
    config: ConfigOption = None,
) -> None:
    """Make an API key and print it, this once: only its hash is kept.

    Example: ntpd112 apikey add reporting --scope cdr:read --scope calls:read
    """
    settings = configuration(config)
    try:
        with recorded(settings, "apikey add", name, scopes=" ".join(scope)):
            key = with_database(settings, lambda engine: KeyStore(engine).add(name, scope))
    except (InvalidKey, KeyExists) as error:
        fail(str(error))
    print(key)
    print(f'This is the key "{name}"; it is not shown again.', file=sys.stderr)


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
                    "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
                }
                for key in keys
            ]
        )
        return
    table = Table("name", "scopes", "made", "withdrawn")
    for key in keys:
        made, withdrawn = (f"{at:%Y-%m-%d %H:%M}" if at else "" for at in (key.created_at, key.revoked_at))
        table.add_row(key.name, " ".join(sorted(key.scopes)), made, withdrawn)
    Console().print(table)


@app.command()
def revoke(name: KeyName, config: ConfigOption = None) -> None:
    """Withdraw an API key; a running agent refuses it within seconds.

    Example: ntpd112 apikey revoke reporting
    """
    settings = configuration(config)
    with recorded(settings, "apikey revoke", name):
        if not with_database(settings, lambda engine: KeyStore(engine).revoke(name)):
            fail(f'there is no valid API key "{name}"; `ntpd112 apikey list` shows all')
