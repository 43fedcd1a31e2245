"""Attended transfer from the phone: REFER with Replaces, which names the operator's other line."""

from __future__ import annotations

import pytest
from tests.calls.desk import FakeLeg
from tests.calls.floor import Floor, Phone

from ntpd112.calls.causes import UNANSWERED
from ntpd112.journal.events import CallEnded, PartyJoined, PartyLeft, TransferEnded
from ntpd112.sip.replaces import Replaces

REPLACES = Replaces("other@phone", "ours", "theirs")
CALLER, SITI, LINE, TARGET = 1, 2, 3, 4
"Media legs in order of opening."


def two_lines(number: str = "110") -> tuple[Floor, FakeLeg, FakeLeg, Phone]:
    """Siti talks to a caller and has dialled the target on her second line: floor, caller, both her legs."""
    desk = Floor()
    desk.register("siti")
    caller = desk.call()
    phone = desk.pick_up("siti")
    line = desk.dial("siti", number)
    desk.second_line = line
    return desk, caller, phone, line


def refer(desk: Floor, phone: FakeLeg, line: FakeLeg, on: str) -> FakeLeg:
    """On one of both lines, naming the other. The leg that it came on."""
    carries, named = (phone, line) if on == "first" else (line, phone)
    desk.second_line = named
    desk.refer(carries, "110", REPLACES)
    return carries


@pytest.mark.parametrize("on", ["first", "second"])
def test_the_target_moves_into_the_callers_call_and_the_operator_leaves_both(on: str) -> None:
    desk, caller, phone, line = two_lines()
    target = desk.pick_up("110")
    carries = refer(desk, phone, line, on)
    assert carries.told == [200]
    assert desk.media.wiring[CALLER] == (TARGET,)
    assert desk.media.wiring[TARGET] == (CALLER,)
    assert not target.over
    assert [end.call_id for end in desk.all_of(CallEnded)] != [next(iter(desk.context.calls))]
    desk.pass_time(2)
    assert phone.over
    assert line.over
    assert desk.state("siti") == "wrap-up"
    desk.hang_up(target)
    assert caller.over
    assert desk.media.open_legs() == 0
    assert not desk.context.legs
    assert not desk.context.lingering


def test_the_record_tells_the_move_in_both_calls() -> None:
    desk, _, phone, line = two_lines()
    desk.pick_up("110")
    refer(desk, phone, line, "first")
    first = next(iter(desk.context.calls))
    left, joined = desk.all_of(PartyLeft)[0], desk.all_of(PartyJoined)[-1]
    assert (left.call_id != first, left.reason) == (True, f"transferred into {first}")
    assert (joined.call_id, joined.name, joined.leg) == (first, "police", 1001)
    assert [end.outcome for end in desk.all_of(TransferEnded)] == ["completed"]


def test_a_colleague_stays_busy_while_moving_from_one_call_to_the_other() -> None:
    desk, _, phone, _ = two_lines()
    desk.register("budi")
    line = desk.dial("siti", "budi")
    budi = desk.pick_up("budi")
    desk.call()
    refer(desk, phone, line, "first")
    assert desk.state("budi") == "talking"
    assert not [leg for leg in desk.phones("budi") if leg is not budi], "the waiting caller is not offered"
    desk.hang_up(budi)
    assert desk.state("budi") == "wrap-up"


def test_a_target_that_still_rings_is_rung_for_the_caller() -> None:
    desk, caller, phone, line = two_lines()
    first_ring = desk.phones("110")[0]
    refer(desk, phone, line, "first")
    assert first_ring.over
    assert line.over
    desk.pick_up("110")
    assert phone.told == [200]
    assert not caller.over
    assert len(desk.media.wiring[CALLER]) == 1
    assert [end.outcome for end in desk.all_of(TransferEnded)] == ["completed"]


def test_a_colleague_who_still_rings_rings_for_the_caller_and_for_none_of_those_who_wait() -> None:
    """Hung up first, the colleague would be free for a moment, and gone with whoever waits."""
    desk, caller, phone, _ = two_lines()
    desk.register("budi")
    line = desk.dial("siti", "budi")
    desk.call()
    refer(desk, phone, line, "first")
    desk.pick_up("budi")
    assert phone.told == [200]
    assert not caller.over
    assert [end.outcome for end in desk.all_of(TransferEnded)] == ["completed"]
    assert len(desk.phones("budi")) == 1
    assert desk.state("budi") == "talking"


def test_the_second_line_that_was_not_answered_is_recorded_so() -> None:
    desk, _, phone, line = two_lines()
    refer(desk, phone, line, "first")
    (end,) = desk.all_of(CallEnded)
    assert (end.sip_code, end.reason) == (UNANSWERED, "Transferred")


def test_a_replaces_that_names_no_call_here_is_refused() -> None:
    desk, _, phone, _ = two_lines()
    desk.second_line = None
    desk.refer(phone, "110", REPLACES)
    assert phone.told == [404]
    assert desk.media.wiring[CALLER] == (SITI,)


def test_a_replaces_that_names_a_callers_leg_is_refused() -> None:
    desk, _, phone, _ = two_lines()
    desk.second_line = desk.call()
    desk.refer(phone, "110", REPLACES)
    assert phone.told == [480]


def test_a_second_line_alone_cannot_be_transferred() -> None:
    desk, _, _, line = two_lines()
    desk.pick_up("110")
    desk.refer(line, "112")
    assert line.told == [480]
    assert not line.over


def test_legs_on_different_workers_cannot_be_joined_and_both_calls_go_on() -> None:
    desk, caller, phone, line = two_lines()
    target = desk.pick_up("110")
    desk.media.legs[TARGET - 1].worker = 1
    refer(desk, phone, line, "first")
    assert phone.told == [480]
    assert not caller.over
    assert not target.over


def test_a_colleague_lost_on_a_call_among_operators_ends_it() -> None:
    desk = Floor()
    desk.register("siti")
    desk.register("budi")
    siti = desk.dial("siti", "budi")
    desk.lose(desk.pick_up("budi"))
    assert siti.over
    assert desk.state("siti") == desk.state("budi") == "ready"
