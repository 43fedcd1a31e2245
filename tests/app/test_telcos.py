"""Trunks that lead out, from the configuration; passwords from files that change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ntpd112.app import telcos
from ntpd112.app.naming import Naming, Saved
from ntpd112.app.resolver import Found
from ntpd112.app.telcos import Telcos
from ntpd112.cdr.lastknown import LastKnown
from ntpd112.config import DnsConfig, TrunkConfig
from ntpd112.sip.account import Account
from ntpd112.sip.agent import UaConfig, UserAgent
from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.locate import Question
from ntpd112.sip.outbound import Outbound
from ntpd112.sip.trunks import Trunks, TrunkSpec

OURS = Address("192.0.2.1", 5060)


def trunk(**keys: object) -> TrunkConfig:
    return TrunkConfig.model_validate({"name": "telkom", "peers": ["192.0.2.5"], "options": 0, **keys})


class Centre:
    def __init__(self, *trunks: TrunkConfig) -> None:
        specs = [TrunkSpec(one.name, one.peers, max_calls=10) for one in trunks]
        self.ua = UserAgent(UaConfig(), None, Trunks(specs))
        self.ua.set_flow_to(lambda transport, remote: Flow(transport, OURS, remote))
        self.turned = asyncio.Event()
        self.outbound = Outbound(self.ua, Trunks(specs))
        naming = Naming(LastKnown(Path("none"), Saved), DnsConfig(), {"udp"})
        self.telcos = Telcos(self.outbound, trunks, naming, self.turn)

    def turn(self) -> None:
        self.turned.set()

    def account(self) -> Account | None:
        line = self.outbound.target("telkom", "110").line
        assert line is not None
        return line.account


async def test_a_trunk_with_gateways_leads_out() -> None:
    centre = Centre(trunk(to="sip:192.0.2.5", username="sby", password="rahasia", present="112"))
    centre.telcos.begin()
    target = centre.outbound.target("telkom", "110")
    assert target.line is not None
    assert (str(target.uri), target.line.present) == ("sip:110@192.0.2.5", "112")
    assert centre.account() == Account("sby", "rahasia")
    assert centre.turned.is_set()


async def test_a_password_that_changes_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telcos, "LOOK_S", 0.001)
    file = tmp_path / "password"
    file.write_text("lama\n")
    centre = Centre(trunk(register="sip:192.0.2.5", username="sby", password_file=file))
    centre.telcos.begin()
    assert centre.account() == Account("sby", "lama")
    assert len(centre.ua.outgoing()) == 1
    task = asyncio.create_task(centre.telcos.keep())
    file.write_text("baru\n")
    centre.turned.clear()
    await centre.turned.wait()
    task.cancel()
    assert centre.account() == Account("sby", "baru")
    (register,) = centre.ua.outgoing()
    assert register.data.startswith(b"REGISTER ")


async def test_a_password_file_that_cannot_be_read_is_said_once_and_all_else_serves(tmp_path: Path) -> None:
    centre = Centre(trunk(to="sip:192.0.2.5", username="sby", password_file=tmp_path / "none"))
    with capture_logs() as logs:
        centre.telcos.begin()
        centre.telcos.begin()
    assert [(line["trunk"], line["log_level"]) for line in logs] == [("telkom", "error")]
    assert centre.account() == Account("sby", "")


async def test_who_stops_and_was_never_registered_need_not_wait() -> None:
    centre = Centre(trunk(register="sip:192.0.2.5", username="sby", password="rahasia"))
    centre.telcos.begin()

    async def until(done: object) -> None:
        assert callable(done)
        assert done()

    await centre.telcos.goodbye(until)
    assert centre.outbound.left


# --- host names


class Zone:
    """A name server that has one address for each host."""

    def __init__(self, **hosts: str) -> None:
        self.hosts = {f"{name}.telkom.example": address for name, address in hosts.items()}

    async def ask(self, question: Question) -> Found:
        address = self.hosts.get(question.name) if question.kind == "A" else None
        return Found((address,), 60.0) if address else Found((), exists=question.name in self.hosts)


class NamedCentre(Centre):
    def __init__(self, folder: Path, *trunks: TrunkConfig, **hosts: str) -> None:
        super().__init__()
        self.asked_by: list[DnsConfig] = []
        naming = Naming(LastKnown(folder / "names.json", Saved), DnsConfig(), {"udp"}, self._resolver(hosts))
        self.outbound = Outbound(self.ua, Trunks(), naming.names)
        self.telcos = Telcos(self.outbound, trunks, naming, self.turn)

    def _resolver(self, hosts: dict[str, str]) -> Callable[[DnsConfig], Zone]:
        def make(config: DnsConfig) -> Zone:
            self.asked_by.append(config)
            return Zone(**hosts)

        return make

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self.turned.clear()
                await self.turned.wait()

    def networks(self) -> list[str]:
        return [str(network) for trunk in self.outbound.trunks for network in trunk.networks]

    def places(self) -> list[str]:
        return [str(gateway.place) for gateway in self.outbound.gateways("telkom")]


async def test_names_are_taken_over_as_they_become_known_and_with_another_configuration(
    tmp_path: Path,
) -> None:
    first = trunk(peers=["192.0.2.5", "in.telkom.example"], to="sip:out.telkom.example")
    hosts = {"in": "192.0.2.6", "out": "192.0.2.7", "other": "192.0.2.8"}
    centre = NamedCentre(tmp_path, first, **hosts)
    centre.telcos.begin()
    assert centre.places() == []
    await centre.until(lambda: centre.places() and len(centre.networks()) == 2)
    assert centre.places() == ["192.0.2.7:5060/udp"]
    assert centre.networks() == ["192.0.2.5/32", "192.0.2.6/32"]

    another = DnsConfig(timeout=1.0)
    centre.telcos.configure([trunk(to="sip:other.telkom.example")], another)
    assert centre.networks() == ["192.0.2.5/32"]
    await centre.until(centre.places)
    assert centre.places() == ["192.0.2.8:5060/udp"]
    assert centre.asked_by == [DnsConfig(), another]
    await centre.telcos.naming.close()
