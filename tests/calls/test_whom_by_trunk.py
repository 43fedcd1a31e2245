"""`trunk:NAME/NUMBER`: who is reached by a trunk's gateways, and what is said when they are not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from tests.calls.desk import FLOW, Desk

from ntpd112.calls.whom import Unreachable, Whom, climbs_to, destination, find, target_of
from ntpd112.journal.events import PartyRings
from ntpd112.sip.line import NoWay


class Ways:
    """Takes calls by telkom and by mobile, which may be in maintenance, or not answer OPTIONS."""

    def __init__(self) -> None:
        self.maintained: set[str] = set()
        self.silent: set[str] = set()

    def target(self, name: str, number: str) -> Any:
        if name not in ("telkom", "mobile"):
            raise NoWay(f'trunk "{name}" leads nowhere')
        trunk = SimpleNamespace(closed=name in self.maintained)
        line = SimpleNamespace(trunk=trunk, silent=name in self.silent)
        return SimpleNamespace(flow=FLOW, user=number, uri=f"{number} by {name}", line=line)


def desk(*maintained: str, **settings: Any) -> Desk:
    desk = Desk(**settings)
    ways: Any = Ways()
    ways.maintained |= set(maintained)
    desk.context.outbound = ways
    return desk


def reached(whom: Whom) -> list[str]:
    return [str(target.uri) for (target,) in whom.rounds]


def test_a_number_by_a_trunk_is_a_phone() -> None:
    found = find(desk().context, "trunk:telkom/110")
    assert isinstance(found, Whom)
    assert (found.kind, reached(found)) == ("phone", ["110 by telkom"])


def test_a_ladder_climbs_to_it() -> None:
    found = climbs_to(desk().context, "trunk:telkom/+62318411110")
    assert isinstance(found, Whom)
    assert reached(found) == ["+62318411110 by telkom"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("trunk:indosat/110", "leads nowhere"),
        ("trunk:telkom", "does not name a trunk and a number"),
        ("trunk:telkom/a@b", "does not name a trunk and a number"),
    ],
)
def test_what_cannot_be_reached_is_said(text: str, why: str) -> None:
    with pytest.raises(Unreachable, match=why):
        target_of(desk().context, text)


def test_without_any_trunk_there_is_no_way() -> None:
    with pytest.raises(Unreachable, match="there are no trunks"):
        target_of(Desk().context, "trunk:telkom/110")


# A trunk in maintenance

POLICE = {"name": "police", "kind": "centre", "to": ["trunk:telkom/110", "trunk:mobile/110"], "ring": "10s"}
FIRE = {"name": "fire", "to": "trunk:mobile/113", "ring": "10s"}


def climbing(*maintained: str, steps: list[dict[str, Any]]) -> Desk:
    """A call waits, and nobody takes it."""
    one = desk(*maintained, ladder=steps, also={"destination": [POLICE, FIRE]})
    one.talk("budi")
    one.call()
    return one


def rung(desk: Desk) -> list[str]:
    return [event.target for event in desk.all_of(PartyRings)]


def test_a_destination_is_reached_by_its_trunks_in_service() -> None:
    one = desk("telkom", also={"destination": [POLICE]})
    assert reached(destination(one.context, "police")) == ["110 by mobile"]


def test_or_by_those_in_maintenance_if_there_is_no_other_way() -> None:
    one = desk("telkom", "mobile", also={"destination": [POLICE]})
    assert reached(destination(one.context, "police")) == ["110 by telkom", "110 by mobile"]


@pytest.mark.parametrize(
    ("silent", "order"),
    [
        ({"telkom"}, ["110 by mobile", "110 by telkom"]),
        ({"mobile"}, ["110 by telkom", "110 by mobile"]),
        ({"telkom", "mobile"}, ["110 by telkom", "110 by mobile"]),
    ],
)
def test_a_trunk_that_does_not_answer_comes_last_and_is_not_left_out(
    silent: set[str], order: list[str]
) -> None:
    one = desk(also={"destination": [POLICE]})
    ways: Any = one.context.outbound
    ways.silent = silent
    assert reached(destination(one.context, "police")) == order


def test_the_next_step_of_a_ladder_takes_the_place_of_one_in_maintenance_at_once() -> None:
    one = climbing("telkom", steps=[{"after": 10, "to": "trunk:telkom/110"}, {"after": 60, "to": "fire"}])
    one.pass_time(10)
    assert rung(one) == ["113 by mobile"]


def test_a_step_in_maintenance_is_rung_if_it_is_the_only_way() -> None:
    one = climbing("telkom", steps=[{"after": 10, "to": "trunk:telkom/110"}, {"after": 60, "to": "medis"}])
    one.pass_time(10)
    assert rung(one) == ["110 by telkom"]


def test_a_step_that_cannot_be_reached_gives_way_at_once_too() -> None:
    one = climbing(steps=[{"after": 10, "to": "trunk:indosat/110"}, {"after": 60, "to": "fire"}])
    one.pass_time(10)
    assert rung(one) == ["113 by mobile"]


def test_but_a_queue_is_nothing_to_hurry_to() -> None:
    one = climbing(steps=[{"after": 10, "to": "trunk:indosat/110"}, {"after": 60, "to": "medis"}])
    one.pass_time(10)
    assert [call.queue.name for call in one.context.calls.values()] == ["112", "112"]
