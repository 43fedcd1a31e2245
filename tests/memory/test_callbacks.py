"""Whom to call back, in which order, and who does it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.memory.story import BUDI, DAY, SITI, T0, Story, classified, connected, ended, queued, started

from ntpd112.memory import CallbackTaken, Memory, UnknownCallback
from ntpd112.memory.callbacks import MAX_CALLS, MAX_ENTRIES

AGUS, DEWI = "+628333333333", "+628444444444"


def numbers(story: Story) -> list[str]:
    return [entry.number for entry in story.memory.callbacks.entries(story.now)]


class TestWhoIsOnTheList:
    def test_callers_whose_call_was_given_up_broken_or_failed(self) -> None:
        story = Story()
        story.gives_up(BUDI)
        for caller, how in ((SITI, "interrupted"), (AGUS, "failed"), (DEWI, "answered"), ("", "abandoned")):
            call_id = story.comes(caller)
            story.wait(10)
            story.ends(call_id, how)  # type: ignore[arg-type]
        assert numbers(story) == [AGUS, SITI, BUDI]

    def test_who_calls_again_in_vain_is_one_entry_named_by_the_first_call(self) -> None:
        story = Story()
        first = story.gives_up()
        story.gives_up(SITI)
        again = story.gives_up()
        (entry, _) = story.memory.callbacks.entries(story.now)
        assert (entry.id, entry.calls, entry.count) == (first, [first, again], 2)
        assert (entry.first_at, entry.last_at) == (T0 + 30, T0 + 90)

    def test_who_calls_again_and_is_answered_is_off_the_list(self) -> None:
        story = Story()
        story.gives_up()
        story.answered(story.comes())
        assert numbers(story) == []

    def test_a_call_that_broke_while_they_spoke_puts_them_on_it(self) -> None:
        story = Story()
        call_id = story.comes()
        story.answered(call_id)
        story.ends(call_id, "interrupted")
        (entry,) = story.memory.callbacks.entries(story.now)
        assert entry.need == "usual"

    def test_a_call_back_that_broke_puts_them_on_it_again(self) -> None:
        story = Story()
        story.gives_up(SITI)
        back = story.comes(SITI, direction="out", operator="ani")
        story.answered(back)
        story.ends(back, "interrupted")
        assert numbers(story) == [SITI]

    def test_after_a_day_it_is_too_late(self) -> None:
        story = Story()
        call_id = story.gives_up()
        story.wait(DAY)
        assert numbers(story) == []
        with pytest.raises(UnknownCallback, match="not on the call-back list"):
            story.memory.callbacks.get(call_id, story.now)

    def test_a_call_back_itself_is_no_lost_call(self) -> None:
        story = Story()
        story.gives_up(SITI, direction="out")
        assert numbers(story) == []


class TestOrder:
    def test_emergencies_then_known_needs_then_the_latest_then_short_and_silent_ones(self) -> None:
        story = Story()
        story.was("emergency", DEWI)
        story.gives_up(DEWI)
        fire = story.gives_up("fire", category="fire")
        story.gives_up("first")
        story.gives_up("second")
        story.gives_up("pocket", after=2)
        silent = story.comes("silent")
        story.screened(silent, "silent")
        story.wait(20)
        story.ends(silent, "abandoned")
        entries = story.memory.callbacks.entries(story.now)
        assert [(e.number, e.need) for e in entries] == [
            (DEWI, "emergency"),
            ("fire", "category"),
            ("second", "usual"),
            ("first", "usual"),
            ("silent", "doubtful"),
            ("pocket", "doubtful"),
        ]
        assert entries[0].reasons == ["an emergency 2 minutes ago: goes ahead"]
        assert story.memory.callbacks.get(fire, story.now).category == "fire"

    def test_the_panic_key_or_a_classification_makes_it_an_emergency(self) -> None:
        story = Story()
        panic, broke = story.comes(BUDI), story.comes(SITI)
        story.screened(panic, "panic")
        story.answered(broke)
        story.take(classified(broke, story.now, "emergency"))
        story.ends(panic, "abandoned")
        story.ends(broke, "interrupted")
        late = story.gives_up(AGUS)
        story.take(classified(late, story.now, "emergency"))
        assert {e.need for e in story.memory.callbacks.entries(story.now)} == {"emergency"}

    def test_a_repeat_prankster_comes_last(self) -> None:
        story = Story()
        for _ in range(3):
            story.was("prank")
        story.gives_up(SITI)
        story.gives_up(BUDI)
        assert numbers(story) == [SITI, BUDI]

    def test_a_second_longer_attempt_makes_a_short_one_serious(self) -> None:
        story = Story()
        story.gives_up(after=2)
        story.gives_up(after=20)
        story.gives_up(after=2)
        (entry,) = story.memory.callbacks.entries(story.now)
        assert entry.need == "usual"


class TestWork:
    def test_two_operators_never_call_the_same_person(self) -> None:
        story = Story()
        callbacks = story.memory.callbacks
        first, second = story.gives_up(BUDI), story.gives_up(SITI)
        story.take(callbacks.claim(second, "ani", "attempt-1", story.now))
        chosen = callbacks.next(story.now)
        assert chosen is not None
        assert chosen.id == first
        with pytest.raises(CallbackTaken, match='being called by operator "ani"'):
            callbacks.claim(second, "budi", "attempt-2", story.now)
        story.take(callbacks.claim(second, "ani", "attempt-2", story.now))
        entry = callbacks.get(second, story.now)
        assert (entry.attempts, entry.claimed_by, entry.last_operator) == (2, "ani", "ani")

    def test_a_claim_ends_by_itself_and_the_entry_is_offered_again(self) -> None:
        story = Story()
        callbacks = story.memory.callbacks
        call_id = story.gives_up()
        story.take(callbacks.claim(call_id, "ani", "attempt-1", story.now))
        assert callbacks.next(story.now + 599) is None
        again = callbacks.next(story.now + 600)
        assert again is not None
        assert (again.attempts, again.claimed_by, again.last_operator) == (1, "", "ani")

    def test_an_outcome_takes_the_caller_off_the_list(self) -> None:
        story = Story()
        call_id = story.gives_up()
        story.take(story.memory.callbacks.close(call_id, "reached", "ani", story.now, "fire is out"))
        assert numbers(story) == []
        with pytest.raises(UnknownCallback):
            story.memory.callbacks.close(call_id, "reached", "ani", story.now)

    def test_words_about_a_call_that_is_not_on_the_list_change_nothing(self) -> None:
        story = Story()
        call_id = story.gives_up()
        tried = story.memory.callbacks.claim(call_id, "ani", "attempt-1", story.now)
        closed = story.memory.callbacks.close(call_id, "reached", "ani", story.now)
        story.answered(story.comes())
        story.take(tried, closed)
        assert numbers(story) == []


@given(st.lists(st.sampled_from([BUDI, SITI, AGUS]), max_size=40))
@example([BUDI] * 11)
@example([BUDI] * (MAX_CALLS + 5))
def test_merging_loses_no_call_and_keeps_the_first_and_the_latest(callers: list[str]) -> None:
    story = Story()
    made: dict[str, list[str]] = {}
    for caller in callers:
        made.setdefault(caller, []).append(story.gives_up(caller, after=10))
    entries = {entry.number: entry for entry in story.memory.callbacks.entries(story.now)}
    assert entries.keys() == made.keys()
    for caller, calls in made.items():
        assert entries[caller].count == len(calls)
        assert entries[caller].calls == (
            calls if len(calls) <= MAX_CALLS else [calls[0], *calls[1 - MAX_CALLS :]]
        )


def test_the_list_is_bounded_and_the_oldest_go_first() -> None:
    memory = Memory()
    for n in range(MAX_ENTRIES + 3):
        memory.take(started(f"c{n}", T0 + n, f"+62{n}"))
        memory.take(queued(f"c{n}", T0 + n))
        memory.take(ended(f"c{n}", T0 + n + 10, "abandoned"))
    assert len(memory.callbacks.lost) == MAX_ENTRIES
    assert "+622" not in memory.callbacks.lost
    memory.take(connected("c1", T0))  # of a call that is over: nobody's
    assert len(memory.callbacks.lost) == MAX_ENTRIES
