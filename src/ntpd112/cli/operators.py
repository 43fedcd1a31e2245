"""`ntpd112 operator`: add, import, list and remove operators, set what they sign in with. A running agent
notices within seconds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ntpd112.access.accounts import Accounts
from ntpd112.access.passwords import InvalidPassword, hash_password
from ntpd112.cdr.directory import ROLES, Directory, InvalidOperator, Operator, OperatorExists
from ntpd112.config import Config, ListenUrl
from ntpd112.sip.flow import advertised

from .auditing import recorded
from .common import ConfigOption, JsonOption, configuration, fail, print_json, with_database
from .credentials import generated_password, skills_from, with_password
from .operator_file import read_operators
from .phone_files import PhoneKind, account_of, phone_file

app = typer.Typer(no_args_is_help=True)
THIS_MACHINE = "ADDRESS-OF-THIS-MACHINE"
NOBODY = 'there is no operator "{}"; `ntpd112 operator list` shows all'


@app.callback()
def about() -> None:
    """Add, import, list and remove operators. A running agent notices within seconds.

    Example: ntpd112 operator add budi --name "Budi Santoso" --skill medical=3
    """


PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]
OperatorId = Annotated[str, typer.Argument(metavar="ID", help="User part of the phone's SIP address.")]


@app.command(short_help="Add an operator; prints their phone's SIP account once.")
def add(
    operator: OperatorId,
    name: Annotated[str, typer.Option(help="Name as shown.")],
    skill: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=LEVEL", help="A skill with its level, 1 to 10; repeatable."),
    ] = None,
    role: Annotated[str, typer.Option(help=f"What they may once signed in: {', '.join(ROLES)}.")] = ROLES[0],
    password_stdin: PasswordStdin = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Add an operator and print the SIP credentials for their phone, this once: only a hash is kept.

    To sign in at a console they need another password: `ntpd112 operator password`.

    Example: ntpd112 operator add budi --name "Budi Santoso" --skill medical=3
    """
    settings = configuration(config)
    password = _read_password() if password_stdin else generated_password()
    try:
        made = with_password(operator, name, skills_from(skill or ()), settings.sip.realm, password, role)
        with recorded(settings, "operator add", operator, name=name, skills=" ".join(skill or ()), role=role):
            with_database(settings, lambda engine: Directory(engine).add(made))
    except OperatorExists as error:
        fail(f"{error}; change with `ntpd112 operator import`, or remove it first")
    except (InvalidOperator, ValueError) as error:
        fail(str(error))
    _print_account(settings, made, password, as_json)


@app.command(short_help="Set what an operator signs in with; prints it once.")
def password(
    operator: OperatorId, password_stdin: PasswordStdin = False, config: ConfigOption = None
) -> None:
    """Set the password with which an operator signs in at a console, and end their sessions. It is not their
    phone's. Without --password-stdin one is made up and printed, this once: only a hash is kept.

    Example: ntpd112 operator password budi
    """
    given = _read_password() if password_stdin else generated_password()
    try:
        argon2 = hash_password(given)
    except InvalidPassword as error:
        fail(str(error))
    settings = configuration(config)
    with recorded(settings, "operator password", operator):
        if not with_database(settings, lambda engine: Accounts(engine).set_secret(operator, argon2)):
            fail(NOBODY.format(operator))
    if not password_stdin:
        print(given)
    print(f'This is what operator "{operator}" signs in with; it is not shown again.', file=sys.stderr)


def _read_password() -> str:
    return sys.stdin.read().rstrip("\r\n")


def _print_account(config: Config, operator: Operator, password: str, as_json: bool) -> None:
    servers = [str(_reachable(url, config.sip.advertise)) for url in config.sip.listen]
    if as_json:
        account = {"user": operator.id, "password": password, "realm": operator.realm, "servers": servers}
        print_json(account)
        return
    print(f"SIP user  {operator.id}")
    print(f"Password  {password}")
    print(f"Realm     {operator.realm}")
    print(f"Server    {' '.join(servers)}")


def _reachable(url: ListenUrl, instead: str | None) -> ListenUrl:
    """What a phone is to be told: never the 0.0.0.0 that means all of this machine's addresses."""
    host = advertised(url.host, instead)
    return url._replace(host=THIS_MACHINE if host in ("0.0.0.0", "::") else host)


@app.command("phone-config", short_help="Print the file that a softphone reads an operator's account from.")
def phone_config(
    operator: OperatorId,
    kind: Annotated[PhoneKind, typer.Option("--for", help="The softphone.")],
    transport: Annotated[
        str | None, typer.Option(help="udp, tcp or tls; by default the first of [sip] listen.")
    ] = None,
    password_stdin: PasswordStdin = False,
    config: ConfigOption = None,
) -> None:
    """Print the configuration file of a softphone with the operator's account; docs/guides/phones.md says
    where it goes. Without --password-stdin it has PASSWORD, to be replaced: only a hash is kept here.

    Example: ntpd112 operator phone-config budi --for microsip
    """
    settings = configuration(config)
    server = next((url for url in settings.sip.listen if transport in (None, url.transport)), None)
    if server is None:
        fail(f'[sip] listen has no "{transport}" URL')
    server = _reachable(server, settings.sip.advertise)
    if server.host == THIS_MACHINE:
        fail("[sip] listen says no address that a phone could register at: set [sip] advertise")
    found = next((one for one in _all(settings) if one.id == operator), None)
    if found is None:
        fail(NOBODY.format(operator))
    secret = _read_password() if password_stdin else "PASSWORD"
    try:
        account = account_of(settings, found, secret, server)
    except ValueError as error:
        fail(str(error))
    print(phone_file(kind, account), end="")


@app.command("import", short_help="Add or change many operators from a CSV file.")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Columns id,name,password,skills[,role].")],
    config: ConfigOption = None,
) -> None:
    """Add or change many operators from a CSV file: all of them, or none if anything is wrong.

    Skills are written as `medical=3 english=1`. An empty password or role keeps the present one.

    Example: ntpd112 operator import operators.csv
    """
    settings = configuration(config)
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        fail(f"{file}: cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        fail(f"{file}: is not UTF-8 text (byte {error.start}): save it as CSV UTF-8")
    known = {operator.id: operator for operator in _all(settings)}
    reading = read_operators(text, settings.sip.realm, known)
    if reading.problems:
        listed = "\n".join(f"{file}:{problem}" for problem in reading.problems)
        fail(f"{listed}\nnothing was imported")
    ids = " ".join(operator.id for operator in reading.operators)
    with recorded(settings, "operator import", str(file), operators=ids):
        with_database(settings, lambda engine: Directory(engine).put(reading.operators))
    added = sum(operator.id not in known for operator in reading.operators)
    print(f"{added} added, {len(reading.operators) - added} changed")


@app.command("list")
def list_(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the operators with their roles and skills.

    Example: ntpd112 operator list --json
    """
    settings = configuration(config)
    operators = _all(settings)
    if as_json:
        print_json(
            [
                {"id": o.id, "name": o.name, "skills": o.skills, "role": o.role, "realm": o.realm}
                for o in operators
            ]
        )
        return
    table = Table("id", "name", "role", "skills")
    for operator in operators:
        skills = " ".join(f"{skill}={level}" for skill, level in sorted(operator.skills.items()))
        other = "" if operator.realm == settings.sip.realm else f" (password is for realm {operator.realm})"
        table.add_row(operator.id, operator.name + other, operator.role, skills)
    Console().print(table)


@app.command()
def remove(operator: OperatorId, config: ConfigOption = None) -> None:
    """Remove an operator; a call they are in goes on.

    Example: ntpd112 operator remove budi
    """
    settings = configuration(config)
    with recorded(settings, "operator remove", operator):
        if not with_database(settings, lambda engine: Directory(engine).remove(operator)):
            fail(NOBODY.format(operator))


def _all(config: Config) -> list[Operator]:
    return with_database(config, lambda engine: Directory(engine).all())
