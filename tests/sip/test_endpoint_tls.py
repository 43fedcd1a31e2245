"""TLS connections: encrypted calls, who is trusted, renewed certificates, and bounded handshakes."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from ntpd112.sip import tls as tls_module
from ntpd112.sip.events import Cause, IncomingCall
from ntpd112.sip.flow import Address
from ntpd112.sip.tls import Clients, KeyPair, Tls, TlsError, TlsFiles

from .test_agent import message
from .test_endpoint import Listen, Phone, until

OPTIONS = message("OPTIONS", via="SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK1")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


class Papers:
    """A party's certificate, key and whom it trusts, as files."""

    def __init__(self, folder: Path, authority: trustme.CA, host: str = "127.0.0.1") -> None:
        folder.mkdir(exist_ok=True)
        self.certificate, self.key, self.ca = (folder / name for name in ("cert.pem", "key.pem", "ca.pem"))
        authority.cert_pem.write_to_path(str(self.ca))
        self.renew(authority, host)

    def renew(self, authority: trustme.CA, host: str) -> None:
        issued = authority.issue_cert(host)
        issued.private_key_pem.write_to_path(str(self.key))
        self.certificate.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))

    def files(self, clients: Clients = "off", named: dict[str, KeyPair] | None = None) -> TlsFiles:
        return TlsFiles(KeyPair(self.certificate, self.key), self.ca, clients, named or {})

    def tls(self, clients: Clients = "off") -> Tls:
        return Tls(self.files(clients))


@pytest.fixture
def papers(tmp_path: Path, authority: trustme.CA) -> Papers:
    return Papers(tmp_path / "agent", authority)


class Pair:
    """Two user agents, and where each listens."""

    def __init__(self, one: Phone, two: Phone) -> None:
        self.one, self.two = one, two
        self.address = Address("", 0)

    async def listen(self, host: str = "127.0.0.1") -> None:
        await self.one.endpoint.open([Listen("tls", host)])
        (self.address,) = await self.two.endpoint.open([Listen("tls", host)])

    async def call(self, name: str = "") -> list[str]:
        """The caller's story until the call is answered or has failed."""
        self.one.call("tls", self.address, name)
        await until(lambda: {"Established", "Answered", "Failed"} & set(self.one.story()))
        return self.one.story()

    async def close(self) -> None:
        await self.one.endpoint.close()
        await self.two.endpoint.close()


@pytest.fixture
async def closing() -> AsyncIterator[list[Pair]]:
    pairs: list[Pair] = []
    yield pairs
    for pair in pairs:
        await pair.close()


async def pair_of(closing: list[Pair], one: Tls, two: Tls, host: str = "127.0.0.1") -> Pair:
    pair = Pair(Phone(one), Phone(two))
    closing.append(pair)
    await pair.listen(host)
    return pair


async def test_a_call_over_tls_says_so_in_via_and_contact(papers: Papers, closing: list[Pair]) -> None:
    pair = await pair_of(closing, papers.tls(), papers.tls())
    seen: list[bytes] = []
    pair.two.endpoint.tap = lambda way, flow, data: seen.append(data)
    assert "Failed" not in await pair.call()
    invite = next(data for data in seen if data.startswith(b"INVITE"))
    assert b"Via: SIP/2.0/TLS 127.0.0.1:" in invite
    assert b";transport=tls>" in invite


async def test_a_call_over_tls_and_ipv6(tmp_path: Path, authority: trustme.CA, closing: list[Pair]) -> None:
    papers = Papers(tmp_path / "v6", authority, "::1")
    pair = await pair_of(closing, papers.tls(), papers.tls(), "::1")
    assert "Failed" not in await pair.call()


async def test_a_peer_whose_certificate_is_for_another_is_not_called(
    tmp_path: Path,
    papers: Papers,
    authority: trustme.CA,
    closing: list[Pair],
    caplog: pytest.LogCaptureFixture,
) -> None:
    impostor = Papers(tmp_path / "impostor", authority, "198.51.100.7")
    pair = await pair_of(closing, papers.tls(), impostor.tls())
    assert "Failed" in await pair.call()
    assert "IP address mismatch" in caplog.text


async def test_a_peer_called_by_name_is_asked_for_the_certificate_of_that_name(
    tmp_path: Path, papers: Papers, authority: trustme.CA, closing: list[Pair]
) -> None:
    telco = Papers(tmp_path / "telco", authority, "telkom.example")
    named = {"telkom.example": KeyPair(telco.certificate, telco.key)}
    pair = await pair_of(closing, papers.tls(), Tls(papers.files(named=named)))
    assert "Failed" not in await pair.call("telkom.example")


async def test_a_certificate_for_the_address_is_none_for_the_name_that_led_there(
    papers: Papers, closing: list[Pair], caplog: pytest.LogCaptureFixture
) -> None:
    pair = await pair_of(closing, papers.tls(), papers.tls())
    assert "Failed" in await pair.call("telkom.example")
    assert "telkom.example (127.0.0.1) failed: Hostname mismatch" in caplog.text


@pytest.mark.parametrize(("name", "arrives"), [("telkom.example", True), ("", False)])
async def test_a_caller_known_by_name_is_reached_after_its_connection_is_gone(
    tmp_path: Path, papers: Papers, authority: trustme.CA, closing: list[Pair], name: str, arrives: bool
) -> None:
    telco = Papers(tmp_path / "telco", authority, "telkom.example")
    pair = Pair(Phone(telco.tls()), Phone(papers.tls(), lambda host: name))
    closing.append(pair)
    await pair.listen()
    await pair.call()
    await until(lambda: "Established" in pair.two.story())
    (connection,) = pair.two.endpoint._tcp
    connection.close()
    await until(lambda: not len(pair.two.endpoint._tcp))
    (leg,) = [event.leg for event in pair.two.events if isinstance(event, IncomingCall)]
    answers: list[int] = []
    leg.witness = lambda method, response, now: answers.append(response.code)
    leg.hang_up(asyncio.get_running_loop().time(), Cause(200, 16))
    pair.two.turn()
    await until(lambda: answers)
    assert answers == [200 if arrives else 503]
    assert ("Ended" in pair.one.story()) is arrives


async def test_a_connection_that_was_made_for_one_name_is_not_used_for_another(
    papers: Papers, closing: list[Pair]
) -> None:
    pair = await pair_of(closing, papers.tls(), papers.tls())
    assert "Failed" not in await pair.call()
    pair.one.call("tls", pair.address, "telkom.example")
    await until(lambda: "Failed" in pair.one.story())


async def test_a_peer_that_nobody_we_trust_vouches_for_is_not_called(
    tmp_path: Path, papers: Papers, closing: list[Pair], caplog: pytest.LogCaptureFixture
) -> None:
    stranger = Papers(tmp_path / "stranger", trustme.CA())
    pair = await pair_of(closing, papers.tls(), stranger.tls())
    assert "Failed" in await pair.call()
    assert "127.0.0.1 failed: self-signed certificate in certificate chain" in caplog.text or (
        "127.0.0.1 failed: unable to get local issuer certificate" in caplog.text
    )


async def test_who_must_show_a_certificate_and_has_one_is_served(papers: Papers, closing: list[Pair]) -> None:
    pair = await pair_of(closing, papers.tls(), papers.tls("required"))
    assert "Failed" not in await pair.call()


async def test_who_must_show_a_certificate_and_has_none_is_not_heard(
    papers: Papers, authority: trustme.CA, closing: list[Pair], caplog: pytest.LogCaptureFixture
) -> None:
    pair = await pair_of(closing, papers.tls(), papers.tls("required"))
    context = ssl.create_default_context()
    authority.configure_trust(context)
    # With TLS 1.3 a client learns of the refusal when it reads.
    reader, writer = await asyncio.open_connection(*pair.address, ssl=context)
    writer.write(OPTIONS)
    with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
        await reader.readuntil(b"\r\n\r\n")
    writer.close()
    await until(lambda: "peer did not return a certificate" in caplog.text)


async def test_a_renewed_certificate_is_shown_from_the_next_connection_on(
    papers: Papers, authority: trustme.CA, closing: list[Pair]
) -> None:
    served = papers.tls()
    pair = await pair_of(closing, papers.tls(), served)
    context = ssl.create_default_context()
    authority.configure_trust(context)

    async def shown() -> str:
        _, writer = await asyncio.open_connection(*pair.address, ssl=context)
        serial = str(writer.get_extra_info("peercert")["serialNumber"])
        writer.close()
        return serial

    before = await shown()
    papers.renew(authority, "127.0.0.1")
    assert await shown() == before
    served.reload(papers.files())
    assert await shown() != before


async def test_who_asks_for_a_name_is_shown_the_certificate_for_it(
    tmp_path: Path, papers: Papers, authority: trustme.CA, closing: list[Pair]
) -> None:
    city, province = (
        Papers(tmp_path / name, authority, name) for name in ("112.kota.example", "*.jatim.example")
    )
    named = {
        "112.kota.example": KeyPair(city.certificate, city.key),
        "*.jatim.example": KeyPair(province.certificate, province.key),
    }
    pair = await pair_of(closing, papers.tls(), Tls(papers.files("required", named)))
    context = papers.tls().client
    context.check_hostname = False

    async def shown(name: str) -> str:
        _, writer = await asyncio.open_connection(*pair.address, ssl=context, server_hostname=name)
        ((_, found),) = writer.get_extra_info("peercert")["subjectAltName"]
        writer.close()
        return str(found)

    assert await shown("112.kota.example") == "112.kota.example"
    assert await shown("112.KOTA.example") == "112.kota.example"
    assert await shown("sbc.jatim.example") == "*.jatim.example"
    assert await shown("a.sbc.jatim.example") == "127.0.0.1"
    assert await shown("112.elsewhere.example") == "127.0.0.1"
    without = ssl.create_default_context()
    authority.configure_trust(without)
    reader, writer = await asyncio.open_connection(
        *pair.address, ssl=without, server_hostname="112.kota.example"
    )
    writer.write(OPTIONS)
    with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
        await reader.readuntil(b"\r\n\r\n")  # its own certificate is asked for as with any other name
    writer.close()


async def test_half_a_renewal_leaves_the_old_certificate_in_use(
    papers: Papers, authority: trustme.CA, closing: list[Pair]
) -> None:
    served = papers.tls()
    pair = await pair_of(closing, papers.tls(), served)
    authority.issue_cert("127.0.0.1").private_key_pem.write_to_path(str(papers.key))
    with pytest.raises(TlsError, match=r"cert\.pem with key .*key\.pem: key values mismatch"):
        served.reload(papers.files())
    assert "Failed" not in await pair.call()


async def test_who_does_not_shake_hands_is_cut_off_and_costs_nobody_else(
    papers: Papers, closing: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls_module, "HANDSHAKE_S", 0.2)
    monkeypatch.setattr(tls_module, "MAX_HANDSHAKES", 2)
    pair = await pair_of(closing, papers.tls(), papers.tls())
    silent = [await asyncio.open_connection(*pair.address) for _ in range(5)]
    assert "Failed" not in await pair.call(), "it waited for its turn"
    for reader, writer in silent:
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()


async def test_one_address_cannot_take_every_handshake(
    papers: Papers, closing: list[Pair], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tls_module, "MAX_HANDSHAKES_PER_HOST", 1)
    pair = await pair_of(closing, papers.tls(), papers.tls())
    _, first = await asyncio.open_connection(*pair.address)
    reader, second = await asyncio.open_connection(*pair.address)
    async with asyncio.timeout(3):
        assert await reader.read() == b"", "closed long before its time"
    first.close()
    second.close()
    assert "1 handshakes at once" in caplog.text


async def test_plain_text_at_the_tls_port_is_refused_once_a_minute_in_the_log(
    papers: Papers, closing: list[Pair], caplog: pytest.LogCaptureFixture
) -> None:
    pair = await pair_of(closing, papers.tls(), papers.tls())
    for _ in range(3):
        reader, writer = await asyncio.open_connection(*pair.address)
        writer.write(OPTIONS)
        async with asyncio.timeout(5):
            await reader.read()
        writer.close()
    await asyncio.sleep(0)
    lines = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(lines) == 1
    assert "connection with 127.0.0.1 failed" in lines[0].getMessage()


async def test_another_reason_is_another_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    reports = tls_module.FailureReports(asyncio.get_running_loop())
    for reason in ("Connection refused", "Connection refused", "certificate has expired"):
        reports.add("192.0.2.20", reason)
    assert [record.getMessage().rpartition(": ")[2] for record in caplog.records] == [
        "Connection refused",
        "certificate has expired",
    ]


@pytest.mark.parametrize("broken", ["certificate", "key", "ca"])
def test_a_file_that_cannot_be_used_is_named(papers: Papers, broken: str) -> None:
    path: Path = getattr(papers, broken)
    path.write_text("no PEM")
    with pytest.raises(TlsError, match=path.name):
        papers.tls()
    path.unlink()
    with pytest.raises(TlsError, match=f"{path.name}.*No such file"):
        papers.tls()
