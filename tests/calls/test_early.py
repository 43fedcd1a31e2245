"""What the destination of a ladder plays before it answers is what the waiting caller hears."""

from __future__ import annotations

from typing import Any

from tests.calls.desk import Desk

from ntpd112.journal.events import LegQuality
from ntpd112.media.events import AudioBack, NoAudio

POLICE = {"name": "police", "kind": "centre", "to": ["sip:polres@192.0.2.5", "sip:polda@192.0.2.6"]}
CALLER = 1
"The caller's media leg."


def desk_with(**queue: Any) -> Desk:
    """A call waits, nobody serves, and the police ring for it; our announcements are over."""
    queue.setdefault("announcement", "")
    step = {"after": 10, "to": "police", "announce": ""}
    desk = Desk(ladder=[step], also={"destination": [POLICE]}, **queue)
    desk.call()
    return desk


def hears(desk: Desk) -> tuple[str, tuple[int, ...]]:
    """The caller: what we play, and whose sound."""
    return desk.media.legs[0].hears, desk.media.wiring.get(CALLER, ())


def test_the_caller_hears_the_police_instead_of_our_ring_back_as_soon_as_there_is_sound() -> None:
    desk = desk_with()
    assert hears(desk) == ("ringback", ())
    police = desk.sounds_early("polres")
    assert hears(desk) == ("", (police,))
    assert desk.media.wiring.get(police, ()) == (), "nobody there hears the caller yet"


def test_what_is_being_said_is_said_to_its_end_first() -> None:
    desk = desk_with(announcement="welcome")
    police = desk.sounds_early("polres")
    assert hears(desk) == ("welcome", ())
    desk.prompt_ends()
    assert hears(desk) == ("", (police,))


def test_our_announcements_wait_while_theirs_is_heard() -> None:
    desk = desk_with(periodic="all-busy", periodic_every="5s")
    police = desk.sounds_early("polres")
    desk.pass_time(6)
    assert hears(desk) == ("", (police,))
    desk.refuse("polres", 486)
    assert hears(desk) == ("all-busy", ())


def test_ring_back_is_heard_again_when_the_police_do_not_answer() -> None:
    desk = desk_with()
    desk.sounds_early("polres")
    desk.refuse("polres", 486)
    assert hears(desk) == ("ringback", ())
    polda = desk.sounds_early("polda")
    assert hears(desk) == ("", (polda,))
    assert not desk.all_of(LegQuality), "of legs that nobody was on"


def test_sound_that_ceases_gives_way_to_ring_back_until_it_comes_again() -> None:
    desk = desk_with()
    police = desk.sounds_early("polres")
    desk.media.pending.append(NoAudio(police, 10.0))
    desk.happen()
    assert hears(desk) == ("ringback", ())
    desk.media.pending.append(AudioBack(police))
    desk.happen()
    assert hears(desk) == ("", (police,))


def test_when_the_police_answer_both_hear_each_other() -> None:
    desk = desk_with()
    police = desk.sounds_early("polres")
    desk.pick_up("polres")
    assert hears(desk) == ("", (police,))
    assert desk.media.wiring[police] == (CALLER,)


def test_an_operator_who_answers_meanwhile_is_heard_instead() -> None:
    desk = desk_with()
    desk.sounds_early("polres")
    desk.register("budi")
    desk.pick_up("budi")
    assert hears(desk)[0] == ""
    (operator,) = desk.media.wiring[CALLER]
    assert desk.media.wiring[operator] == (CALLER,)
    assert not desk.media.legs[operator - 1].closed


def test_a_caller_who_was_not_accepted_hears_it_by_a_183_and_then_no_dead_air() -> None:
    desk = desk_with(answer="ring")
    caller: Any = next(call.leg for call in desk.context.calls.values())
    assert hears(desk) == ("", ()), "their own network rings"
    police = desk.sounds_early("polres")
    assert caller.did == ["ring", "progress"]
    assert hears(desk) == ("", (police,))
    desk.refuse("polres", 486)
    assert hears(desk) == ("ringback", ())
    desk.sounds_early("polda")
    assert caller.did == ["ring", "progress"]
    assert not desk.media.recorded, "nobody was accepted"


def test_a_caller_who_made_no_offer_and_was_not_accepted_goes_on_hearing_their_network() -> None:
    desk = Desk(ladder=[{"after": 10, "to": "police"}], also={"destination": [POLICE]}, answer="ring")
    caller = desk.call(late_offer=True)
    desk.sounds_early("polres")
    assert caller.did == ["ring"]
    assert hears(desk) == ("", ())


def test_an_operators_phone_that_plays_something_before_it_answers_is_not_heard() -> None:
    desk = Desk(announcement="")
    desk.register("budi")
    desk.call()
    desk.sounds_early("budi")
    assert hears(desk) == ("ringback", ())
