"""What a waiting caller hears, and that it is never nothing."""

from __future__ import annotations

import pytest
from tests.calls.desk import Desk

from ntpd112.calls.spoken import place_prompts, wait_prompts
from ntpd112.journal.events import CallAnnounced


def hears(desk: Desk) -> str:
    return desk.media.legs[0].hears


def announced(desk: Desk) -> list[list[str]]:
    return [event.prompts for event in desk.all_of(CallAnnounced)]


def test_the_announcement_is_followed_by_ring_back_and_the_periodic_one_now_and_then() -> None:
    desk = Desk(periodic_every=30.0)
    desk.call()
    heard = [hears(desk)]
    for _ in range(2):
        desk.prompt_ends()
        heard.append(hears(desk))
        desk.pass_time(31)
        heard.append(hears(desk))
    assert heard == ["welcome", "ringback", "wait", "ringback", "wait"]
    assert announced(desk) == [["welcome"], ["wait"], ["wait"]]


def test_announcements_wait_for_each_other_and_do_not_pile_up() -> None:
    desk = Desk(periodic_every=5.0)
    desk.call()
    desk.pass_time(60)
    assert hears(desk) == "welcome"
    desk.prompt_ends()
    assert hears(desk) == "wait"
    desk.prompt_ends()
    assert hears(desk) == "ringback"


def test_the_end_of_an_earlier_announcement_that_comes_late_cuts_none_off() -> None:
    desk = Desk(periodic_every=5.0)
    desk.call()
    desk.prompt_ends()
    desk.pass_time(5)
    desk.prompt_ends_late("welcome")
    assert hears(desk) == "wait"


def test_without_announcements_there_is_ring_back_from_the_start() -> None:
    desk = Desk(announcement="", periodic="")
    desk.call()
    assert hears(desk) == "ringback"
    desk.pass_time(300)
    assert announced(desk) == []


def test_everything_stops_when_somebody_answers_and_does_not_come_back() -> None:
    desk = Desk(periodic_every=5.0)
    desk.call()
    desk.pass_time(6)
    desk.register("budi")
    desk.pick_up("budi")
    assert hears(desk) == ""
    desk.pass_time(60)
    assert hears(desk) == ""


def test_both_languages_are_heard_one_after_the_other() -> None:
    desk = Desk(language="both")
    desk.call()
    heard = [(hears(desk), desk.media.legs[0].language)]
    for _ in range(2):
        desk.prompt_ends()
        heard.append((hears(desk), desk.media.legs[0].language))
    assert heard[:2] == [("welcome", "id"), ("welcome", "en")]
    assert hears(desk) == "ringback"


def test_each_queue_speaks_its_own_language_else_the_sites() -> None:
    english, site = Desk(language="en"), Desk()
    english.call()
    site.call()
    assert english.media.legs[0].language == "en"
    assert site.media.legs[0].language == "id"


def test_a_caller_who_only_rings_hears_the_network_and_nothing_of_ours() -> None:
    desk = Desk(answer="ring", periodic_every=5.0)
    desk.call()
    desk.pass_time(60)
    assert hears(desk) == ""
    assert announced(desk) == []


def test_the_place_in_the_queue_is_told_when_switched_on() -> None:
    desk = Desk(tell_position=True, periodic_every=30.0)
    desk.call()
    desk.call()
    second = desk.media.legs[1]
    desk.prompt_ends(2)
    desk.pass_time(31)
    assert second.hears == "wait position digit-2"


def test_the_expected_wait_is_told_once_talks_have_shown_how_long_they_last() -> None:
    desk = Desk(tell_wait=True, periodic="", periodic_every=30.0, wrap_up=10.0)
    desk.register("budi")
    first = desk.call()
    desk.pick_up("budi")
    desk.pass_time(200)
    desk.call()
    waiting = desk.media.legs[2]
    desk.prompt_ends(3)
    desk.pass_time(31)
    assert waiting.hears == "ringback", "nobody knows yet"
    desk.hang_up(first)
    desk.pass_time(10)
    desk.pick_up("budi")
    desk.call()
    desk.prompt_ends(5)
    desk.pass_time(31)
    assert desk.media.legs[4].hears == "expected-wait digit-5 minutes"


def test_a_late_offer_is_announced_to_when_its_media_is_known() -> None:
    desk = Desk()
    caller = desk.call(late_offer=True)
    assert hears(desk) == ""
    desk.acknowledge(caller)
    assert hears(desk) == "welcome"


@pytest.mark.parametrize(
    ("seconds", "prompts"),
    [
        (0.0, ["expected-wait", "number-10", "seconds"]),
        (31.0, ["expected-wait", "number-40", "seconds"]),
        (60.0, ["expected-wait", "digit-1", "minutes"]),
        (61.0, ["expected-wait", "digit-2", "minutes"]),
        (23 * 60.0, ["expected-wait", "number-20", "digit-3", "minutes"]),
    ],
)
def test_nobody_is_told_less_than_is_expected(seconds: float, prompts: list[str]) -> None:
    assert wait_prompts(seconds) == prompts


def test_a_place_is_spoken_from_single_prompts() -> None:
    assert place_prompts(42) == ["position", "number-40", "digit-2"]
