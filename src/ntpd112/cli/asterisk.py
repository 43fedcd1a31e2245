"""`ntpd112 asterisk-config`: the Asterisk that goes with the configuration."""

from __future__ import annotations

import secrets
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ntpd112.cdr.directory import ID_PATTERN
from ntpd112.config.values import network

from .asterisk_files import CERTIFICATES, PARTS, NotSaid, Phone, all_files, site_files, site_of
from .common import ConfigOption, configuration, fail

PASSWORD_BYTES = 12


class Part(StrEnum):
    pjsip = "pjsip"
    extensions = "extensions"


def asterisk_config(
    telco: Annotated[list[str], typer.Option(help="Address or network of the telco; repeatable.")],
    operator: Annotated[list[str], typer.Option(help="An operator's id, for the hunt group; repeatable.")],
    trunk: Annotated[str | None, typer.Option(help="The PBX's; by default the first.")] = None,
    part: Annotated[Part | None, typer.Option(help="Print only this of the site's own files.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Write all files here, an empty folder.")] = None,
    certificates: Annotated[
        str, typer.Option(help="Folder on the PBX with pbx.pem and ca.pem, where TLS is spoken.")
    ] = CERTIFICATES,
    config: ConfigOption = None,
) -> None:
    """Print what an Asterisk in front of this ntpd112 has of its own, or write all its files.

    Addresses, TLS and SRTP come from the configuration. Each phone gets a new password at the PBX. See
    asterisk-config/README.md for what the files do.

    Example: ntpd112 asterisk-config --telco 10.9.0.0/24 --operator budi --operator siti --folder asterisk
    """
    settings = configuration(config)
    for name in operator:
        if not ID_PATTERN.match(name):
            fail(f'"{name}" is no operator\'s id')
    try:
        phones = [Phone(name, secrets.token_urlsafe(PASSWORD_BYTES)) for name in operator]
        site = site_of(settings, trunk, [network(address) for address in telco], phones, certificates)
    except NotSaid as problem:
        fail(str(problem))
    except ValueError as problem:
        fail(f"--telco {problem}")
    if folder is not None:
        _write(folder, all_files(site))
        return
    wanted = PARTS[part] if part is not None else [name for names in PARTS.values() for name in names]
    for name, text in site_files(site).items():
        if name in wanted:
            print(f"; ---- {name}\n{text}")


def _write(folder: Path, texts: dict[str, str]) -> None:
    """Readable by who may read passwords."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            fail(f'"{folder}" is not empty: what an Asterisk has is not overwritten')
        for name, text in texts.items():
            file = folder / name
            file.touch(0o640)
            file.write_text(text, "utf-8")
    except OSError as error:
        fail(f'"{error.filename}": {error.strerror}')
    print(f"{folder}: {len(texts)} files for /etc/asterisk; pjsip-operators.conf has the phones' passwords")
