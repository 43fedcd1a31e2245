"""Callers and destinations that send no sound: asked whether they are there, and out of the call if they are
not. Being quiet ends nothing."""

from __future__ import annotations

import pytest
from tests.calls.desk import Desk, FakeLeg
from tests.calls.town import Node, Town

from ntpd112.calls.call import Call
from ntpd112.calls.holdover import PROBE_AGAIN_S
from ntpd112.calls.silences import ASK_AFTER_S, ASK_AGAIN_S
from ntpd112.journal.events import CallEnded, CallRequeued
from ntpd112.media.events import AudioBack, NoAudio
from ntpd112.sip.events import Probed
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.session_policy import SessionPolicy

CALLER, OTHER = 1, 2
"Media legs in order of opening."
NO_AUDIO_S = 5.0
"Seconds of silence after which the worker reports it."
MINUTE_S = 60.0 - NO_AUDIO_S
BUDI = NameAddr.parse('"Budi" <sip:+6281234567@192.0.2.1>')


def fall_silent(desk: Desk, media: int) -> None:
    desk.media.pending.append(NoAudio(media, NO_AUDIO_S))
    desk.happen()


def with_police() -> tuple[Desk, FakeLeg, FakeLeg]:
    """A caller whom the police talk to, as the ladder's destination."""
    police = {"name": "police", "kind": "centre", "to": "sip:110@192.0.2.5"}
    desk = Desk(ladder=[{"after": 10, "to": "police"}], also={"destination": [police]})
    caller = desk.call()
    desk.prompt_ends()
    return desk, caller, desk.pick_up("110")


def test_a_silent_caller_is_asked_and_asked_again_while_it_lasts() -> None:
    desk = Desk()
    caller, _ = desk.talk("budi")
    fall_silent(desk, CALLER)
    desk.pass_time(ASK_AFTER_S - 1)
    assert caller.probes == 0
    desk.pass_time(1)
    assert caller.probes == 1
    desk.pass_time(ASK_AGAIN_S)
    assert caller.probes == 2


def test_a_silent_destination_is_asked_as_well() -> None:
    desk, caller, police = with_police()
    fall_silent(desk, OTHER)
    desk.pass_time(ASK_AFTER_S)
    assert (caller.probes, police.probes) == (0, 1)


def test_who_is_heard_again_is_left_in_peace() -> None:
    desk = Desk()
    caller, _ = desk.talk("budi")
    fall_silent(desk, CALLER)
    desk.media.pending.append(AudioBack(CALLER))
    desk.happen()
    desk.pass_time(ASK_AFTER_S + ASK_AGAIN_S)
    assert caller.probes == 0


@pytest.mark.parametrize(("media", "after"), [(CALLER, ASK_AFTER_S), (OTHER, 1)])
def test_sound_that_is_back_is_an_answer_to_what_was_asked(media: int, after: float) -> None:
    desk = Desk()
    legs = dict(zip([CALLER, OTHER], desk.talk("budi"), strict=True))
    fall_silent(desk, media)
    desk.pass_time(after)
    assert legs[media].probes == 1
    desk.media.pending.append(AudioBack(media))
    desk.happen()
    assert ["heard" in legs[one].did for one in (media, CALLER + OTHER - media)] == [True, False]


def test_a_call_that_is_over_is_not_asked() -> None:
    desk = Desk()
    caller, _ = desk.talk("budi")
    fall_silent(desk, CALLER)
    desk.hang_up(caller)
    desk.pass_time(ASK_AFTER_S)
    assert caller.probes == 0


def test_who_is_on_a_trunk_that_answers_no_questions_is_believed() -> None:
    desk = Desk()
    desk.sessions = SessionPolicy(asks=False)
    caller, _ = desk.talk("budi")
    fall_silent(desk, CALLER)
    desk.pass_time(ASK_AFTER_S + ASK_AGAIN_S)
    assert caller.probes == 0


def test_an_operators_phone_is_asked_by_hold_over_alone() -> None:
    desk = Desk()
    _, phone = desk.talk("budi")
    fall_silent(desk, OTHER)
    desk.sip.append(Probed(phone, True))  # type: ignore[arg-type]  # the desk's own
    desk.happen()
    desk.pass_time(ASK_AFTER_S)
    assert phone.probes == 1
    desk.pass_time(PROBE_AGAIN_S - ASK_AFTER_S)
    assert phone.probes == 2


# With the real user agent


def town_with_a_caller(number: str) -> tuple[Town, Call]:
    town = Town()
    town.pbx.dial(number, {}, BUDI, late=False, mute=False)
    town.run()
    return town, next(iter(town.context.calls.values()))


def pick_up(town: Town, node: Node) -> None:
    node.ringing()[0].answer(town.now, node.local)
    town.run()


def test_a_waiting_caller_who_vanished_waits_no_longer_than_a_minute() -> None:
    town, call = town_with_a_caller("112")
    town.pbx.on = False
    town.media.fall_silent(call.media)  # type: ignore[arg-type]  # the town's own
    town.pass_time(MINUTE_S)
    assert town.context.calls == {}
    (ended,) = [event for event in town.journal if isinstance(event, CallEnded)]
    assert (ended.disposition, ended.hangup_by) == ("failed", "system")


def test_a_destination_that_vanished_gives_its_caller_back_within_a_minute() -> None:
    town, call = town_with_a_caller("110")
    town.pass_time(6)
    pick_up(town, town.police)
    assert [party.name for party in call.parties] == ["police"]
    town.police.on = False
    town.media.fall_silent(call.parties[0].media)  # type: ignore[arg-type]  # the town's own
    town.pass_time(MINUTE_S)
    (requeued,) = [event for event in town.journal if isinstance(event, CallRequeued)]
    assert requeued.reason == "connection to police was lost"
    assert town.context.calls == {call.id: call}
    assert call.leg.state == "established"


@pytest.mark.parametrize("which", ["caller", "police"])
def test_nobody_who_is_merely_quiet_is_ended(which: str) -> None:
    town, call = town_with_a_caller("110")
    town.pass_time(6)
    pick_up(town, town.police)
    media = call.media if which == "caller" else call.parties[0].media
    town.media.fall_silent(media)  # type: ignore[arg-type]  # the town's own
    town.pass_time(300)
    assert call.state == "talking"
    assert [party.name for party in call.parties] == ["police"]
