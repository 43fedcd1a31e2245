"""The certificate of [tls]: what is said of one that cannot be used, will end, or is for somebody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from ntpd112.config import certificate_doubts, check_config

NOW = datetime(2026, 11, 24, tzinfo=UTC)
TOML = """\
[sip]
advertise = "10.1.0.1"
listen = ["tls://0.0.0.0:5061"]
[tls]
certificate = "cert.pem"
key = "key.pem"
[[trunk]]
name = "a"
peers = ["10.1.0.5"]
[[queue]]
name = "112"
no_operator = "reject"
[[queue.ladder]]
after = "1s"
to = "sip:110@10.1.0.5"
"""
authority = trustme.CA()


def issue(folder: Path, *names: str, days: float = 90, begins: datetime = NOW - timedelta(days=1)) -> None:
    """A certificate that ends `days` after NOW, and its key."""
    issued = authority.issue_cert(*names, not_before=begins, not_after=NOW + timedelta(days=days))
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    (folder / "cert.pem").write_bytes(issued.cert_chain_pems[0].bytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ntpd112.toml").write_text(TOML, "utf-8")
    issue(tmp_path, "10.1.0.1")
    return tmp_path


def problems(folder: Path) -> list[str]:
    _, found = check_config(folder / "ntpd112.toml", {}, NOW)
    return [str(problem).replace(f"{folder}/", "") for problem in found]


def doubts(folder: Path) -> list[str]:
    config, _ = check_config(folder / "ntpd112.toml", {}, NOW)
    return [doubt.replace(f"{folder}/", "") for doubt in certificate_doubts(config, NOW)]


def test_a_good_certificate_is_nothing_to_talk_about(folder: Path) -> None:
    assert (problems(folder), doubts(folder)) == ([], [])


def test_without_tls_no_certificate_is_looked_for(folder: Path) -> None:
    (folder / "cert.pem").unlink()
    text = TOML.replace("tls://0.0.0.0:5061", "udp://0.0.0.0:5060")
    text = text.replace('[tls]\ncertificate = "cert.pem"\nkey = "key.pem"\n', "")
    (folder / "ntpd112.toml").write_text(text, "utf-8")
    assert (problems(folder), doubts(folder)) == ([], [])


def test_a_missing_certificate_is_a_problem(folder: Path) -> None:
    (folder / "cert.pem").unlink()
    assert problems(folder) == [
        'ntpd112.toml:5: [tls]: certificate "cert.pem" cannot be read: No such file or directory'
    ]
    assert doubts(folder) == []


def test_files_that_are_no_pem_are_problems(folder: Path) -> None:
    (folder / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n")
    assert problems(folder) == ['ntpd112.toml:6: [tls]: key "key.pem" is no private key in PEM']
    (folder / "cert.pem").write_text("certificate")
    assert problems(folder) == ['ntpd112.toml:5: [tls]: certificate "cert.pem" is no certificate in PEM']


def test_a_key_of_another_certificate_is_a_problem(folder: Path) -> None:
    old = (folder / "key.pem").read_bytes()
    issue(folder, "10.1.0.1")
    (folder / "key.pem").write_bytes(old)
    assert problems(folder) == ['ntpd112.toml:6: [tls]: key "key.pem" is not the certificate\'s']


def test_a_missing_key_is_a_problem(folder: Path) -> None:
    (folder / "key.pem").unlink()
    assert problems(folder) == [
        'ntpd112.toml:6: [tls]: key "key.pem" cannot be read: No such file or directory'
    ]


def test_a_key_with_a_passphrase_is_a_problem(folder: Path) -> None:
    key = load_pem_private_key((folder / "key.pem").read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    (folder / "key.pem").write_bytes(locked)
    (problem,) = problems(folder)
    assert problem.startswith('ntpd112.toml:6: [tls]: key "key.pem" has a passphrase')


def test_certificates_to_trust_that_are_not_there_are_a_problem(folder: Path) -> None:
    text = TOML.replace('key = "key.pem"', 'key = "key.pem"\nca = "ca.pem"')
    (folder / "ntpd112.toml").write_text(text, "utf-8")
    assert problems(folder) == [
        'ntpd112.toml:7: [tls]: ca "ca.pem" cannot be read: No such file or directory'
    ]
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    assert problems(folder) == []


def test_a_certificate_that_has_ended_is_a_problem_and_no_doubt(folder: Path) -> None:
    issue(folder, "10.1.0.1", days=-1, begins=NOW - timedelta(days=90))
    assert problems(folder) == ['ntpd112.toml:5: [tls]: certificate "cert.pem" ended on 2026-11-23: renew it']
    assert doubts(folder) == []


def test_a_certificate_that_has_not_begun_is_a_problem(folder: Path) -> None:
    issue(folder, "10.1.0.1", begins=NOW + timedelta(days=2))
    assert problems(folder) == [
        'ntpd112.toml:5: [tls]: certificate "cert.pem" is not valid before 2026-11-26'
    ]


@pytest.mark.parametrize(("days", "said"), [(29.5, ["in 29 days"]), (30.5, [])])
def test_a_certificate_that_ends_within_thirty_days_is_a_doubt(
    folder: Path, days: float, said: list[str]
) -> None:
    issue(folder, "10.1.0.1", days=days)
    assert problems(folder) == []
    assert [doubt.partition(", ")[2].partition(":")[0] for doubt in doubts(folder)] == said


def test_a_certificate_for_another_address_is_a_doubt(folder: Path) -> None:
    issue(folder, "sip.example.org", "10.1.0.2")
    (doubt,) = doubts(folder)
    assert doubt.startswith(
        '[tls]: certificate "cert.pem" is for sip.example.org, 10.1.0.2 and not for [sip] advertise 10.1.0.1'
    )


def test_further_certificates_are_looked_at_like_the_first(folder: Path) -> None:
    for name in ("kota", "jatim"):
        (folder / name).mkdir()
        hosts = f'[[tls.host]]\ncertificate = "{name}/cert.pem"\nkey = "{name}/key.pem"\n'
        (folder / "ntpd112.toml").write_text((folder / "ntpd112.toml").read_text("utf-8") + hosts, "utf-8")
    issue(folder / "kota", "112.kota.example", days=10)
    issue(folder / "jatim", "112.jatim.example", days=-1, begins=NOW - timedelta(days=90))
    assert problems(folder) == [
        'ntpd112.toml:20: [[tls.host]]: certificate "jatim/cert.pem" ended on 2026-11-23: renew it'
    ]
    assert doubts(folder) == ['[tls]: certificate "kota/cert.pem" ends on 2026-12-04, in 10 days: renew it']


def test_check_needs_no_time_to_be_told(folder: Path) -> None:
    issue(folder, "10.1.0.1", days=-365, begins=NOW - timedelta(days=730))
    _, (problem,) = check_config(folder / "ntpd112.toml", {})
    assert "ended on 2025-11-24" in problem.message
