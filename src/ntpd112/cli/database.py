"""`ntpd112 database`: where the main database's schema stands, and bringing it up or down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from ntpd112.cdr.database import (
    DRIVER_END_S,
    DatabaseError,
    Revision,
    Schema,
    create_engine,
    look,
    migrate,
    revisions,
)
from ntpd112.config import Config
from ntpd112.journal import running_agent

from .common import FAILED, ConfigOption, JsonOption, configuration, fail, print_json

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True)


@app.callback()
def about() -> None:
    """Say where the database's schema stands; bring it up or, for an older ntpd112, down.

    Every other command that uses the database, and the agent's start, bring it up by themselves.

    Example: ntpd112 database status
    """


@app.command()
def status(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Say whether the database answers and its schema is the one of this ntpd112. Changes nothing.

    Ends with 0 if so, else with 1.

    Example: ntpd112 database status
    """
    settings = configuration(config)
    schema = _use(settings, look)
    if as_json:
        print_json(
            {
                "revision": schema.revision,
                "newest_known": revisions()[-1].id,
                "missing": [revision.id for revision in schema.missing],
                "usable": schema.is_usable,
            }
        )
    else:
        print(f"{_address(settings)}: {_said(schema)}")
        _list(schema.missing)
    if not schema.is_usable:
        raise typer.Exit(FAILED)


def _said(schema: Schema) -> str:
    if schema.is_newer:
        return (
            f"revision {schema.revision}, made by a newer ntpd112 than this one, which knows "
            f"{revisions()[-1].id} at most"
        )
    if schema.revision is None:
        return "empty; `ntpd112 database upgrade`, or the agent's start, makes the tables"
    if schema.missing:
        return f"revision {schema.revision}; `ntpd112 database upgrade` brings"
    return f"revision {schema.revision}, the newest"


@app.command()
def upgrade(config: ConfigOption = None) -> None:
    """Bring the schema to the newest revision, all or nothing.

    The agent's start does it too; on a database of millions of calls it may take minutes, which are better
    spent before the agent stops.

    Example: ntpd112 database upgrade
    """
    settings = configuration(config)
    before = _use(settings, look)
    _use(settings, migrate)
    _list(before.missing)
    print(f"{_address(settings)}: revision {revisions()[-1].id}, the newest")


@app.command()
def downgrade(
    revision: Annotated[str, typer.Argument(metavar="REVISION", help="As the older ntpd112 names it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: ConfigOption = None,
) -> None:
    """Bring the schema down to an older ntpd112's revision, all or nothing; asks first.

    What the newer revisions added is lost; CDRs and operators stay. Make a backup, stop every agent on this
    database, and start none of this version after it: it would bring the schema up again.

    Example: ntpd112 database downgrade 0002
    """
    settings = configuration(config)
    undone = _undone(_use(settings, look), revision)
    if agent := running_agent(settings.journal.path):
        fail(f"the agent (process {agent}) is running: stop it first")
    print(f"{_address(settings)}: these are undone, and what they added is lost:")
    _list(undone)
    if not yes and not typer.confirm("Is there a backup, is every agent on this database stopped?"):
        fail("nothing was changed")
    _use(settings, lambda engine: migrate(engine, revision))
    print(f"revision {revision}; start the older ntpd112 now")


def _undone(schema: Schema, revision: str) -> list[Revision]:
    """Newest first."""
    known = revisions()
    ids = [one.id for one in known]
    if schema.is_newer:
        fail(f"the database is {_said(schema)}: only the newer one can bring it down")
    if revision not in ids:
        fail(f'there is no revision "{revision}"; there are {", ".join(ids)}')
    undone = [one for one in known if one not in schema.missing][ids.index(revision) + 1 :]
    if not undone:
        fail(f"the database is at revision {schema.revision or 'nothing'}: it does not have to go down")
    return undone[::-1]


def _list(some: list[Revision]) -> None:
    for revision in some:
        print(f"  {revision.id}  {revision.what}")


def _address(config: Config) -> str:
    """Without the password."""
    return create_engine(config.database.url).url.render_as_string()


def _use(config: Config, use: Callable[[AsyncEngine], Awaitable[T]]) -> T:
    """As `with_database`, but leaves the schema as it is."""

    async def work() -> T:
        engine = create_engine(config.database.url)
        try:
            return await use(engine)
        finally:
            await engine.dispose()
            await asyncio.sleep(DRIVER_END_S)

    try:
        return asyncio.run(work())
    except DatabaseError as error:
        fail(str(error))
