"""First come first served against the shield, for the same callers, in virtual time with the real ACD.

`python -m bench.simulator [--only NAME] [--operators N] [--calls-per-day N] [--days N] [--seed N] [--json]`
`python -m bench.simulator --staff` sets `ntpd112 staff`'s formulas beside a plain queue of the ACD.

What is assumed of callers and operators, and why, is in `world.py`.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from bench.simulator.cases import CASES, Result, changed, simulate
from bench.simulator.results import WITHIN_S, Summary
from bench.simulator.staff import CASES as PLAIN_CASES
from bench.simulator.staff import reckoned, simulated
from rich.console import Console
from rich.table import Table

TABLE_WIDTH = 130
"Characters: what the widest table needs."
STAFF_CALLS = 30_000
"Of each plain queue: the sampling error of a mean wait is then a few percent."


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.simulator",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", metavar="TEXT", default="", help="cases whose title has this in it")
    parser.add_argument("--operators", type=_number, metavar="N")
    parser.add_argument("--calls-per-day", type=_number, metavar="N")
    parser.add_argument("--days", type=_number, metavar="N", help="days, or disaster hours, to simulate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--staff", action="store_true", help="Erlang's formulas against the ACD")
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args()
    if options.staff:
        _staff(options.seed, options.as_json)
        return
    cases = [case for case in CASES if options.only.lower() in case.title.lower()]
    if not cases:
        parser.error(f'--only "{options.only}" is in none of: {", ".join(case.title for case in CASES)}')
    results = [
        simulate(changed(case, options.operators, options.calls_per_day, options.days), options.seed)
        for case in cases
    ]
    if options.as_json:
        print(json.dumps([asdict(one) | {"gain": one.gain} for one in results], indent=2))
        return
    console = Console(width=max(Console().width, TABLE_WIDTH), highlight=False)
    for result in results:
        console.print(_title(result), _table(result), sep="\n", end="\n\n")


def _number(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f'"{text}" is not a number above 0')
    return int(text)


def _title(result: Result) -> str:
    case = result.case
    span = f"{case.repeats} {'disaster hours' if case.disaster else 'days'}"
    gain = "" if result.gain is None else f"; emergencies' p95 wait {result.gain:.1f} times shorter"
    return (
        f"{case.title}: operators: {case.operators}, {case.calls_per_day:,.0f} calls a day, {span}, "
        f"{result.calls:,} callers{gain}"
    )


def _table(result: Result) -> Table:
    table = Table("callers", "", box=None)
    headings = "people", "median", "p95", "longest", f"within {WITHIN_S:g} s", "gave up", "told", "forgotten"
    for heading in headings:
        table.add_column(heading, justify="right")
    for name in result.plain:
        table.add_row(name, "first come first served", *_cells(result.plain[name]))
        table.add_row("", "shield", *_cells(result.shielded[name]))
    return table


def _cells(one: Summary) -> list[str]:
    waits = ["-" if wait is None else f"{wait:,.1f} s" for wait in (one.median, one.p95, one.longest)]
    counts = [str(count) for count in (one.gave_up, one.satisfied, one.forgotten)]
    return [str(one.people), *waits, f"{one.within:.1%}", *counts]


def _staff(seed: int, as_json: bool) -> None:
    pairs = [(case, reckoned(case), simulated(case, STAFF_CALLS, seed)) for case in PLAIN_CASES]
    if as_json:
        rows = [{"case": asdict(case), "erlang": asdict(a), "acd": asdict(b)} for case, a, b in pairs]
        print(json.dumps(rows, indent=2).replace("Infinity", "null"))
        return
    table = Table("load", "operators", box=None)
    for heading in (f"within {WITHIN_S:g} s", "mean wait", "busy", "hang up"):
        table.add_column(f"{heading}: Erlang / ACD", justify="right")
    for case, formula, acd in pairs:
        table.add_row(
            str(case),
            str(case.operators),
            f"{formula.service_level:.1%} / {acd.service_level:.1%}",
            f"{formula.mean_wait_s:,.1f} / {acd.mean_wait_s:,.1f} s",
            f"{formula.occupancy:.1%} / {acd.occupancy:.1%}",
            f"{formula.abandoned:.1%} / {acd.abandoned:.1%}",
        )
    Console(width=TABLE_WIDTH, highlight=False).print(table)


if __name__ == "__main__":
    main()
