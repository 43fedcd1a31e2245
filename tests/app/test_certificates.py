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
from ntpd112.config.models import TlsHostConfig

authority = trustme.CA()


def issue(folder: Path, days: float, name: str = "127.0.0.1") -> TlsConfig:
    issued = authority.issue_cert(name, not_after=datetime.now(UTC) + timedelta(days=days))
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


async def test_a_further_certificate_may_be_renewed_for_other_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificates, "LOOK_S", 0.005)
    (tmp_path / "host").mkdir()
    host = issue(tmp_path / "host", 20, "old.example")
    assert host.certificate is not None
    assert host.key is not None
    config = issue(tmp_path, 20).model_copy(
        update={"host": [TlsHostConfig(certificate=host.certificate, key=host.key)]}
    )
    tls = tls_of(config)
    assert tls is not None
    asked_for: asyncio.Queue[set[str]] = asyncio.Queue()
    monkeypatch.setattr(tls, "reload", lambda files: asked_for.put_nowait(set(files.named)))
    keeping = asyncio.create_task(keep_renewed(tls, config, Expiry(config)))
    await asyncio.sleep(0.01)
    issue(tmp_path / "host", 90, "New.example")
    async with asyncio.timeout(10):
        while await asked_for.get() != {"new.example"}:
            pass  # half of the renewal was seen
    keeping.cancel()
