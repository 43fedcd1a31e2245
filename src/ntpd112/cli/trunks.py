"""`ntpd112 trunk`: try trunks, take them out of service and put them back."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.table import Table

from .common import ConfigOption, JsonOption, configuration, fail, print_json
from .running import KEY_VARIABLE, ask
from .trunk_calls import make_test_call, show_test_call

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
def try_out(
    name: TrunkName,
    call: Annotated[
        str,
        typer.Option(
            metavar="NUMBER",
            help="Make a test call to this number too, as the trunk wants it. It really rings there.",
        ),
    ] = "",
    gateway: Annotated[
        str, typer.Option(metavar="URI", help="By this gateway; else by the one that calls take first now.")
    ] = "",
    all_gateways: Annotated[bool, typer.Option("--all-gateways", help="By each gateway in turn.")] = False,
    listen: Annotated[
        float, typer.Option(metavar="SECONDS", min=1, max=60, help="From the answer to our BYE.")
    ] = 8.0,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Ask a trunk's peers, gateways and registrars by OPTIONS, from the agent's own sockets: are they there,
    how do they see us, and what is likely wrong? With --call also by a test call, which no operator and no
    CDR sees. Exit code 1 unless each of them answers well by one transport, we are registered where we want
    to be, and nothing of the calls is marked with !.

    \b
    Examples:
      ntpd112 trunk test telkom
      ntpd112 trunk test telkom --call 02150000000 --all-gateways
    """
    if (gateway or all_gateways) and not call:
        fail("--gateway and --all-gateways are of test calls: give --call NUMBER too")
    if gateway and all_gateways:
        fail("--gateway names one, --all-gateways takes each: give one of the two")
    settings = configuration(config)
    result = ask(settings, "POST", f"/trunks/{quote(name, safe='')}/test")
    if not as_json and result["probes"]:
        _show(result["probes"])
    if not as_json and result["registration"] is not None:
        print(_registration_line(result["registration"]))
    calls = []
    for way in (result["gateways"] or [gateway]) if all_gateways else [gateway]:
        if call:
            calls.append(make_test_call(settings, name, {"to": call, "gateway": way, "listen_s": listen}))
            if not as_json:
                show_test_call(calls[-1])
    if as_json:
        print_json({**result, "calls": calls} if call else result)
    if not (result["probes"] or call):
        fail(f'trunk "{name}" has no single address, or none we can reach: nobody to ask')
    if not (result["fine"] or not result["probes"]) or not all(one["fine"] for one in calls):
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
        way = " ".join(part for part in (probe["peer"], probe["transport"]) if part)
        roles = ", ".join(place for place in probe["places"] if not place.startswith("peer "))
        line = f"{way} ({roles})" if roles else way
        console.print(f"{'ok' if probe['fine'] else '!'} {line}: {probe['says']}", markup=False)


def _registration_line(registration: dict[str, Any]) -> str:
    if registration["registered"]:
        until = datetime.fromisoformat(registration["until"])
        return f"ok registered at {registration['at']} until {until:%Y-%m-%d %H:%M:%S}"
    return f"! not registered: {registration['reason'] or 'nobody has answered yet'}"
