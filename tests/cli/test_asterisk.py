"""`ntpd112 asterisk-config`: the shipped folder comes from it, and calls of the tests go through that."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from tests.cli.terminal import Terminal
from tests.config.said import load

from ntpd112.cli.asterisk_files import NotSaid, Phone, all_files, site_of

SHIPPED = Path(__file__).parents[2] / "asterisk-config"
EXAMPLE = '[sip]\nlisten = ["udp://127.0.0.1:5060"]\n[[trunk]]\nname = "pbx"\npeers = ["127.0.0.4"]\n'
TLS = '[tls]\ncertificate = "pbx.pem"\nkey = "pbx.pem"\n'
PHONES = [Phone("op1", "change-me-1"), Phone("op2", "change-me-2")]
OPTIONS = ["--telco", "10.9.0.0/24", "--operator", "budi", "--operator", "siti"]


def test_the_shipped_files_are_those_of_the_example(tmp_path: Path) -> None:
    made = all_files(site_of(load(tmp_path, EXAMPLE), None, ["127.0.0.2"], PHONES))
    assert made == {file.name: file.read_text("utf-8") for file in SHIPPED.glob("*.conf")}


def test_addresses_are_those_of_the_configuration(terminal: Terminal) -> None:
    text = terminal.run("asterisk-config", *OPTIONS, "--part", "pjsip").stdout
    assert "contact = sip:192.0.2.10:5060\n" in text
    assert "match = 192.0.2.10\n" in text
    assert "match = 10.9.0.0/24\n" in text
    assert text.count("bind = 127.0.0.1:5060\n") == 2
    assert "FALLBACK_PHONES = " not in text


def test_the_hunt_group_is_the_operators(terminal: Terminal) -> None:
    text = terminal.run("asterisk-config", *OPTIONS, "--part", "extensions").stdout
    assert "FALLBACK_PHONES = PJSIP/budi&PJSIP/siti\n" in text
    assert "password" not in text


def test_ipv6_addresses_have_brackets_where_a_port_follows(tmp_path: Path) -> None:
    text = EXAMPLE.replace("127.0.0.1", "[fd00::1]").replace("127.0.0.4", "fd00::4")
    made = all_files(site_of(load(tmp_path, text), "pbx", ["fd00::/64", "10.9.0.1"], PHONES))[
        "pjsip-site.conf"
    ]
    assert "bind = [fd00::4]:5060\n" in made
    assert "contact = sip:[fd00::1]:5060\n" in made
    assert "match = fd00::1\n" in made
    assert "match = fd00::/64,10.9.0.1\n" in made


SECURE = EXAMPLE.replace('"]', '", "tls://127.0.0.1:5061"]', 1) + 'srtp = "required"\n'


def pjsip(tmp_path: Path, text: str, certificates: str = "/keys") -> str:
    return all_files(site_of(load(tmp_path, text), "pbx", ["127.0.0.2"], PHONES, certificates))[
        "pjsip-site.conf"
    ]


def test_where_the_trunk_has_srtp_and_we_have_tls_the_pbx_has_both(tmp_path: Path) -> None:
    made = pjsip(tmp_path, SECURE + TLS)
    assert "bind = 127.0.0.4:5060\n" in made
    assert "protocol = tls\nbind = 127.0.0.4:5061\ncert_file = /keys/pbx.pem\n" in made
    assert "contact = sip:127.0.0.1:5061\\;transport=tls\n" in made
    assert "media_encryption = sdes\n[" in made


def test_where_srtp_is_preferred_the_pbx_takes_plain_calls_too(tmp_path: Path) -> None:
    made = pjsip(tmp_path, EXAMPLE + 'srtp = "preferred"\n')
    assert "media_encryption = sdes\nmedia_encryption_optimistic = yes\n" in made
    assert "tls" not in made


def test_calls_with_the_pbx_are_as_the_trunk_has_them(tmp_path: Path) -> None:
    keys = 'codecs = ["pcmu", "pcma"]\nsession_timer = "10m"\nreliable_provisional = "required"\n'
    made = pjsip(tmp_path, EXAMPLE + keys)
    assert (
        "disallow = all\nallow = ulaw,alaw\ntimers = yes\ntimers_sess_expires = 600\ntimers_min_se = 90\n"
        in made
    )
    assert "100rel = required\n" in made


def test_a_pbx_without_session_timers_and_100rel_has_none(tmp_path: Path) -> None:
    keys = 'codecs = ["pcma"]\nsession_timer = "0s"\nreliable_provisional = "off"\n'
    assert "allow = alaw\ntimers = no\n100rel = no\n" in pjsip(tmp_path, EXAMPLE + keys)


@pytest.mark.parametrize(
    ("to", "bind", "contact"),
    [
        ("sip:127.0.0.4:5070", "127.0.0.4:5070", "127.0.0.1:5060"),
        ("sip:127.0.0.4:5070;transport=tcp", "127.0.0.4:5070", "127.0.0.1:5062\\;transport=tcp"),
        ("sip:127.0.0.4;transport=tls", "127.0.0.4:5061", "127.0.0.1:5061\\;transport=tls"),
        ("sip:10.9.0.1:5070", "127.0.0.4:5060", "127.0.0.1:5060"),
    ],
)
def test_the_gateway_that_is_a_peer_says_where_the_pbx_listens_and_by_what(
    tmp_path: Path, to: str, bind: str, contact: str
) -> None:
    listen = '"udp://127.0.0.1:5060", "tcp://127.0.0.1:5062", "tls://127.0.0.1:5061"'
    text = EXAMPLE.replace('"udp://127.0.0.1:5060"', listen) + f'to = "{to}"\n' + TLS
    made = pjsip(tmp_path, text)
    assert f"bind = {bind}\n" in made
    assert f"contact = sip:{contact}\n" in made


def test_the_agents_address_is_of_the_pbxs_ip_version(tmp_path: Path) -> None:
    text = EXAMPLE.replace('"]', '", "udp://[fd00::1]:5080"]', 1).replace("127.0.0.4", "fd00::4")
    assert "contact = sip:[fd00::1]:5080\n" in pjsip(tmp_path, text)


def test_a_folder_gets_all_files_with_new_passwords_and_only_once(terminal: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "asterisk"
    terminal.run("asterisk-config", *OPTIONS, "--folder", str(folder))
    assert {file.name for file in folder.iterdir()} == {file.name for file in SHIPPED.glob("*.conf")}
    operators = (folder / "pjsip-operators.conf").read_text("utf-8")
    passwords = {line for line in operators.splitlines() if line.startswith("password = ")}
    assert len(passwords) == 2
    assert not stat.S_IMODE((folder / "pjsip-operators.conf").stat().st_mode) & 0o007
    again = terminal.run("asterisk-config", *OPTIONS, "--folder", str(folder), code=1)
    assert "is not empty" in again.stderr


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("127.0.0.1", "0.0.0.0"), "set .sip. advertise"),
        (("udp://", "tcp://"), "no udp:// URL"),
        (("127.0.0.4", "10.1.0.0/24"), "none of its peers is a single address"),
        (('name = "pbx"', 'name = "other"'), "there is no .*trunk.* .pbx."),
    ],
)
def test_an_address_that_is_missing_is_asked_for(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    with pytest.raises(NotSaid, match=said):
        site_of(load(tmp_path, EXAMPLE.replace(*change)), "pbx", ["127.0.0.2"], PHONES)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--telco", "telco.example", "--operator", "budi"], "--telco is not an address or network"),
        (["--telco", "10.9.0.1", "--operator", "bu]di"], '"bu]di" is no operator\'s id'),
    ],
)
def test_what_would_break_the_files_is_refused(terminal: Terminal, options: list[str], said: str) -> None:
    assert said in terminal.run("asterisk-config", *options, code=1).stderr
