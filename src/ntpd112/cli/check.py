"""`ntpd112 check`: what is wrong with the configuration, and where calls go that no operator takes."""

from __future__ import annotations

from datetime import UTC, datetime

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ntpd112.calls.unserved import unserved
from ntpd112.config import (
    PBX,
    ConfigErrors,
    Problem,
    Route,
    certificate_doubts,
    check_config,
    find_config,
    grouped,
    routes_of,
)
from ntpd112.config import warnings_of as doubts_of

from .common import WRONG_CONFIG, ConfigOption, JsonOption, print_json
from .serving import NotLooked, operators_of

WIDTH = 200
"Characters of a line where no terminal says how many it has: a route is not broken then."


def check(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Read the configuration and say what is wrong with it, by line and key, and what will bite later.

    Looks at the certificates' files and, if the database answers, whether operators can serve each queue.
    Shows where a call goes that no operator takes. Ends with 2 if anything is wrong, a queue without a way
    out among it, with 0 if there are only warnings.

    Example: ntpd112 check --config /var/lib/ntpd112/ntpd112.toml
    """
    path = find_config(config)
    problems: list[Problem] = []
    warnings: list[str] = []
    routes: list[Route] = []
    not_looked = ""
    try:
        now = datetime.now(UTC)
        settings, problems = check_config(path, now=now)
        warnings, routes = [*doubts_of(settings), *certificate_doubts(settings, now)], routes_of(settings)
        warnings += unserved(settings, operators_of(settings))
    except NotLooked as reason:
        not_looked = str(reason)
    except ConfigErrors as errors:
        problems = errors.problems
    if as_json:
        print_json(
            {
                "file": path,
                "problems": [
                    {"source": p.source, "line": p.line, "key": p.key, "message": p.message} for p in problems
                ],
                "warnings": warnings,
                "operators_not_looked_at": not_looked or None,
                "routes": [_as_json(route) for route in routes],
            }
        )
    else:
        if routes:
            _print(_table(routes))
        for problem in problems:
            print(problem)
        for warning in warnings:
            print(f"warning: {warning}")
        if not_looked:
            print(f"not looked at: whether operators can serve each queue ({not_looked})")
        if not problems:
            print(f"{path or 'no file, the defaults'}: {'no errors' if warnings else 'nothing wrong'}")
    if problems:
        raise typer.Exit(WRONG_CONFIG)


def _print(table: Table) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    console.print(table)


def _table(routes: list[Route]) -> Table:
    table = Table("queue", "no operator takes the call", "goes to", box=None, pad_edge=False)
    previous = ""
    for route, ways in grouped(routes):
        name = "" if route.queue == previous else route.queue
        goes = Text(_goes_to(route), style="" if route.ends else "bold red")
        table.add_row(Text(name), ", ".join(ways), goes)
        previous = route.queue
    return table


def _goes_to(route: Route) -> str:
    """`queue medical, police after 40 s, then neighbour, and again`"""
    hops = [f"queue {name}" for name in (*route.queues[1:], route.back_to) if name]
    if not route.ends:
        return ", ".join([*hops, "NOBODY"])
    if route.ends == (PBX,):
        return "back to the PBX (503)"
    when = f"after {route.after_s:g} s" if route.after_s else "at once"
    first, *others = route.ends
    return ", ".join([*hops, f"{first} {when}", *(f"then {end}" for end in others), "and again"])


def _as_json(route: Route) -> dict[str, object]:
    return {
        "queue": route.queue,
        "when": route.way,
        "queues": route.queues,
        "ends": route.ends,
        "after_s": route.after_s,
        "back_to": route.back_to or None,
        "proven": bool(route.ends),
    }
