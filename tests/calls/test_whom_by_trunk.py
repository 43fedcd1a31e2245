"""`trunk:NAME/NUMBER`: who is reached by a trunk's gateways, and what is said when they are not."""

from __future__ import annotations

from typing import Any

import pytest
from tests.calls.desk import Desk

from ntpd112.calls.whom import Unreachable, Whom, climbs_to, find, target_of
from ntpd112.sip.outbound import NoWay


class Ways:
    """Takes calls by telkom only."""

    def target(self, name: str, number: str) -> Any:
        if name != "telkom":
            raise NoWay(f'trunk "{name}" leads nowhere')
        return f"{number} by {name}"


def desk() -> Desk:
    desk = Desk()
    ways: Any = Ways()
    desk.context.outbound = ways
    return desk


def reached(whom: Whom) -> Any:
    ((target,),) = whom.rounds
    return target


def test_a_number_by_a_trunk_is_a_phone() -> None:
    found = find(desk().context, "trunk:telkom/110")
    assert isinstance(found, Whom)
    assert (found.kind, reached(found)) == ("phone", "110 by telkom")


def test_a_ladder_climbs_to_it() -> None:
    found = climbs_to(desk().context, "trunk:telkom/+62318411110")
    assert isinstance(found, Whom)
    assert reached(found) == "+62318411110 by telkom"


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
