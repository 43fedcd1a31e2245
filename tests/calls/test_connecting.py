"""What is likely behind a connection that comes to nothing, by the words of the system and of OpenSSL."""

from __future__ import annotations

import pytest

from ntpd112.calls.connecting import unasked


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("certificate has expired", "have to renew it"),
        ("unable to get local issuer certificate", "`[tls] ca`"),
        ("self-signed certificate", "`[tls] ca`"),
        ("self-signed certificate in certificate chain", "`[tls] ca`"),
        ("Hostname mismatch, certificate is not valid for 'sbc'.", "for another name"),
        ("IP address mismatch, certificate is not valid for '10.1.0.5'.", "for another name"),
        ("tlsv13 alert certificate required", "wants a certificate of ours"),
        ("tlsv1 alert unknown ca", "does not trust who issued our certificate"),
        ("sslv3 alert handshake failure", "no cipher in common"),
        ("wrong version number", "plain SIP"),
        ("unexpected eof while reading", "speaks no TLS there"),
        ("Connection refused", "nobody listens"),
        ("Connection reset by peer", "broke off the handshake"),
        ("not there within 4 s", "speaks no TLS and waits"),
    ],
)
def test_over_tls(reason: str, cause: str) -> None:
    said = unasked("tls", reason)
    assert said.startswith(f"no connection by TLS ({reason}): ")
    assert cause in said


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("Connection refused", "nobody listens at that port"),
        ("not there within 4 s", "the machine is off"),
        ("Cannot assign requested address", "`[sip] listen`"),
        ("closed without an answer", "may not let our address in"),
    ],
)
def test_over_tcp(reason: str, cause: str) -> None:
    assert cause in unasked("tcp", reason)


def test_what_nobody_has_words_for_is_told_as_it_is() -> None:
    assert unasked("tcp", "Protocol error") == "no connection by TCP (Protocol error)"
