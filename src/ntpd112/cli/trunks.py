"""`ntpd112 trunk`: try trunks, take them out of service and put them back."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.table import Table

from .common import ConfigOption, JsonOption, configuration, fail, print_json
from .running import KEY_VARIABLE, ask

app = typer.Typer(no_args_is_help=True)
TrunkName = Annotated[str, typer.Argument(metavar="NAME", help="As in the configuration.")]


class Switch(StrEnum):
    on = "on"
    off = "off"


@app.callback()
def about() -> None:
    """Try a trunk, take it out of service, or put it back. Asks the running agent, with the API key in
    $NTPD112_KEY.

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


@app.command("test", epilog=f"Needs an API key with the scope `admin` in ${KEY_VARIABLE}.")
def try_out(name: TrunkName, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Ask a trunk's peers by OPTIONS, from the agent's own sockets: are they there, how do they see us, and
    what is likely wrong? Exit code 1 unless every peer answers well by one transport.

    Example: ntpd112 trunk test telkom
    """
    result = ask(configuration(config), "POST", f"/trunks/{quote(name, safe='')}/test")
    if as_json:
        print_json(result)
    elif result["probes"]:
        _show(result["probes"])
    if not result["probes"]:
        fail(f'trunk "{name}" has no peer that is a single address, or none we can reach: nobody to ask')
    if not result["fine"]:
        raise typer.Exit(1)


def _show(probes: list[dict[str, Any]]) -> None:
    console = Console(soft_wrap=True, highlight=False)
    table = Table("peer", "by", "answer", "ms", "sees us at", box=None, pad_edge=False)
    for probe in probes:
        took = "" if probe["round_trip_ms"] is None else f"{probe['round_trip_ms']:.1f}"
        answer = str(probe["code"] or "none")
        table.add_row(probe["peer"], probe["transport"], answer, took, probe["seen"] or "does not say")
    console.print(table)
    for probe in probes:
        console.print(
            f"{'ok' if probe['fine'] else '!'} {probe['peer']} {probe['transport']}: {probe['says']}",
            markup=False,
        )
