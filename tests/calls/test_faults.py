"""Mistakes of our own: whatever breaks in mid-call, everybody comes free and the record is whole."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from tests.calls.desk import FLOW, FLOW_6, REMOTE, Desk, FakeLeg

from ntpd112.calls import arrival
from ntpd112.journal.events import CallEnded, CallStarted, OfferEnded
from ntpd112.media.events import Closed, PlayEnded, Quality, WorkerLost
from ntpd112.sip.events import Answered, IncomingCall
from ntpd112.sip.message import Request

FAULT = "injected"


def broken(*args: Any, **kwargs: Any) -> None:
    raise RuntimeError(FAULT)


def nothing_is_left(desk: Desk) -> None:
    assert not desk.context.calls
    assert not desk.context.legs
    assert desk.media.open_legs() == 0
    assert len(desk.all_of(CallEnded)) == len(desk.all_of(CallStarted)) == 1
    assert {operator.state for operator in desk.acd.operators()} <= {"ready", "wrap-up", "break"}


def talking() -> tuple[Desk, FakeLeg, FakeLeg]:
    desk = Desk()
    desk.register("budi")
    caller = desk.call()
    return desk, caller, desk.pick_up("budi")


@pytest.mark.parametrize("whose", ["caller", "operator"])
def test_a_leg_that_cannot_be_hung_up_keeps_nobody(whose: str) -> None:
    desk, caller, operator = talking()
    victim, other = (caller, operator) if whose == "caller" else (operator, caller)
    victim.hang_up = broken  # type: ignore[method-assign]
    desk.control.stop(desk.now)
    assert other.over
    nothing_is_left(desk)


def test_one_call_that_cannot_be_ended_does_not_keep_the_others_when_stopping() -> None:
    desk, caller, _ = talking()
    other = desk.call()
    caller.hang_up = broken  # type: ignore[method-assign]
    desk.control.stop(desk.now)
    assert other.over
    assert not desk.context.calls


def test_a_phone_that_cannot_be_cancelled_lets_the_others_go() -> None:
    desk = Desk()
    desk.register("budi", phones=3)
    caller = desk.call()
    first, second, third = desk.phones("budi")
    first.hang_up = broken  # type: ignore[method-assign]
    desk.hang_up(caller)
    assert (second.over, third.over) == (True, True)
    assert [offer.outcome for offer in desk.all_of(OfferEnded)] == ["withdrawn"]
    nothing_is_left(desk)


@pytest.mark.parametrize("step", ["stop_playing", "remote", "hear", "answer"])
def test_an_operator_who_picked_up_comes_free_when_connecting_fails(step: str) -> None:
    desk = Desk(answer="ring")
    desk.register("budi")
    caller = desk.call()
    caller_media, phone_media = desk.media.legs
    phone = desk.phones("budi")[0]
    owner: Any = {"hear": desk.media, "answer": caller, "remote": phone_media}.get(step, caller_media)
    setattr(owner, step, broken)
    phone.remote = REMOTE
    desk.happen(Answered(phone))  # type: ignore[arg-type]
    assert (caller.over, phone.over) == (True, True)
    assert desk.end().disposition == "failed"
    nothing_is_left(desk)


def test_a_media_leg_that_cannot_be_closed_leaves_the_other_closed() -> None:
    desk, caller, _ = talking()
    desk.media.legs[1].close = broken  # type: ignore[method-assign]
    desk.hang_up(caller)
    assert desk.media.legs[0].closed
    assert len(desk.all_of(CallEnded)) == 1
    assert desk.state("budi") == "wrap-up"


def test_a_fault_in_a_phones_invite_costs_the_offer_not_the_call() -> None:
    desk = Desk()
    desk.register("budi")
    desk.invite = broken  # type: ignore[method-assign,assignment]
    caller = desk.call()
    assert not caller.over
    assert [offer.outcome for offer in desk.all_of(OfferEnded)] == ["failed"]
    assert desk.state("budi") == "wrap-up"
    assert desk.media.open_legs() == 1


def test_an_unreadable_caller_is_a_call_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "caller_of", broken)
    desk = Desk()
    desk.register("budi")
    assert desk.call().did == ["answer"]
    assert desk.phones("budi")
    assert desk.all_of(CallStarted)[0].caller == ""


def test_an_invite_that_we_fail_on_is_refused_not_forgotten() -> None:
    desk = Desk()
    desk.media.open = broken  # type: ignore[method-assign,assignment]
    caller = desk.call()
    assert caller.over
    assert caller.cause is not None
    assert caller.cause.sip_code == 500
    assert not desk.context.calls


def test_a_media_leg_that_closes_by_itself_ends_its_call() -> None:
    """The worker could not open the port: the caller would hear nothing, for as long as it waits."""
    desk, caller, operator = talking()
    desk.media.pending.append(Closed(1, Quality(0, 0, 0.0)))
    desk.happen()
    assert (caller.over, operator.over) == (True, True)
    assert desk.end().disposition == "interrupted"


def test_when_a_party_leaves_its_port_closes_and_the_call_goes_on() -> None:
    desk, caller, _ = talking()
    call_id = next(iter(desk.context.calls))
    desk.commands().transfer(call_id, "destination:psychologist", False, "api:test")
    agency = desk.pick_up("psy")
    assert desk.media.legs[1].closed
    assert (caller.over, agency.over) == (False, False)


def test_an_operator_whose_port_is_lost_is_let_go_and_the_caller_goes_to_the_next() -> None:
    desk, caller, operator = talking()
    desk.register("ani")
    desk.media.pending.append(Closed(2, Quality(0, 0, 0.0)))
    desk.happen()
    assert operator.over
    assert not caller.over
    assert desk.phones("ani")


def test_a_worker_lost_while_a_phone_rings_stops_it_and_frees_the_operator() -> None:
    desk = Desk()
    desk.register("budi")
    desk.call()
    phone = desk.phones("budi")[0]
    desk.media.pending += [WorkerLost(0, [1, 2]), PlayEnded(1, "welcome")]
    desk.happen()
    assert phone.over
    assert desk.end().disposition == "interrupted"
    assert desk.state("budi") == "ready"
    nothing_is_left(desk)


def test_each_phone_gets_a_media_port_of_its_own_family() -> None:
    desk = Desk()
    desk.register("budi")
    bindings: Any = [
        SimpleNamespace(target=SimpleNamespace(flow=flow, others=(), user="budi")) for flow in (FLOW, FLOW_6)
    ]
    desk.context.registrar.contacts = lambda user: bindings  # type: ignore[method-assign]
    desk.call()
    assert [local.address for local in desk.offered] == ["127.0.0.1", "2001:db8::1"]
    assert [leg.family for leg in desk.media.legs] == [4, 4, 6]
    desk.pick_up("budi", phone=1)
    assert desk.media.wiring == {1: (3,), 3: (1,)}
    assert [leg.closed for leg in desk.media.legs] == [False, True, False]


def test_an_invite_that_nobody_understands_leaves_no_trace_in_the_queue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk()
    desk.context.config.queue.clear()
    leg = FakeLeg(77, inbound=True, desk=desk)
    request = Request(method="INVITE", uri="sip:112@agent", fields={"call-id": ["x"]})
    trunk: Any = SimpleNamespace(name="pbx")
    desk.happen(IncomingCall(leg, request, trunk))  # type: ignore[arg-type]
    assert leg.over
    assert desk.media.open_legs() == 0
    assert not desk.all_of(CallStarted)
