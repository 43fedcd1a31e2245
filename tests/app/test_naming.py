"""Names are kept known in the background: asked anew in time, and kept while name servers are away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ntpd112.app import naming
from ntpd112.app.lookup import LookUp
from ntpd112.app.naming import Naming, Saved
from ntpd112.app.resolver import Found, NoAnswer
from ntpd112.app.sources import LINGER_S
from ntpd112.cdr.lastknown import LastKnown
from ntpd112.config import DnsConfig, TrunkConfig
from ntpd112.sip.locate import Question, Record, Srv

NAME = "sip:telkom.example"
PEER = "calls.telkom.example"
AWAY = "no name server answers"
DNS = DnsConfig(ttl=(1.0, 3600.0))


class Zone:
    """A name server as Naming asks it. `ttl_s` of all that it has."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[Record]] = {}
        self.fails: set[str] = set()
        "Kinds that it fails to answer, of any name."
        self.ttl_s = 60.0
        self.asked = 0
        self.has("SRV", "_sip._udp.telkom.example", Srv(10, 0, 5060, "sbc1.telkom.example"))
        self.has("A", "sbc1.telkom.example", "10.1.0.1")

    def has(self, kind: str, name: str, *records: Record) -> None:
        self.records[kind, name] = list(records)

    def is_away(self) -> None:
        self.fails = {"NAPTR", "SRV", "A", "AAAA"}

    def is_back(self) -> None:
        self.fails = set()

    async def ask(self, question: Question) -> Found:
        self.asked += 1
        if question.kind in self.fails:
            raise NoAnswer(AWAY)
        found = self.records.get(question)
        if found:
            return Found(tuple(found), self.ttl_s)
        return Found((), exists=any(name == question.name for _, name in self.records))


class Sleep:
    """Stands for `asyncio.sleep`: each wait ends when the test says so."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self._asleep = asyncio.Event()
        self._over = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._over = asyncio.Event()
        self._asleep.set()
        await self._over.wait()

    async def comes(self) -> float:
        """Wait until all that was to be done before the next wait is done; how long that is."""
        await self._asleep.wait()
        self._asleep.clear()
        return self.waits[-1]

    async def ends(self) -> float:
        self._over.set()
        return await self.comes()


class Site:
    def __init__(self, folder: Path, sleep: Sleep) -> None:
        self.folder = folder
        self.zone = Zone()
        self.sleep = sleep
        self.changes = 0
        self.naming = self.restarted()

    def restarted(self) -> Naming:
        self.naming = Naming(
            LastKnown(self.folder / "names.json", Saved), DNS, {"udp", "tcp"}, lambda dns: self.zone
        )
        self.naming.on_change = self._changed
        return self.naming

    def _changed(self) -> None:
        self.changes += 1

    def configure(self, *to: str, peers: str = "10.1.0.9") -> None:
        trunk = TrunkConfig.model_validate({"name": "telkom", "peers": [peers], "to": list(to)})
        self.naming.configure([trunk])

    def hosts(self, name: str = NAME) -> list[str]:
        return self.naming.names.hosts(name)


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    sleep = Sleep()
    monkeypatch.setattr(naming, "sleep", sleep)
    site = Site(tmp_path, sleep)
    yield site
    await site.naming.close()


async def test_a_name_is_asked_anew_before_its_answer_has_run_out(site: Site) -> None:
    site.configure(NAME)
    assert await site.sleep.comes() == 60 * naming.RENEW_SHARE
    assert (site.hosts(), site.changes) == (["10.1.0.1"], 1)
    site.zone.has("A", "sbc1.telkom.example", "10.1.0.2")
    with capture_logs() as logs:
        await site.sleep.ends()
    assert (site.hosts(), site.changes) == (["10.1.0.2"], 2)
    assert [(one["event"], one["was"]) for one in logs] == [("name leads elsewhere", ["10.1.0.1:5060/udp"])]


async def test_the_same_answer_again_is_no_change(site: Site) -> None:
    site.configure(NAME)
    await site.sleep.comes()
    await site.sleep.ends()
    assert site.changes == 1


@pytest.mark.parametrize(("ttl_s", "wait_s"), [(0.0, 0.8), (1e6, 2880.0)])
async def test_the_time_an_answer_counts_is_bounded(site: Site, ttl_s: float, wait_s: float) -> None:
    site.zone.ttl_s = ttl_s
    site.configure(NAME)
    assert await site.sleep.comes() == wait_s


async def test_what_was_known_stays_while_the_name_server_is_away_and_is_said_once(site: Site) -> None:
    site.configure(NAME)
    await site.sleep.comes()
    site.zone.is_away()
    with capture_logs() as logs:
        waits = [await site.sleep.ends() for _ in range(7)]
    assert waits == [2, 4, 8, 16, 30, 30, 30]
    assert site.hosts() == ["10.1.0.1"]
    assert [one["event"] for one in logs] == [f"NAME CANNOT BE LOOKED UP: {naming.STAYS}"]
    assert site.naming.warnings() == [f'name "{NAME}": {AWAY}: {naming.STAYS}']
    site.zone.is_back()
    with capture_logs() as logs:
        await site.sleep.ends()
    assert site.naming.warnings() == []
    assert [one["event"] for one in logs] == ["name can be looked up again"]


async def test_a_name_that_dns_no_longer_has_leads_where_it_did_and_that_is_said(site: Site) -> None:
    site.configure(NAME)
    await site.sleep.comes()
    site.zone.records.clear()
    with capture_logs() as logs:
        await site.sleep.ends()
        await site.sleep.ends()
    assert site.hosts() == ["10.1.0.1"]
    assert [one["reason"] for one in logs] == ["DNS says that it does not exist"]


async def test_a_mistake_of_ours_is_said_and_the_name_is_looked_up_again(site: Site) -> None:
    def fail() -> None:
        raise RuntimeError("told wrongly")

    site.naming.on_change = fail
    with capture_logs() as logs:
        site.configure(NAME)
        assert await site.sleep.comes() == naming.RETRY_S
    assert [one["log_level"] for one in logs if "OUR MISTAKE" in one["event"]] == ["error"]
    assert await site.sleep.ends() == 60 * naming.RENEW_SHARE


async def test_a_name_never_resolved_is_said_and_found_when_the_server_is_back(site: Site) -> None:
    site.zone.is_away()
    with capture_logs() as logs:
        site.configure(NAME)
        await site.sleep.comes()
    assert [one["event"] for one in logs] == [f"NAME NOT RESOLVED: {naming.NOWHERE}"]
    assert site.naming.warnings() == [f'name "{NAME}": {AWAY}: {naming.NOWHERE}']
    site.zone.is_back()
    await site.sleep.ends()
    assert (site.hosts(), site.naming.warnings()) == (["10.1.0.1"], [])


async def test_a_restart_while_the_name_server_is_away_knows_what_was_known(site: Site) -> None:
    site.configure(NAME)
    await site.sleep.comes()
    await site.naming.close()
    site.zone.is_away()
    site.restarted()
    assert site.hosts() == ["10.1.0.1"]
    site.configure(NAME)
    await site.sleep.comes()
    assert site.hosts() == ["10.1.0.1"]


async def test_a_file_that_cannot_be_read_keeps_nobody_from_starting(site: Site) -> None:
    (site.folder / "names.json").write_text('{"sip:telkom.example": 5}')
    assert site.restarted().names.hosts(NAME) == []


async def test_a_name_that_is_gone_from_the_configuration_is_asked_and_known_no_more(site: Site) -> None:
    site.configure(NAME)
    await site.sleep.comes()
    site.configure("sip:10.1.0.5")
    assert site.hosts() == []
    asked = site.zone.asked
    await asyncio.wait_for(_idle(), 1)
    assert site.zone.asked == asked


async def _idle() -> None:
    for _ in range(10):
        await asyncio.get_running_loop().run_in_executor(None, int)


async def test_with_another_configuration_every_name_is_looked_up_anew_at_once(site: Site) -> None:
    site.configure(NAME)
    await site.sleep.comes()
    site.zone.has("A", "sbc1.telkom.example", "10.1.0.2")
    site.configure(NAME)
    assert site.hosts() == ["10.1.0.1"], "known all the time"
    await site.sleep.comes()
    assert site.hosts() == ["10.1.0.2"]


async def test_where_a_peer_s_requests_may_come_from_is_known_too(site: Site) -> None:
    site.zone.has("A", "telkom.example", "10.1.0.8")
    site.configure(peers="telkom.example")
    await site.sleep.comes()
    assert sorted(site.hosts("telkom.example")) == ["10.1.0.1", "10.1.0.8"]


# --- one look-up


async def look_up(zone: Zone, *known: str) -> tuple[list[str], str, bool]:
    """Addresses, problem, and whether all servers are known. `known`: addresses of sbc1 as known before."""
    before = (await LookUp(NAME, (), {"udp"}, _only(*known)).run()).services if known else ()
    outcome = await LookUp(NAME, before, {"udp"}, zone).run()
    return [one for s in outcome.services for one in s.addresses], outcome.problem, outcome.whole


def _only(*addresses: str) -> Zone:
    zone = Zone()
    zone.has("A", "sbc1.telkom.example", *addresses)
    return zone


async def test_a_server_that_fails_to_say_addresses_of_one_version_is_no_problem() -> None:
    zone = Zone()
    zone.fails = {"AAAA"}
    assert await look_up(zone) == (["10.1.0.1"], "", True)


async def test_addresses_that_cannot_be_asked_for_are_as_before() -> None:
    zone = Zone()
    zone.fails = {"A", "AAAA"}
    assert await look_up(zone, "10.1.0.7") == (["10.1.0.7"], AWAY, True)
    assert await look_up(zone) == ([], AWAY, True)


async def test_servers_that_cannot_be_asked_for_are_not_known() -> None:
    zone = Zone()
    zone.has("A", "telkom.example", "10.1.0.8")
    zone.fails = {"SRV"}
    assert await look_up(zone) == (["10.1.0.8"], AWAY, False)


# --- peers by name


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(naming, "monotonic", clock)
    return clock


async def test_a_peer_that_moves_may_call_from_its_old_address_for_an_hour(site: Site, clock: Clock) -> None:
    site.zone.has("A", PEER, "10.1.0.1")
    site.configure(peers=PEER)
    await site.sleep.comes()
    site.zone.has("A", PEER, "10.1.0.2")
    clock.now += LINGER_S - 1
    with capture_logs() as logs:
        await site.sleep.ends()
    assert site.hosts(PEER) == ["10.1.0.2", "10.1.0.1"]
    (line,) = logs
    assert {place.partition(":")[0] for place in line["now"]} == {"10.1.0.2"}
    clock.now += 1
    with capture_logs() as logs:
        await site.sleep.ends()
    assert (site.hosts(PEER), logs) == (["10.1.0.2"], [])


async def test_a_peer_of_which_dns_says_a_few_addresses_at_a_time_may_call_from_all(
    site: Site, clock: Clock
) -> None:
    site.zone.has("A", PEER, "10.1.0.1", "10.1.0.2")
    site.configure(peers=PEER)
    await site.sleep.comes()
    for _ in range(3):
        for said in (["10.1.0.3"], ["10.1.0.4"], ["10.1.0.1", "10.1.0.2"]):
            site.zone.has("A", PEER, *said)
            clock.now += 60
            await site.sleep.ends()
            assert len(site.hosts(PEER)) >= 3
    assert sorted(site.hosts(PEER)) == ["10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4"]


async def test_after_a_restart_an_old_address_of_a_peer_still_counts_for_an_hour(
    site: Site, clock: Clock
) -> None:
    site.zone.has("A", PEER, "10.1.0.1")
    site.configure(peers=PEER)
    await site.sleep.comes()
    await site.naming.close()
    site.zone.has("A", PEER, "10.1.0.2")
    site.restarted()
    site.configure(peers=PEER)
    await site.sleep.comes()
    assert site.hosts(PEER) == ["10.1.0.2", "10.1.0.1"]


async def test_where_calls_of_ours_go_nothing_old_counts(site: Site, clock: Clock) -> None:
    site.configure(NAME)
    await site.sleep.comes()
    site.zone.has("A", "sbc1.telkom.example", "10.1.0.2")
    await site.sleep.ends()
    assert site.hosts() == ["10.1.0.2"]
