"""The self-check finds books that do not agree. Only tests can make them disagree, by reaching inside."""

from collections.abc import Callable

import pytest
from tests.queue.hall import RING, Hall

from ntpd112.queue import Acd, LadderStep
from ntpd112.queue.audit import LATE


def busy_hall() -> Hall:
    """ani rings for "rings", budi talks in "talks", dewi is idle; "waits" is held, "again" is quiet."""
    hall = Hall(("budi", "ani"), ladder=(LadderStep(after=50.0, to=True),))
    hall.answered_call("talks", "budi")
    hall.call("rings")
    hall.call("waits", lane="held", lane_until=40.0)
    hall.join("dewi", {"supervisor": 1})
    hall.call("again", lane="quiet")
    hall.acd.effects()
    return hall


def test_a_busy_hall_is_in_order() -> None:
    assert busy_hall().acd.audit(1.0) == []


CORRUPTIONS: list[tuple[Callable[[Acd], object], str]] = [
    (lambda acd: setattr(acd._operators["ani"], "call", None), '"ani" is ringing, call that rings: None'),
    (lambda acd: acd._calls["rings"].out.clear(), '"ani" is ringing: call "rings" does not ring them'),
    (lambda acd: setattr(acd._operators["budi"], "talk", None), '"budi" is talking, call they talk in: None'),
    (lambda acd: acd._talks.clear(), '"budi" is talking: not in the books of call "talks"'),
    (lambda acd: acd._deadlines.cancel(("operator", "ani")), '"ani" is ringing without a deadline'),
    (lambda acd: acd._deadlines.set(("operator", "dewi"), 9.0), '"dewi" is ready with a deadline'),
    (lambda acd: acd._matching.set_busy(acd._operators["dewi"]), '"dewi" is ready, listed as busy'),
    (lambda acd: acd._matching.take(acd._calls["waits"]), '"waits" is waiting in lane held, but is listed'),
    (lambda acd: acd._deadlines.cancel(("lane", "again")), '"again" is waiting in lane quiet without a'),
    (lambda acd: acd._deadlines.cancel(("step", "rings")), "at step 0 of its ladder without a deadline"),
    (lambda acd: setattr(acd._calls["rings"], "state", "waiting"), "3 calls wait, 2 counted"),
    (lambda acd: setattr(acd._calls["rings"], "state", "waiting"), "is waiting in lane normal, rings"),
    (lambda acd: acd._calls["waits"].out.update(dewi=1), '"dewi" does not ring for it'),
    (lambda acd: setattr(acd._matching, "idle", 7), "1 operators are idle, 7 counted"),
]


@pytest.mark.parametrize(("corrupt", "fault"), CORRUPTIONS)
def test_a_disagreement_is_named(corrupt: Callable[[Acd], object], fault: str) -> None:
    hall = busy_hall()
    corrupt(hall.acd)
    assert any(fault in found for found in hall.acd.audit(1.0)), hall.acd.audit(1.0)


def test_a_clock_that_stood_still_is_noticed() -> None:
    hall = Hall({"ani": {}})
    hall.call("c")
    assert hall.acd.audit(RING + LATE) == []
    assert hall.acd.audit(RING + LATE + 1.0) == ["a deadline is 6 s overdue"]
