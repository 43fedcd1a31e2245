"""Operators as the command line takes them: skills as text, passwords as digest hashes."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping

from ntpd112.cdr.directory import ROLES, Operator
from ntpd112.sip.digest import make_credentials

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"Nothing that looks like something else: passwords are typed into desk phones."
GENERATED_LENGTH = 20
"Characters: 99 bits, beyond guessing even from the stored hashes."
MIN_PASSWORD = 8
"Characters; SIP ports are tried by password guessers day and night."


def generated_password() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(GENERATED_LENGTH))


def skills_from(texts: Iterable[str]) -> dict[str, int]:
    """`medical=3` each. Raises ValueError naming the text."""
    skills = {}
    for text in texts:
        name, equals, level = text.partition("=")
        if not (name and equals and level.isascii() and level.isdigit()):
            raise ValueError(f'skill "{text}" is not NAME=LEVEL, such as medical=3')
        if name in skills:
            raise ValueError(f'skill "{name}" is given twice')
        skills[name] = int(level)
    return skills


def with_password(
    operator: str, name: str, skills: Mapping[str, int], realm: str, password: str, role: str = ROLES[0]
) -> Operator:
    """Raises ValueError for a password that is too short."""
    if len(password) < MIN_PASSWORD:
        raise ValueError(f"password has {len(password)} characters; at least {MIN_PASSWORD} are needed")
    hashes = make_credentials(operator, realm, password)
    return Operator(
        id=operator,
        name=name,
        skills=dict(skills),
        realm=realm,
        ha1_md5=hashes.ha1_md5,
        ha1_sha256=hashes.ha1_sha256,
        role=role,
    )
