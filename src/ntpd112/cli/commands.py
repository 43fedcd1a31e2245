"""`ntpd112 run`, `demo` and `check`, and where the other commands are put together."""

from __future__ import annotations

from errno import EACCES, EADDRINUSE, EADDRNOTAVAIL
from typing import Annotated

import typer

from ntpd112 import __version__
from ntpd112.cdr.database import DatabaseError
from ntpd112.config import ConfigErrors, find_config, load_config, warnings_of
from ntpd112.journal import JournalError

from . import keys, operators, trace
from .common import WRONG_CONFIG, ConfigOption, JsonOption, configuration, fail, print_json

app = typer.Typer(
    help="Call-handling backend for Indonesia's single emergency number 112.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"ntpd112 {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Call-handling backend for Indonesia's single emergency number 112."""


@app.command()
def run(config: ConfigOption = None) -> None:
    """Start the agent with its media workers and the API.

    SIGTERM or Ctrl-C refuses new calls, lets those that talk end (up to sip.drain) and stops.

    Example: ntpd112 run --config /etc/ntpd112.toml
    """
    settings = configuration(config)
    from ntpd112 import app as agent  # late: the other commands start faster without it

    try:
        agent.run(settings)
    except (JournalError, DatabaseError) as error:
        fail(f"ntpd112 cannot go on: {error}")
    except OSError as error:
        if error.errno not in (EACCES, EADDRINUSE, EADDRNOTAVAIL):
            raise
        fail(f"ntpd112 cannot listen: {error}; see listen under [sip] and [http]")


@app.command()
def demo(
    operators: Annotated[int, typer.Option(min=1, help="Simulated operators.")] = 5,
    calls_per_minute: Annotated[float, typer.Option(min=0.1, help="Simulated callers.")] = 12.0,
    seconds: Annotated[float | None, typer.Option(min=1, help="End by itself after so long.")] = None,
    config: ConfigOption = None,
) -> None:
    """Start the agent with simulated callers and operators, to see calls flow. Ctrl-C ends it.

    It has a configuration of its own; one given is only checked.

    Example: ntpd112 demo --operators 8 --calls-per-minute 40
    """
    if config is not None:
        configuration(config)
    from ntpd112.demo import run as run_demo
    from ntpd112.demo.site import DemoError

    try:
        run_demo(operators, calls_per_minute, seconds)
    except DemoError as error:
        fail(str(error))


@app.command()
def check(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Read the configuration and say what is wrong with it, by line and key.

    Ends with 2 if anything is wrong, with 0 if there are only warnings.

    Example: ntpd112 check --config /etc/ntpd112.toml
    """
    path = find_config(config)
    problems, warnings = [], []
    try:
        warnings = warnings_of(load_config(path))
    except ConfigErrors as errors:
        problems = errors.problems
    if as_json:
        found = [{"source": p.source, "line": p.line, "key": p.key, "message": p.message} for p in problems]
        print_json({"file": path, "problems": found, "warnings": warnings})
    else:
        for problem in problems:
            print(problem)
        for warning in warnings:
            print(f"warning: {warning}")
        if not problems:
            print(f"{path or 'no file, the defaults'}: nothing wrong")
    if problems:
        raise typer.Exit(WRONG_CONFIG)


app.add_typer(operators.app, name="operator")
app.add_typer(keys.app, name="apikey")
app.command()(trace.trace)
