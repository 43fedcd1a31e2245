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
    patiences = [None] if patience is None else [None, patience]
    try:
        answers = [_answer(calls_per_hour, talk, level, each) for each in patiences]
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
        print_json(asked | {answer.key: _as_json(answer) for answer in answers})
        return
    print(f"{calls_per_hour:g} calls an hour of {talk:g} s: {load:.1f} operators busy on average")
    console = Console(highlight=False)
    for answer in answers:
        console.print(f"\n{answer.title}: {answer.operators} operators", _table(answer, level), sep="\n")


class _Answer(NamedTuple):
    key: str
    title: str
    operators: int
    "So many are needed."
    rows: list[Staffing]
    "What one less, so many and one more give."


def _answer(calls_per_hour: float, talk: float, level: Level, patience: float | None) -> _Answer:
    asked = calls_per_hour, talk
    needed = operators_needed(*asked, level.share, level.seconds, patience).operators
    around = range(max(1, needed - 1), needed + 2)
    rows = [staffing(operators, *asked, level.seconds, patience) for operators in around]
    if patience is None:
        return _Answer("erlang_c", "Erlang C, callers wait for ever", needed, rows)
    return _Answer("erlang_a", f"Erlang A, callers wait {patience:g} s on average", needed, rows)


def _table(answer: _Answer, level: Level) -> Table:
    table = Table("operators", f"within {level.seconds:g} s", "mean wait", "busy", "hang up", box=None)
    for row in answer.rows:
        wait = f"{row.mean_wait_s:.1f} s" if isfinite(row.mean_wait_s) else "ever longer"
        shares = [f"{share:.1%}" for share in (row.service_level, row.occupancy, row.abandoned)]
        style = "bold" if row.operators == answer.operators else ""
        table.add_row(str(row.operators), shares[0], wait, *shares[1:], style=style)
    return table


def _as_json(answer: _Answer) -> dict[str, object]:
    """An endless wait is null."""
    rows = [
        asdict(row) | {"mean_wait_s": row.mean_wait_s if isfinite(row.mean_wait_s) else None}
        for row in answer.rows
    ]
    return {"operators": answer.operators, "table": rows}
