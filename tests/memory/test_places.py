"""Who hangs up while waiting and calls again soon waits no second time from the beginning."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.memory.story import BUDI, SITI, T0, Story

from ntpd112.journal.events import CallRequeued, PartyJoined
from ntpd112.memory import Places, ShieldSettings
from ntpd112.memory.places import MAX_PLACES


def place(story: Story, number: str = BUDI) -> float | None:
    return story.memory.places.place(number, story.now)


def test_the_time_waited_is_given_back_within_keep_place() -> None:
    story = Story()
    story.gives_up(after=40)
    story.wait(299)
    assert place(story) == 40
    story.wait(1)
    assert place(story) is None


def test_attempts_add_up() -> None:
    story = Story()
    story.gives_up(after=40)
    story.wait(10)
    story.gives_up(after=20)
    assert place(story) == 60


def test_a_call_broken_by_a_restart_keeps_its_place_too() -> None:
    story = Story()
    call_id = story.comes()
    story.wait(12)
    story.ends(call_id, "interrupted")
    assert place(story) == 12


def test_nobody_else_gets_it_and_no_anonymous_caller_ever() -> None:
    story = Story()
    story.gives_up(after=40)
    story.gives_up("", after=40)
    assert place(story, SITI) is None
    assert place(story, "") is None


def test_of_two_calls_at_the_same_time_only_the_first_gets_it() -> None:
    story = Story()
    story.gives_up(after=40)
    story.comes()
    assert place(story) is None


def test_when_both_end_in_vain_the_longer_wait_is_kept() -> None:
    story = Story()
    story.gives_up(after=40)
    first, second = story.comes(), story.comes()
    story.wait(5)
    story.ends(first, "abandoned")
    story.ends(second, "abandoned")
    assert place(story) == 45


def test_an_answer_ends_it_by_an_operator_or_by_another_centre() -> None:
    story = Story()
    for answer in ("operator", "centre"):
        first, second = story.comes(), story.comes()
        story.wait(30)
        story.ends(first, "abandoned")
        if answer == "operator":
            story.answered(second)
        else:
            joined = PartyJoined(
                at=story.now, call_id=second, leg=1001, kind="centre", name="polres", purpose="ladder"
            )
            story.take(joined)
        assert place(story) is None
        story.ends(second)


def test_a_call_that_lost_its_operator_and_is_given_up_keeps_both_waits_and_not_the_talk() -> None:
    story = Story()
    call_id = story.comes()
    story.wait(10)
    story.answered(call_id)
    story.wait(100)
    story.take(CallRequeued(at=story.now, call_id=call_id, queue="112", reason="phone lost"))
    story.wait(7)
    story.ends(call_id, "abandoned")
    assert place(story) == 17


def test_a_clock_set_back_gives_no_negative_wait() -> None:
    story = Story()
    story.gives_up(after=-50)
    assert place(story) is None


@given(st.lists(st.tuples(st.sampled_from([BUDI, SITI]), st.floats(0.1, 500)), min_size=1, max_size=20))
def test_places_kept_at_the_same_time_do_not_depend_on_their_order(waits: list[tuple[str, float]]) -> None:
    forth, back = Places(ShieldSettings()), Places(ShieldSettings())
    for number, waited in waits:
        forth.left(number, waited, T0)
    for number, waited in reversed(waits):
        back.left(number, waited, T0)
    assert forth.places == back.places


def test_the_table_is_bounded_and_the_oldest_go_first() -> None:
    places = Places(ShieldSettings(keep_place_s=1e9))
    for n in range(MAX_PLACES + 5):
        places.left(str(n), 1.0, T0 + n)
    assert (len(places.places), next(iter(places.places))) == (MAX_PLACES, "5")
