"""Another configuration while calls run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from tests.calls.desk import Desk

from ntpd112.api.routes.configuration import NotReloaded
from ntpd112.app.policies import trunk_of
from ntpd112.app.reloading import Reloading
from ntpd112.calls.plant import Plant
from ntpd112.config import Config, ConfigErrors, Problem, TrunkConfig
from ntpd112.journal.events import CallQueued, CallStarted
from ntpd112.sip.names import Names
from ntpd112.sip.trunks import Trunks

PBX = {"name": "pbx", "peers": ["127.0.0.2"]}
TELKOM = {"name": "telkom", "peers": ["10.2.0.5"], "max_calls": 7}


class Site:
    """A desk whose configuration's file says what the test wants."""

    def __init__(self) -> None:
        self.desk = Desk(wrap_up=0.0)
        self.given = self.desk.context.config.model_dump(by_alias=True)
        self.trunks = Trunks()
        self.wrong: list[Problem] = []
        self.turns = 0
        plant = Plant(self.desk.context, self.trunks, lambda at: at, self._turn, lambda: self.desk.now)  # type: ignore[arg-type,return-value]
        centre: Any = SimpleNamespace(plant=plant)
        self.plant = plant
        self.led_out: list[str] = []
        "Trunks as their ways out are configured."
        telcos: Any = SimpleNamespace(configure=self._configure_trunks)
        self.reloading = Reloading(
            self._read,
            self.desk.context,
            self.desk.control,
            telcos,
            centre,
            self._turn,
            lambda: self.desk.now,
        )

    def _configure_trunks(self, trunks: list[TrunkConfig], dns: object) -> None:
        self.trunks.configure(trunk_of(trunk, Names()) for trunk in trunks)
        self.led_out += [trunk.name for trunk in trunks]

    def _turn(self) -> None:
        self.turns += 1

    def _read(self) -> Config:
        if self.wrong:
            raise ConfigErrors(self.wrong)
        return Config.model_validate(self.given)

    async def reload(self, **sections: Any) -> list[str]:
        """The paths that change."""
        self.given |= sections
        return [one.path for one in (await self.reloading.reload("api:rina")).changes]

    async def refused(self, **sections: Any) -> list[str]:
        before = self.desk.context.config
        with pytest.raises(NotReloaded) as caught:
            await self.reload(**sections)
        assert self.desk.context.config is before
        return caught.value.problems

    def queues(self, **changes: Any) -> list[dict[str, Any]]:
        """As they are, the first with changes."""
        first, *others = self.given["queue"]
        return [first | changes, *others]


@pytest.fixture
def site() -> Site:
    return Site()


async def test_a_trunk_comes_while_a_call_is_talked_on(site: Site) -> None:
    caller, _ = site.desk.talk()
    assert await site.reload(trunk=[PBX, TELKOM]) == ["trunk.telkom"]
    assert [(trunk.name, trunk.max_calls) for trunk in site.trunks] == [("pbx", 60), ("telkom", 7)]
    assert site.led_out == ["pbx", "telkom"]
    site.desk.pass_time(60.0)
    assert not caller.over
    assert site.turns == 1


async def test_a_trunk_in_maintenance_that_comes_back_is_still_in_it(site: Site) -> None:
    await site.reload(trunk=[PBX, TELKOM])
    site.plant.set_maintenance("telkom", True, "api:rina", "")
    await site.reload(trunk=[PBX])
    await site.reload(trunk=[PBX, TELKOM])
    assert [trunk.closed for trunk in site.trunks] == [False, True]


async def test_the_next_call_has_the_new_rules_of_its_queue_and_one_that_waits_the_old(site: Site) -> None:
    site.desk.call()
    await site.reload(queue=site.queues(priority=2, announcement="other"))
    site.desk.call()
    assert [one.priority for one in site.desk.all_of(CallQueued)] == [5, 2]
    assert [leg.hears for leg in site.desk.media.legs] == ["welcome", "other"]


async def test_a_call_that_comes_back_to_its_queue_has_the_new_ladder(site: Site) -> None:
    caller, phone = site.desk.talk()
    ladder = [{"after": 5.0, "to": "police", "ring": 10.0}]
    await site.reload(queue=site.queues(ladder=ladder))
    site.desk.hang_up(phone, 503, 41)
    site.desk.pass_time(6.0)
    assert site.desk.phones("polres")
    assert not caller.over


async def test_number_rules_hold_for_the_next_call(site: Site) -> None:
    rules = [{"from": "0351112", "to": "112"}]
    await site.reload(trunk=[PBX | {"numbers": rules}])
    site.desk.call("0351112")
    (call,) = site.desk.all_of(CallStarted)
    assert (call.dialled, call.number) == ("0351112", "112")


async def test_what_is_remembered_of_callers_outlives_other_settings(site: Site) -> None:
    site.desk.call()
    memory = site.desk.context.memory
    await site.reload(shield={"sticky": 5.0}, flood={"calls": 2})
    assert len(memory.flood.state.seen) == 1
    site.desk.call()
    assert memory.flood.state.on


async def test_the_same_file_changes_nothing(site: Site) -> None:
    assert await site.reload() == []


async def test_every_problem_of_the_file_is_said_and_the_old_configuration_stays(site: Site) -> None:
    site.wrong = [Problem("one", "a.toml", 3), Problem("two")]
    assert await site.refused() == ["a.toml:3: one", "two"]


async def test_what_needs_a_restart_is_refused_by_name_with_all_else(site: Site) -> None:
    problems = await site.refused(trunk=[TELKOM], journal={"path": "other.db"}, http={"burst": 3})
    assert problems == [
        "http.burst: needs a restart of the agent",
        "journal.path: needs a restart of the agent",
    ]
    assert list(site.trunks) == []


async def test_a_queue_goes_only_when_no_call_is_in_it(site: Site) -> None:
    caller = site.desk.call("119")
    first = site.given["queue"][:1]
    problem = 'queue "medis": 1 calls are in it: remove it when they are over'
    assert problem in await site.refused(queue=first)
    site.desk.hang_up(caller)
    assert "queue.medis" in await site.reload(queue=first)


async def test_a_queue_that_loses_its_way_out_is_refused(site: Site) -> None:
    await site.reload(queue=site.queues(ladder=[{"after": 5.0, "to": "police"}]))
    (problem,) = await site.refused(queue=site.queues(ladder=[]))
    assert problem.startswith('queue "112": ')


async def test_a_signal_that_comes_to_nothing_is_no_fault(site: Site) -> None:
    site.wrong = [Problem("one")]
    await site.reloading.on_signal()
    assert site.turns == 0
