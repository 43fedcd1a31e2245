"""Softphones' files are what the guide prints, and what a phone reads them as."""

from __future__ import annotations

import re
from configparser import ConfigParser
from pathlib import Path

import pytest
from tests.cli.terminal import Terminal

from ntpd112.cli.phone_files import PhoneKind

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "phones.md"
SITE = '[site]\nregion = "35.78"\n[sip]\nrealm = "112.example.go.id"\n'


def site(terminal: Terminal, more: str) -> None:
    terminal.config.write_text(SITE + more)
    terminal.run("operator", "add", "budi", "--name", "Budi Santoso")


def printed(terminal: Terminal, kind: PhoneKind, *options: str, stdin: str = "") -> str:
    return terminal.run("operator", "phone-config", "budi", "--for", kind, *options, stdin=stdin).stdout


@pytest.mark.parametrize("kind", PhoneKind)
def test_the_guide_shows_what_is_printed(terminal: Terminal, kind: PhoneKind) -> None:
    site(terminal, 'advertise = "10.1.0.1"\n')
    shown = re.findall(rf"^```{kind}\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    assert shown == [printed(terminal, kind)]


def test_tls_srtp_the_port_and_the_registrars_limits_come_from_the_configuration(terminal: Terminal) -> None:
    site(
        terminal,
        'listen = ["udp://10.1.0.1:5070", "tls://10.1.0.1:5061"]\n'
        '[tls]\ncertificate = "a"\nkey = "a"\n'
        '[registrar]\nexpires = "20s..2m"\nsrtp = "required"\n',
    )
    ini = ConfigParser(interpolation=None)
    ini.read_string(printed(terminal, PhoneKind.microsip, "--transport", "tls"))
    account = ini["Account1"]
    assert (account["server"], account["transport"], account["SRTP"]) == ("10.1.0.1", "tls", "mandatory")
    assert account["registerRefresh"] == "120"
    ini = ConfigParser(interpolation=None)
    ini.read_string(printed(terminal, PhoneKind.linphone))
    assert ini["proxy_0"]["reg_proxy"] == "<sip:10.1.0.1:5070;transport=udp>"
    assert ini["sip"]["media_encryption_mandatory"] == "1"
    assert ";mediaenc=srtp-mand" in printed(terminal, PhoneKind.baresip)


def test_the_password_can_be_put_in(terminal: Terminal) -> None:
    site(terminal, 'advertise = "10.1.0.1"\n')
    file = printed(terminal, PhoneKind.baresip, "--password-stdin", stdin="rahasia-sekali\n")
    assert ";auth_pass=rahasia-sekali;" in file


@pytest.mark.parametrize(
    ("more", "arguments", "stdin", "said"),
    [
        ("", ["budi"], "", "set [sip] advertise"),
        ('advertise = "10.1.0.1"\n', ["siti"], "", 'there is no operator "siti"'),
        ('advertise = "10.1.0.1"\n', ["budi", "--transport", "tls"], "", '[sip] listen has no "tls" URL'),
        ('advertise = "10.1.0.1"\n', ["budi", "--password-stdin"], "a;b", "password has ';'"),
    ],
)
def test_what_cannot_be_written_is_said(
    terminal: Terminal, more: str, arguments: list[str], stdin: str, said: str
) -> None:
    site(terminal, more)
    result = terminal.run("operator", "phone-config", *arguments, "--for", "baresip", stdin=stdin, code=1)
    assert said in result.stderr
