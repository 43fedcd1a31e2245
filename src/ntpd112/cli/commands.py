"""`ntpd112 run` and `demo`, and where the other commands are put together."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from ntpd112 import __version__
from ntpd112.config import find_config, load_config

from . import check, database, keys, operators, prompts, staff, trace, trunks, webhooks
from .asterisk import asterisk_config
from .audit import audit
from .backup import backup, restore
from .common import ConfigOption, configuration, fail
from .keeping import hold, retention
from .reload import reload
from .report import report
from .why import why

app = typer.Typer(
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
    """Call-handling backend for Indonesia's single emergency number 112.

    See it work:  ntpd112 demo

    \b
    Put it behind a PBX:
      ntpd112 check                                  is ntpd112.toml right?
      ntpd112 operator add budi --name "Budi"        a softphone's account
      ntpd112 run                                    until SIGTERM or Ctrl-C
      ntpd112 apikey add wallboard --scope calls:read
      ntpd112 prompt add welcome recording.wav       an announcement of your own
      ntpd112 why CALL_ID                            why a call waited, who was rung
      ntpd112 trace CALL_ID                          its SIP messages
      ntpd112 audit                                  who changed what, who heard what
      ntpd112 trunk test telkom                      is it there, how does it see us?
      ntpd112 reload                                 take over what the file says now
      ntpd112 trunk maintenance telkom on            its new calls go elsewhere
      ntpd112 webhook test dispatch                  does its receiver take it?
      ntpd112 backup /srv/backup/today               the whole centre, while it runs
      ntpd112 report --month 2026-11                 calls, answers and waits in figures
      ntpd112 staff --calls-per-hour 120 --talk 90s  how many operators?
    """


@app.command(short_help="Start the agent with its media workers and the API.")
def run(config: ConfigOption = None) -> None:
    """Start the agent with its media workers and the API.

    SIGTERM or Ctrl-C refuses new calls, lets those that talk end (up to sip.drain) and stops.

    Example: ntpd112 run --config /var/lib/ntpd112/ntpd112.toml
    """
    settings = configuration(config)
    from ntpd112 import app as agent  # late: the other commands start faster without it

    try:
        agent.run(settings, partial(load_config, find_config(config)))
    except agent.StartError as error:
        fail(f"ntpd112 cannot start: {error}")


@app.command(short_help="The same with simulated callers and operators.")
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


app.command(short_help="Say what is wrong with the configuration.")(check.check)
app.command(short_help="Let the running agent read its configuration again.")(reload)
app.command(short_help="Tell in words why a call went as it did.")(why)
app.command(short_help="Show who changed what and who fetched which recording.")(audit)
app.command(short_help="Put a call under legal hold, end it, or list them.")(hold)
app.command(short_help="Say or remove what is kept for longer than it may be.")(retention)
app.command("asterisk-config", short_help="Print or write the files of an Asterisk in front.")(
    asterisk_config
)
app.command(short_help="Copy the whole centre into a folder, also while it runs.")(backup)
app.command(short_help="Put a backup back where nothing is yet.")(restore)
app.command(short_help="Print a month's calls, answers and waits in figures.")(report)
app.command(short_help="Draw a call's SIP messages as a ladder diagram.")(trace.trace)
app.command(short_help="Say how many operators a load of calls needs.")(staff.staff)
app.add_typer(operators.app, name="operator", short_help="Add, import, list and remove operators.")
app.add_typer(database.app, name="database", short_help="Say where the schema stands, bring it up or down.")
app.add_typer(prompts.app, name="prompt", short_help="Add, list and remove announcements.")
app.add_typer(trunks.app, name="trunk", short_help="Try trunks, take them out of service, put them back.")
app.add_typer(webhooks.app, name="webhook", short_help="Try webhooks, see and resend what was given up.")
app.add_typer(keys.app, name="apikey", short_help="Make, list and withdraw API keys.")
