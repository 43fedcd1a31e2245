"""Many calls about one incident: later callers hear so, and who calls about something else gets through."""

from __future__ import annotations

from typing import Any

import pytest
from tests.calls.desk import FLOW, FLOW_6, BothVersions, Desk, FakeLeg

from ntpd112.calls.call_in import MAX_TALK_S, RING_S
from ntpd112.journal.events import CallIncident, FloodChanged
from ntpd112.media.events import Closed, PlayEnded, Quality, WorkerLost
from ntpd112.sip.flow import Flow

HOME = "sip:sari-home@192.0.2.30"
OTHER = "sip:budi-home@192.0.2.31"


def flooded(by_hand: bool = True, **flood: Any) -> Desk:
    desk = Desk(also={"flood": {"kept_free": 1} | flood}, wrap_up=0.0)
    if by_hand:
        switch(desk, True)
    return desk


def switch(desk: Desk, on: bool) -> None:
    desk.control.flood.switch(on, "fire at the market", desk.now, by="api:supervisor")
    desk.happen()


def incidents(desk: Desk) -> list[tuple[bool, str]]:
    return [(event.about, event.reason) for event in desk.all_of(CallIncident)]


def test_while_there_is_no_flood_nothing_is_asked_or_written() -> None:
    desk = flooded(by_hand=False)
    desk.call()
    assert desk.media.legs[0].hears == "welcome"
    assert incidents(desk) == []


def test_later_callers_hear_of_the_incident_and_leave_an_operator_free() -> None:
    desk = flooded()
    desk.register("budi")
    desk.call()
    assert desk.media.legs[0].hears == "incident"
    assert not desk.phones("budi"), "kept free for others"
    desk.register("sari")
    assert desk.phones("budi") or desk.phones("sari")


def test_who_presses_the_key_has_another_emergency_and_is_served() -> None:
    desk = flooded()
    desk.register("budi")
    desk.call()
    desk.press("1")
    assert desk.phones("budi")
    assert incidents(desk)[-1] == (False, "pressed 1")


def test_any_other_key_says_nothing_about_the_incident() -> None:
    desk = flooded()
    desk.register("budi")
    desk.call()
    desk.press("9")
    assert not desk.phones("budi")


def test_a_supervisor_may_give_the_incident_a_prompt_of_its_own() -> None:
    desk = flooded(by_hand=False)
    desk.control.flood.switch(True, "flood", desk.now, by="api:x", prompt="flood-kali-brantas")
    desk.call()
    assert desk.media.legs[0].hears == "flood-kali-brantas"


def test_a_queue_that_cannot_ask_takes_no_call_for_the_incidents() -> None:
    desk = Desk(answer="ring", also={"flood": {"kept_free": 1}})
    switch(desk, True)
    desk.register("budi")
    desk.call()
    assert desk.phones("budi")
    assert incidents(desk) == [(False, "queue 112 cannot ask")]


def test_panic_keys_are_no_incident() -> None:
    desk = Desk(screening={"when": "busy"}, also={"flood": {"kept_free": 1}})
    switch(desk, True)
    desk.register("budi")
    desk.call()
    assert desk.media.legs[0].hears == "incident"
    desk.prompt_ends()
    assert desk.media.legs[0].hears == "speak"
    desk.press("5", "5")
    assert desk.phones("budi")
    assert incidents(desk)[-1] == (False, "panic keys")


def test_a_call_that_a_supervisor_lifts_goes_first_whatever_it_is_about() -> None:
    desk = flooded()
    desk.register("budi")
    desk.call()
    desk.acd.lift(next(iter(desk.context.calls)), desk.now)
    desk.happen()
    assert desk.phones("budi")


def test_the_rate_of_calls_begins_it_and_their_absence_ends_it() -> None:
    desk = flooded(by_hand=False, calls=3, window=60.0, ends_after=120.0)
    for _ in range(3):
        desk.call()
    assert [event.on for event in desk.all_of(FloodChanged)] == [True]
    assert desk.all_of(FloodChanged)[0].reason.startswith("3 calls in 60 s")
    desk.pass_time(100)
    desk.pass_time(60)
    assert [event.on for event in desk.all_of(FloodChanged)] == [True, False]
    desk.register("budi")
    assert desk.phones("budi"), "nobody is kept free any more"


def test_what_a_supervisor_began_a_supervisor_ends() -> None:
    desk = flooded(ends_after=60.0, longest_wait=86_400.0)
    desk.register("budi")
    desk.call()
    for _ in range(20):
        desk.pass_time(60)
    assert desk.control.flood.on
    switch(desk, False)
    assert not desk.control.flood.on
    assert desk.phones("budi")


def test_a_restart_goes_on_as_the_journal_says() -> None:
    desk = flooded(by_hand=False)
    desk.context.memory.take(FloodChanged(at=0.0, on=True, reason="before", by="api:x"))
    desk.control.start(desk.now)
    desk.register("budi")
    desk.call()
    assert not desk.phones("budi")


# --- off-duty operators are called in


def called_in(*uris: str) -> Desk:
    return flooded(call_in=list(uris) or [HOME])


def home(desk: Desk, user: str = "sari-home") -> FakeLeg:
    return next(leg for leg in reversed(desk.rung) if leg.user == user)


def test_phones_at_home_are_rung_once_and_hear_the_message() -> None:
    desk = called_in(HOME, OTHER)
    assert [leg.user for leg in desk.rung] == ["sari-home", "budi-home"]
    switch(desk, True)
    assert len(desk.rung) == 2, "it has begun already"
    desk.pick_up("sari-home")
    assert desk.media.legs[0].hears == "call-in"
    desk.media.pending.append(PlayEnded(1, "call-in"))
    desk.happen()
    assert home(desk).over
    assert desk.media.legs[0].closed


def test_a_phone_at_home_that_gets_no_line_leaves_nothing_open() -> None:
    desk = flooded(by_hand=False, call_in=[HOME])
    desk.trunk_full = True
    switch(desk, True)
    assert (desk.rung, desk.media.open_legs()) == ([], 0)


def test_a_phone_at_home_that_is_not_answered_stops_ringing() -> None:
    desk = called_in()
    desk.pass_time(RING_S)
    assert home(desk).over
    assert desk.media.open_legs() == 0


def test_a_phone_that_refuses_or_hangs_up_leaves_nothing_behind() -> None:
    desk = called_in(HOME, OTHER)
    desk.refuse("budi-home", 486)
    desk.hang_up(desk.pick_up("sari-home"))
    assert desk.media.open_legs() == 0
    desk.pass_time(RING_S + MAX_TALK_S)


def test_a_phone_whose_message_never_ends_is_let_go() -> None:
    desk = called_in()
    desk.pick_up("sari-home")
    desk.pass_time(MAX_TALK_S)
    assert home(desk).over
    assert desk.media.open_legs() == 0


def test_a_phone_whose_sound_is_lost_is_let_go() -> None:
    for loss in (Closed(1, Quality(0, 0, 0.0)), WorkerLost(0, [1])):
        desk = called_in()
        desk.pick_up("sari-home")
        desk.media.pending.append(loss)
        desk.happen()
        assert home(desk).over


def test_without_a_media_port_nobody_is_called_in_and_the_flood_begins_all_the_same() -> None:
    desk = flooded(by_hand=False, call_in=[HOME])
    desk.media.exhausted = True
    switch(desk, True)
    assert not desk.rung
    assert desk.control.flood.on


def test_a_stop_of_the_agent_hangs_up_phones_at_home() -> None:
    desk = called_in()
    desk.control.stop(desk.now)
    assert home(desk).over
    assert desk.media.open_legs() == 0


@pytest.mark.parametrize(("flow", "spoken"), [(FLOW, 0), (FLOW_6, 1)])
def test_a_phone_at_home_hears_the_message_by_the_gateway_that_took_the_call(flow: Flow, spoken: int) -> None:
    desk = flooded(by_hand=False, call_in=[HOME])
    desk.target_of = BothVersions.of  # type: ignore[method-assign]
    switch(desk, True)
    assert desk.media.open_legs() == 2
    home(desk).flow = flow
    desk.pick_up("sari-home")
    assert [leg.hears for leg in desk.media.legs if not leg.closed] == ["call-in"]
    assert not desk.media.legs[spoken].closed
    desk.hang_up(home(desk))
    assert desk.media.open_legs() == 0
