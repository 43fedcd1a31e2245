"""Nobody answers: the call climbs, keeps its place meanwhile, and never ends in a hang-up of ours."""

from __future__ import annotations

from typing import Any

import pytest
import structlog
from tests.calls.desk import Desk

from ntpd112.calls.ladder import ROUND_PAUSE_S
from ntpd112.journal.events import (
    CallConnected,
    CallRelaxed,
    CallRequeued,
    LastOperator,
    OfferEnded,
    PartyFailed,
    PartyJoined,
    PartyRings,
)

POLICE = {"name": "police", "kind": "centre", "to": ["sip:polres@192.0.2.5", "sip:polda@192.0.2.6"]}
NEIGHBOUR = {"name": "neighbour", "kind": "centre", "to": "sip:112@192.0.2.7"}


def desk_with(*steps: dict[str, Any], also: dict[str, Any] | None = None, **queue: Any) -> Desk:
    sections = {"destination": [POLICE, NEIGHBOUR]} | (also or {})
    return Desk(ladder=list(steps), also=sections, **queue)


def to(name: str, after: float, **more: Any) -> dict[str, Any]:
    return {"after": after, "to": name} | more


def rung(desk: Desk) -> list[str]:
    return [event.target.removeprefix("sip:").split("@")[0] for event in desk.all_of(PartyRings)]


def serving(desk: Desk) -> None:
    """budi and sari serve; budi's phone rings, sari talks."""
    desk.register("sari")
    desk.call()
    desk.pick_up("sari")
    desk.register("budi")


def test_a_step_is_announced_and_rung_while_the_call_keeps_its_place() -> None:
    desk = desk_with(to("police", 10))
    serving(desk)
    desk.call()
    desk.prompt_ends(3)
    desk.pass_time(10)
    assert desk.phones("polres")
    assert desk.media.legs[2].hears == "all-busy"
    assert desk.phones("budi"), "an operator may still take it"


def test_the_destination_that_answers_gets_the_caller_and_the_acd_lets_go() -> None:
    desk = desk_with(to("police", 10))
    serving(desk)
    caller = desk.call()
    desk.pass_time(10)
    desk.pick_up("polres")
    call = list(desk.context.calls.values())[-1]
    assert not caller.over
    assert call.state == "talking"
    assert not desk.phones("budi")
    assert desk.acd.call(call.id) is None
    assert desk.state("budi") == "ready"
    assert [event.outcome for event in desk.all_of(OfferEnded)][-1] == "withdrawn"
    assert desk.all_of(PartyJoined)[0].name == "police"
    assert len(desk.all_of(CallConnected)) == 1, "that of sari's call"


def test_a_call_that_a_destination_took_has_overflowed() -> None:
    desk = desk_with(to("police", 10))
    caller = desk.call()
    desk.pick_up("polres")
    desk.hang_up(caller)
    assert desk.end().disposition == "overflowed"
    assert desk.media.open_legs() == 0


def test_an_operator_who_answers_first_stops_the_destination() -> None:
    desk = desk_with(to("police", 10))
    serving(desk)
    desk.call()
    desk.pass_time(10)
    phone = desk.phones("polres")[0]
    desk.pick_up("budi")
    assert phone.over
    assert [event.outcome for event in desk.all_of(PartyFailed)] == ["withdrawn"]
    desk.pass_time(120)
    assert rung(desk) == ["polres"]


def test_a_destination_is_climbed_phone_by_phone_and_then_the_next_step_has_its_turn() -> None:
    desk = desk_with(to("police", 10), to("neighbour", 15))
    serving(desk)
    desk.call()
    desk.pass_time(10)
    desk.pass_time(5)
    assert rung(desk) == ["polres"], "one at a time"
    desk.pass_time(5)
    assert rung(desk) == ["polres", "polda"]
    desk.refuse("polda", 486)
    assert rung(desk) == ["polres", "polda", "112"]


def test_after_the_last_step_they_begin_again_for_ever() -> None:
    desk = desk_with(to("neighbour", 10, ring=20.0))
    caller = desk.call()
    for _ in range(5):
        assert desk.phones("112")
        desk.pass_time(20)
        assert not desk.phones("112")
        desk.pass_time(ROUND_PAUSE_S)
    assert len(rung(desk)) == 6
    assert not caller.over


def test_a_centre_that_refuses_at_once_is_not_stormed() -> None:
    desk = desk_with(to("neighbour", 0))
    desk.call()
    desk.refuse("112", 503)
    desk.pass_time(ROUND_PAUSE_S - 1)
    assert len(rung(desk)) == 1
    desk.pass_time(1)
    assert len(rung(desk)) == 2


def test_with_nobody_serving_all_steps_are_due_at_once() -> None:
    desk = desk_with({"after": 10.0, "any": True}, to("police", 60), skills={"medical": 1})
    desk.call()
    assert [event.reason for event in desk.all_of(CallRelaxed)] == ["nobody serving"]
    assert desk.phones("polres")


def test_a_full_queue_hurries_the_call_that_is_too_much() -> None:
    desk = desk_with(to("neighbour", 60), max_waiting=1)
    desk.register("budi")
    desk.call()
    desk.pick_up("budi")
    desk.call()
    assert not desk.phones("112")
    desk.call()
    assert desk.phones("112")


def test_the_last_operator_who_lets_it_ring_stays_and_the_call_climbs() -> None:
    desk = desk_with(to("police", 60))
    desk.register("budi")
    desk.call()
    desk.pass_time(15)
    assert [event.operator for event in desk.all_of(LastOperator)] == ["budi"]
    assert desk.phones("polres")
    desk.pass_time(2)
    assert desk.phones("budi"), "rung again, since nobody else serves"


def test_an_address_that_cannot_be_reached_is_passed_over() -> None:
    nowhere = {"name": "nowhere", "to": "sip:112@[2001:db8::9]"}
    also = {"destination": [nowhere, NEIGHBOUR]}
    desk = desk_with(to("nowhere", 0), to("neighbour", 0), also=also)
    desk.call()
    assert desk.phones("112")


def test_a_ladder_none_of_whose_addresses_can_be_reached_tries_on_and_keeps_the_caller() -> None:
    desk = desk_with(
        to("nowhere", 0), also={"destination": [{"name": "nowhere", "to": "sip:1@[2001:db8::9]"}]}
    )
    caller = desk.call()
    desk.pass_time(300)
    assert not caller.over
    desk.register("budi")
    assert desk.phones("budi")


def test_without_a_media_port_for_the_destination_the_caller_waits_on() -> None:
    desk = desk_with(to("neighbour", 10))
    serving(desk)
    caller = desk.call()
    desk.media.exhausted = True
    desk.pass_time(10)
    assert not desk.phones("112")
    assert not caller.over
    desk.media.exhausted = False
    desk.pass_time(ROUND_PAUSE_S)
    assert desk.phones("112")


def test_a_caller_who_leaves_while_a_destination_rings_stops_it() -> None:
    desk = desk_with(to("police", 0))
    caller = desk.call()
    phone = desk.phones("polres")[0]
    desk.hang_up(caller)
    assert phone.over
    assert desk.end().disposition == "abandoned"
    desk.pass_time(120)
    assert rung(desk) == ["polres"]
    assert desk.media.open_legs() == 0


def test_a_caller_who_only_rings_is_answered_when_the_destination_is() -> None:
    desk = desk_with(to("neighbour", 10), answer="ring")
    caller = desk.call()
    assert caller.did == ["ring"]
    desk.pick_up("112")
    assert caller.did == ["ring", "answer"]


@pytest.mark.parametrize("state", ["waiting", "ringing"])
def test_a_step_may_lead_into_another_queue_with_the_wait_and_the_lane_kept(state: str) -> None:
    second = {"name": "second", "numbers": ["1"], "ladder": [to("neighbour", 60)]}
    desk = desk_with(to("second", 10), also={"queue": [second]}, skills={"medical": 1})
    desk.register("ani", medical=1)
    desk.call()
    if state == "waiting":
        desk.pick_up("ani")
        desk.call()
    call = list(desk.context.calls.values())[-1]
    desk.pass_time(10)
    assert desk.all_of(CallRequeued)[0].reason == "ladder of 112, step 1"
    waiting = desk.acd.call(call.id)
    assert waiting is not None
    assert (waiting.queue, waiting.since) == ("second", call.queued_at)
    desk.register("budi")
    if state == "waiting":
        assert desk.phones("budi"), "who has no medical skill"
        desk.refuse("budi", 486)
    desk.pass_time(50)
    assert desk.phones("112"), "the second queue's ladder"


def test_queues_whose_ladders_lead_into_each_other_catch_no_call() -> None:
    second = {"name": "second", "numbers": ["1"], "ladder": [to("112", 5), to("neighbour", 20)]}
    desk = desk_with(to("second", 5), also={"queue": [second]})
    serving(desk)
    desk.call()
    desk.pass_time(5)
    desk.pass_time(15)
    assert [event.queue for event in desk.all_of(CallRequeued)] == ["second"]
    assert desk.phones("112")


def test_a_ladder_that_goes_round_through_queues_comes_back_to_its_destination() -> None:
    second = {"name": "second", "numbers": ["1"], "ladder": [to("112", 5)]}
    desk = desk_with(to("neighbour", 5, ring=10.0), to("second", 5), also={"queue": [second]})
    caller = desk.call()
    for _ in range(3):
        assert desk.phones("112")
        desk.pass_time(10)
        assert not desk.phones("112")
        desk.pass_time(ROUND_PAUSE_S)
    assert [event.queue for event in desk.all_of(CallRequeued)][:2] == ["second", "112"]
    assert len(rung(desk)) == 4
    assert not caller.over


def test_steps_that_were_due_with_the_one_that_led_elsewhere_are_forgotten() -> None:
    second = {"name": "second", "numbers": ["1"]}
    desk = desk_with(to("second", 5), to("police", 5), to("neighbour", 5), also={"queue": [second]})
    caller = desk.call()
    assert [event.queue for event in desk.all_of(CallRequeued)] == ["second"]
    assert rung(desk) == []
    desk.pass_time(60)
    assert not caller.over


def test_a_call_that_none_of_those_on_duty_may_take_is_said_loudly_once() -> None:
    desk = desk_with({"after": 10, "include": ["supervisor"]}, to("police", 20))
    desk.register("ratna", supervisor=1)
    with structlog.testing.capture_logs() as log:
        desk.call()
        desk.pass_time(5)
    (said,) = [entry for entry in log if entry["log_level"] == "error"]
    assert said["event"].startswith("NOBODY WHO FITS")
    assert (said["call_id"], said["on_duty"]) == (next(iter(desk.context.calls)), 1)
    desk.pass_time(5)
    assert desk.phones("ratna")


def test_that_nobody_is_left_who_fits_many_waiting_calls_is_said_once_with_their_number() -> None:
    desk = desk_with(to("police", 60), skills={"medical": 1})
    desk.register("sari")
    desk.register("budi", medical=1)
    desk.call()
    phone = desk.pick_up("budi")
    desk.call()
    desk.call()
    with structlog.testing.capture_logs() as log:
        desk.acd.request_state("budi", "break", desk.now, "code")
        desk.hang_up(phone)
    said = [entry for entry in log if entry["event"].startswith("NOBODY WHO FITS")]
    assert [entry["calls"] for entry in said] == [2]
