"""[tls]: what needs it, and what it needs."""

from pathlib import Path

import pytest
from tests.config.said import load, said

from ntpd112.config.tls_checks import srtp_doubts


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (
            '[sip]\nlisten = ["tls://0.0.0.0:5061"]',
            '2: [sip]: listen URL "tls://0.0.0.0:5061" needs [tls] certificate and key',
        ),
        (
            '[[destination]]\nname = "polda"\nto = ["sip:110@10.1.0.5;transport=tls"]',
            '3: destination "polda": to "sip:110@10.1.0.5;transport=tls" needs [tls] certificate and key',
        ),
        (
            '[[destination]]\nname = "polda"\nto = "sips:110@10.1.0.5"',
            '3: destination "polda": to "sips:110@10.1.0.5" needs [tls] certificate and key',
        ),
        (
            '[tls]\ncertificate = "cert.pem"',
            "1: [tls]: key is missing: give certificate and key, two PEM files",
        ),
        (
            '[tls]\nkey = "key.pem"',
            "1: [tls]: certificate is missing: give certificate and key, two PEM files",
        ),
    ],
)
def test_what_does_not_go_together_is_said(tmp_path: Path, text: str, wrong: str) -> None:
    assert f"ntpd112.toml:{wrong}" in said(tmp_path, text)


def test_files_are_taken_from_the_folder_of_the_configuration(tmp_path: Path) -> None:
    text = '[tls]\ncertificate = "tls/cert.pem"\nkey = "/etc/key.pem"\n[sip]\nlisten = ["tls://0.0.0.0:5061"]'
    tls = load(tmp_path, text).tls
    assert (tls.certificate, tls.key, tls.ca) == (tmp_path / "tls/cert.pem", Path("/etc/key.pem"), None)


@pytest.mark.parametrize(
    ("text", "owner"),
    [('[registrar]\nsrtp = "preferred"', "[registrar]"), ("", 'trunk "pbx"')],
)
def test_keys_of_srtp_that_travel_in_the_clear_are_warned_of(tmp_path: Path, text: str, owner: str) -> None:
    trunk = '[[trunk]]\nname = "pbx"\npeers = ["10.1.0.5"]\n' + ("" if text else 'srtp = "required"\n')
    tls = '[tls]\ncertificate = "cert.pem"\nkey = "key.pem"\n[sip]\nlisten = ["tls://0.0.0.0:5061"]'
    (warning,) = srtp_doubts(load(tmp_path, f"{text}\n{trunk}"))
    assert warning.startswith(f"{owner}: srtp is on, but")
    assert list(srtp_doubts(load(tmp_path, f"{text}\n{trunk}{tls}"))) == []


@pytest.mark.parametrize(
    ("srtp", "to", "said"),
    [
        ("preferred", "sip:10.1.0.4", 1),
        ("preferred", "sip:10.1.0.4;transport=tls", 0),
        ("required", "sips:10.1.0.4", 0),
        ("off", "sip:10.1.0.4", 0),
    ],
)
def test_a_gateway_that_gets_keys_in_the_clear_is_said(tmp_path: Path, srtp: str, to: str, said: int) -> None:
    text = '[sip]\nlisten = ["udp://127.0.0.1:5060", "tls://127.0.0.1:5061"]\n'
    trunk = f'[[trunk]]\nname = "pbx"\npeers = ["10.1.0.4"]\nsrtp = "{srtp}"\nto = "{to}"\n'
    files = '[tls]\ncertificate = "cert.pem"\nkey = "key.pem"\n'
    doubts = list(srtp_doubts(load(tmp_path, text + trunk + files)))
    assert len(doubts) == said
    assert all(f'to "{to}" is not by TLS' in doubt for doubt in doubts)
