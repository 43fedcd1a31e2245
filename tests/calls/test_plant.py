"""Trunks as a console has them: maintenance, and what it shows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.calls.desk import Desk

from ntpd112.calls.holding import held_lines
from ntpd112.calls.plant import Plant
from ntpd112.calls.views import UnknownTrunk
from ntpd112.journal.events import TrunkFilled, TrunkMaintenance, TrunkRefused
from ntpd112.sip import events as sip_events
from ntpd112.sip.trunks import Trunks, TrunkSpec

SPECS = [TrunkSpec("pbx", ["127.0.0.2"], 60, options_s=0), TrunkSpec("telkom", ["10.1.0.0/24"], 30)]


class Site:
    """A desk with two trunks."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.trunks = Trunks(SPECS)
        self.turns = 0
        self.plant = self.made()

    def made(self) -> Plant:
        return Plant(self.desk.context, self.trunks, _date, self._turn, lambda: self.desk.now)

    def _turn(self) -> None:
        self.turns += 1

    def closed(self) -> list[str]:
        return [trunk.name for trunk in self.trunks if trunk.closed]


def _date(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


@pytest.fixture
def site() -> Site:
    return Site()


def test_maintenance_closes_one_trunk_is_written_down_and_shown(site: Site) -> None:
    shown = site.plant.set_maintenance("telkom", True, "api:rina", "new cable")
    assert site.closed() == ["telkom"]
    assert shown.maintenance is not None
    assert (shown.maintenance.reason, shown.maintenance.by) == ("new cable", "api:rina")
    assert site.plant.warnings() == ['trunk "telkom" is in maintenance: its new calls get 503']
    site.plant.set_maintenance("telkom", False, "api:rina", "")
    assert (site.closed(), site.plant.warnings(), site.turns) == ([], [], 2)
    assert [(one.trunk, one.on) for one in site.desk.all_of(TrunkMaintenance)] == [
        ("telkom", True),
        ("telkom", False),
    ]


def test_maintenance_outlives_a_restart_and_a_trunk_that_comes_back(site: Site) -> None:
    site.plant.set_maintenance("telkom", True, "api:rina", "")
    site.trunks = Trunks(SPECS)
    site.made()
    assert site.closed() == ["telkom"]
    site.trunks.configure(SPECS[:1])
    site.trunks.configure(SPECS)
    site.made().resume()
    assert site.closed() == ["telkom"]


def test_a_name_that_is_no_trunk_is_refused(site: Site) -> None:
    with pytest.raises(UnknownTrunk, match='no trunk has the name "indosat"'):
        site.plant.set_maintenance("indosat", True, "api:rina", "")
    assert site.desk.all_of(TrunkMaintenance) == []


def test_lines_are_told_by_what_holds_them() -> None:
    desk = Desk(screening={"when": "busy", "window": 6.0, "longest_wait": 600.0})
    desk.register("budi")
    desk.call()
    desk.pick_up("budi")
    desk.call()
    desk.pass_time(7.0)  # silent
    desk.call("119")
    assert held_lines(desk.context) == {"pbx": {"quiet": 1, "waiting": 1, "ringing": 0, "talking": 1}}


def test_the_alarm_says_what_holds_the_lines_in_journal_and_warnings(site: Site) -> None:
    site.desk.call()
    trunk = next(iter(site.trunks))
    trunk.max_calls, trunk.occupancy.alarm_at = 2, 0.5
    trunk.admit(0.0)
    site.desk.happen(*site.trunks.events())
    (filled,) = site.desk.all_of(TrunkFilled)
    assert (filled.trunk, filled.nearly_full, filled.calls, filled.max_calls) == ("pbx", True, 1, 2)
    assert filled.lines == {"quiet": 0, "waiting": 1, "ringing": 0, "talking": 0}
    assert site.plant.warnings() == ['trunk "pbx" is nearly full: 1 of 2 calls, 1 waiting']
    (shown, other) = site.plant.trunks()
    assert (shown.nearly_full, shown.peak, shown.lines["waiting"]) == (True, 1, 1)
    assert (other.nearly_full, other.peak, sum(other.lines.values())) == (False, 0, 0)


def test_calls_that_a_trunk_was_refused_are_in_the_journal_by_number(site: Site) -> None:
    trunk = next(iter(site.trunks))
    trunk.refused["trunk full"] += 3
    site.desk.happen(sip_events.TrunkRefused(trunk, "trunk full", "trunk 'pbx' has its 60 calls", 3))
    (refused,) = site.desk.all_of(TrunkRefused)
    assert (refused.trunk, refused.why, refused.count) == ("pbx", "trunk full", 3)
    assert site.plant.trunks()[0].refused == {"trunk full": 3}
