"""How long the certificate that serves is still good: the metric and the log."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from ntpd112.app import certificates
from ntpd112.app.certificates import Expiry, keep_renewed, tls_of
from ntpd112.config import TlsConfig

authority = trustme.CA()


def issue(folder: Path, days: float) -> TlsConfig:
    issued = authority.issue_cert("127.0.0.1", not_after=datetime.now(UTC) + timedelta(days=days))
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    (folder / "cert.pem").write_bytes(issued.cert_chain_pems[0].bytes())
    return TlsConfig(certificate=folder / "cert.pem", key=folder / "key.pem")


def days_left(expiry: Expiry) -> list[int]:
    return [round(sample.value / 86_400) for metric in expiry.collect() for sample in metric.samples]


def test_the_days_left_are_those_of_the_certificate(tmp_path: Path) -> None:
    assert days_left(Expiry(issue(tmp_path, 20))) == [20]
    assert days_left(Expiry(issue(tmp_path, -3))) == [-3]


def test_without_a_certificate_there_is_no_sample() -> None:
    assert days_left(Expiry(TlsConfig())) == []


async def test_a_renewal_counts_once_it_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "LOOK_S", 0.005)
    config = issue(tmp_path, 20)
    expiry = Expiry(config)
    renewed, read = asyncio.Event(), expiry.renewed

    def tell() -> None:
        read()
        renewed.set()

    monkeypatch.setattr(expiry, "renewed", tell)
    keeping = asyncio.create_task(keep_renewed(tls_of(config), config, expiry))
    await asyncio.sleep(0.01)
    (tmp_path / "cert.pem").write_text("half a renewal")
    await asyncio.sleep(0.03)
    assert days_left(expiry) == [20]
    issue(tmp_path, 90)
    await renewed.wait()
    assert days_left(expiry) == [90]
    keeping.cancel()
