"""What the destination of a ladder plays before it answers is what the waiting caller hears."""

from __future__ import annotations

from typing import Any

from tests.calls.desk import Desk
from tests.calls.town import Town

from ntpd112.journal.events import CallAccepted, CallEnded, LegQuality
from ntpd112.media.events import AudioBack, NoAudio
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.session_policy import EarlyMedia, SessionPolicy

POLICE = {"name": "police", "kind": "centre", "to": ["sip:polres@192.0.2.5", "sip:polda@192.0.2.6"]}
CALLER = 1
"The caller's media leg."
BUDI = NameAddr.parse('"Budi" <sip:+6281234567@192.0.2.1>')


def desk_with(**queue: Any) -> Desk:
    """A call waits, nobody serves, and the police ring for it; our announcements are over."""
    queue.setdefault("announcement", "")
    step = {"after": 10, "to": "police", "announce": ""}
    desk = Desk(ladder=[step], also={"destination": [POLICE]}, **queue)
    desk.call()
    return desk


def desk_of(early: EarlyMedia, **queue: Any) -> tuple[Desk, Any]:
    """As `desk_with`, but the caller is left ringing, and all trunks have this `early_media`; the caller."""
    queue = {"announcement": "", "answer": "ring"} | queue
    step = {"after": 10, "to": "police", "announce": ""}
    desk = Desk(ladder=[step], also={"destination": [POLICE]}, **queue)
    desk.sessions = SessionPolicy(early_media=early)
    return desk, desk.call()


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


# What a trunk has of it


def test_a_caller_left_ringing_hears_our_announcement_and_ring_back_if_the_trunk_is_to() -> None:
    desk, caller = desk_of("announce", announcement="welcome")
    assert caller.did == ["progress"]
    assert hears(desk) == ("welcome", ())
    desk.prompt_ends()
    assert hears(desk) == ("ringback", ())
    assert not desk.all_of(CallAccepted)
    assert not desk.media.recorded, "nobody was accepted"


def test_who_is_told_so_is_answered_by_the_operator_and_then_hears_them() -> None:
    desk, caller = desk_of("announce", announcement="welcome")
    desk.register("budi")
    desk.pick_up("budi")
    assert caller.did == ["progress", "answer"]
    (operator,) = desk.media.wiring[CALLER]
    assert desk.media.wiring[operator] == (CALLER,)
    desk.hang_up(caller)
    assert desk.end().disposition == "answered"


def test_the_police_are_heard_by_who_hears_us_already() -> None:
    desk, caller = desk_of("announce")
    police = desk.sounds_early("polres")
    assert caller.did == ["progress"]
    assert hears(desk) == ("", (police,))


def test_who_left_the_offer_to_us_rings_as_ever() -> None:
    desk = Desk(answer="ring")
    desk.sessions = SessionPolicy(early_media="announce")
    assert desk.call(late_offer=True).did == ["ring"]


def test_an_answered_queue_answers_whatever_the_trunk_says() -> None:
    _, caller = desk_of("announce", answer="announce")
    assert caller.did == ["answer"]


def test_a_trunk_without_early_media_is_sent_none() -> None:
    desk, caller = desk_of("off")
    desk.sounds_early("polres")
    assert caller.did == ["ring"]
    assert hears(desk) == ("", ())


def test_nor_is_what_it_sends_before_an_answer_heard() -> None:
    desk, _ = desk_of("off", answer="announce")
    desk.sounds_early("polres")
    assert hears(desk) == ("ringback", ())
    desk.pick_up("polres")
    (police,) = desk.media.wiring[CALLER]
    assert desk.media.legs[police - 1].sending


def test_who_is_answered_but_has_not_confirmed_the_183_was_told_no_200() -> None:
    town = Town()
    town.trunk.policy = SessionPolicy(early_media="announce")
    town.fates = ["pass", "pass", "drop"]
    town.pbx.dial("110", {}, BUDI, late=False, mute=False)
    town.run()
    town.pbx.on = False
    town.pass_time(6)
    town.police.ringing()[0].answer(town.now, town.police.local)
    town.run()
    (call,) = town.context.calls.values()
    assert [party.name for party in call.parties] == ["police"]
    town.centre.commands.hang_up(call.id, "api:console")
    town.run()
    (ended,) = [event for event in town.journal if isinstance(event, CallEnded)]
    assert ended.sip_code == town.finals[call.leg.call_id] == 480
