"""`ntpd112 staff`: how many operators a load of calls needs."""

from __future__ import annotations

from dataclasses import asdict
from math import isfinite
from typing import Annotated, NamedTuple

import typer
from rich.console import Console
from rich.table import Table

from ntpd112.config import values
from ntpd112.queue.erlang import Staffing, operators_needed, staffing

from .common import ConfigOption, JsonOption, configuration, fail, print_json


class Level(NamedTuple):
    """`90/15`: `percent` of all calls answered within `seconds`."""

    percent: float
    seconds: float

    @property
    def share(self) -> float:
        return self.percent / 100


def _duration(text: str) -> float:
    try:
        return values.duration(text)
    except ValueError as error:
        raise typer.BadParameter(f'"{text}" {error}') from None


def _level(text: str) -> Level:
    percent, slash, seconds = text.partition("/")
    try:
        level = Level(float(percent), float(seconds.removesuffix("s")))
    except ValueError:
        level = Level(0, 0)
    if not (slash and 0 < level.percent < 100 and 0 <= level.seconds < float("inf")):
        raise typer.BadParameter(f'"{text}" is not PERCENT/SECONDS such as "90/15"')
    return level


def staff(
    calls_per_hour: Annotated[
        float, typer.Option(help="Calls that operators answer, in the busiest hour.", metavar="N")
    ],
    talk: Annotated[
        float, typer.Option(parser=_duration, help="Mean talk and wrap-up time of a call.", metavar="TIME")
    ],
    level: Annotated[
        Level, typer.Option(parser=_level, help="Percent answered within seconds.", metavar="PERCENT/SECONDS")
    ] = "90/15",  # type: ignore[assignment]  # typer parses the default as it does what is given
    patience: Annotated[
        float | None,
        typer.Option(parser=_duration, help="Mean time after which callers hang up.", metavar="TIME"),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Say how many operators a load of calls needs, on duty and ready at the same time.

    By Erlang C, in which callers wait for ever, and with --patience also by Erlang A, in which they hang up.
    The rule of emergency centres (NENA) is 90/15 and 95/20. It needs no configuration; one given is only
    checked.

    Example: ntpd112 staff --calls-per-hour 120 --talk 90s --level 90/15 --patience 60s
    """
    if config is not None:
        configuration(config)
    models = {"erlang_c": None} | ({"erlang_a": patience} if patience is not None else {})
    try:
        found = {
            name: operators_needed(calls_per_hour, talk, level.share, level.seconds, gives_up)
            for name, gives_up in models.items()
        }
        rows = {
            name: [
                staffing(operators, calls_per_hour, talk, level.seconds, models[name])
                for operators in range(max(1, needed.operators - 1), needed.operators + 2)
            ]
            for name, needed in found.items()
        }
    except ValueError as error:
        fail(str(error))
    load = calls_per_hour * talk / 3600
    if as_json:
        asked = {
            "calls_per_hour": calls_per_hour,
            "talk_s": talk,
            "patience_s": patience,
            "load_erlang": load,
        }
        asked |= {"level": level.share, "within_s": level.seconds}
        answers = {
            name: {"operators": needed.operators, "table": [_as_json(row) for row in rows[name]]}
            for name, needed in found.items()
        }
        print_json(asked | answers)
        return
    print(f"{calls_per_hour:g} calls an hour of {talk:g} s: {load:.1f} operators busy on average")
    for name, needed in found.items():
        patient = "callers who wait for ever" if models[name] is None else f"callers who wait {patience:g} s"
        title = f"{name.replace('_', ' ').title()}, {patient}: {needed.operators} operators"
        Console(highlight=False).print(_table(rows[name], needed.operators, level), title, sep="\n")


def _table(rows: list[Staffing], needed: int, level: Level) -> Table:
    table = Table("operators", f"within {level.seconds:g} s", "mean wait", "busy", "hang up", box=None)
    for row in rows:
        wait = f"{row.mean_wait_s:.1f} s" if isfinite(row.mean_wait_s) else "ever longer"
        shares = [f"{share:.1%}" for share in (row.service_level, row.occupancy, row.abandoned)]
        style = "bold" if row.operators == needed else ""
        table.add_row(str(row.operators), shares[0], wait, *shares[1:], style=style)
    return table


def _as_json(row: Staffing) -> dict[str, object]:
    wait = row.mean_wait_s if isfinite(row.mean_wait_s) else None
    return asdict(row) | {"mean_wait_s": wait}
