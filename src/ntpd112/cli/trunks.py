"""`ntpd112 trunk`: take trunks out of service and put them back."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from urllib.parse import quote

import typer

from .common import ConfigOption, JsonOption, configuration, print_json
from .running import KEY_VARIABLE, ask

app = typer.Typer(no_args_is_help=True)
TrunkName = Annotated[str, typer.Argument(metavar="NAME", help="As in the configuration.")]


class Switch(StrEnum):
    on = "on"
    off = "off"


@app.callback()
def about() -> None:
    """Take a trunk out of service, or put it back. Asks the running agent, with the API key in $NTPD112_KEY.

    Example: ntpd112 trunk maintenance telkom on --reason "new cable"
    """


@app.command(epilog=f"Needs an API key with the scope `admin` in ${KEY_VARIABLE}.")
def maintenance(
    name: TrunkName,
    switch: Annotated[Switch, typer.Argument(help="on: new calls get 503. off: they are taken again.")],
    reason: Annotated[str, typer.Option(help="Why; it goes into the log and the journal.")] = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Refuse a trunk's new calls with 503, so that the telco takes its other route; running calls go on.

    It stays so until it is switched off, over a restart too.

    Example: ntpd112 trunk maintenance telkom on --reason "new cable"
    """
    body = {"on": switch is Switch.on, "reason": reason}
    trunk = ask(configuration(config), "PUT", f"/trunks/{quote(name, safe='')}/maintenance", body)
    if as_json:
        print_json(trunk)
    elif trunk["maintenance"]:
        print(f"{name}: in maintenance, new calls get 503; {trunk['calls']} calls still go on")
    else:
        print(f"{name}: takes calls")
