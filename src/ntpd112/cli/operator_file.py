"""The CSV file of `ntpd112 operator import`: columns `id,name,password,skills`, and `role` if wanted.

Skills are written as `medical=3 english=1`. An empty password, which is the phone's, keeps the one
that the operator has, and so does an empty role.
Spreadsheets that write `;` for `,` are understood.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field

from ntpd112.cdr.directory import ROLES, InvalidOperator, Operator, check

from .credentials import skills_from, with_password

COLUMNS = ("id", "name", "password", "skills")
ROLE = "role"
"A column that may be left out."


@dataclass
class Reading:
    """What a file held. With any `problems`, `operators` is not to be used."""

    operators: list[Operator] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    "`LINE: what is wrong`"


def read_operators(text: str, realm: str, known: Mapping[str, Operator]) -> Reading:
    """`known`: the present operators by id, whose passwords may be kept."""
    reading = Reading()
    lines = text.removeprefix("\ufeff").splitlines()
    first = lines[0] if lines else ""
    rows = csv.DictReader(lines, delimiter=";" if first.count(";") > first.count(",") else ",", strict=True)
    columns = [name.strip().lower() for name in rows.fieldnames or ()]
    if sorted(column for column in columns if column != ROLE) != sorted(COLUMNS) or columns.count(ROLE) > 1:
        expected = f"{', '.join(COLUMNS)}, and {ROLE} if wanted"
        reading.problems.append(f"1: columns are {', '.join(columns) or 'none'}; expected {expected}")
        return reading
    rows.fieldnames = columns
    seen: dict[str, int] = {}
    try:
        for row in rows:
            _read_row(row, rows.line_num, realm, known, seen, reading)
    except csv.Error as error:
        reading.problems.append(f"{rows.reader.line_num}: is not CSV: {error}")
    return reading


def _read_row(
    row: dict[str, str],
    line: int,
    realm: str,
    known: Mapping[str, Operator],
    seen: dict[str, int],
    reading: Reading,
) -> None:
    if None in row or None in row.values():
        reading.problems.append(f"{line}: has not as many columns as line 1")
        return
    values = {column: value.strip() for column, value in row.items()}
    operator = values["id"]
    if operator in seen:
        reading.problems.append(f'{line}: operator "{operator}" stands on line {seen[operator]} already')
    seen.setdefault(operator, line)
    try:
        made = _operator(values, realm, known.get(operator))
        check(made)
    except (ValueError, InvalidOperator) as error:
        reading.problems.append(f"{line}: {error}")
    else:
        reading.operators.append(made)


def _operator(values: dict[str, str], realm: str, before: Operator | None) -> Operator:
    operator, skills = values["id"], skills_from(values["skills"].split())
    role = values.get(ROLE) or (before.role if before is not None else ROLES[0])
    if not values["password"] and before is None:
        raise ValueError(f'password is empty, and operator "{operator}" is new: there is none to keep')
    if values["password"] or before is None:
        return with_password(operator, values["name"], skills, realm, values["password"], role)
    if before.realm != realm:
        raise ValueError(f'password is empty, and the present one is for realm "{before.realm}"')
    return Operator(
        id=operator,
        name=values["name"],
        skills=skills,
        realm=realm,
        ha1_md5=before.ha1_md5,
        ha1_sha256=before.ha1_sha256,
        role=role,
    )
