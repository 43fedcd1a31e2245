"""What is remembered of a caller, how it fades, and how a person puts it right."""

from __future__ import annotations

from random import Random
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.memory.story import BUDI, DAY, SITI, T0, Story, classified, connected, started

from ntpd112.journal.events import CallerCorrected, Classification, PartyJoined
from ntpd112.memory import Callers, MemorySettings, ShieldSettings
from ntpd112.memory.callers import MAX_CALLERS, MAX_NUMBER
from ntpd112.memory.record import MAX_CLASSIFIED, Classified, Record, ago, is_of_use, score, standing

SHIELD = ShieldSettings()


def corrected(story: Story, verdict: Literal["clean", "prank", "trusted"], note: str = "") -> None:
    event = CallerCorrected(at=story.now, caller=BUDI, standing=verdict, by="rina", note=note)
    story.take(event)


class TestScore:
    def test_a_prank_counts_half_after_a_half_life_and_a_ghost_half_of_a_prank(self) -> None:
        story = Story()
        story.was("prank")
        story.was("ghost", SITI)
        callers = story.memory.callers
        assert callers.score(BUDI, story.now) == 1.0
        assert callers.score(BUDI, story.now + 7 * DAY) == 0.5
        assert callers.score(SITI, story.now) == 0.5

    def test_an_emergency_takes_off_what_was_before_it_and_earns_nothing_for_later(self) -> None:
        story = Story()
        story.was("emergency")
        story.was("prank")
        assert story.memory.callers.score(BUDI, story.now) == 1.0
        story.was("emergency")
        assert story.memory.callers.score(BUDI, story.now) == 0.0

    def test_a_classification_put_right_replaces_the_first_one_and_keeps_its_time(self) -> None:
        story = Story()
        call_id = story.was("prank")
        story.wait(3 * DAY)
        story.take(classified(call_id, story.now, "ghost"))
        found = story.memory.callers.standing(BUDI, story.now)
        assert found.classifications == [Classified(T0, call_id, "ghost")]

    def test_a_call_may_be_classified_after_its_end(self) -> None:
        story = Story()
        call_id = story.comes()
        story.answered(call_id)
        story.ends(call_id)
        story.take(classified(call_id, story.now, "prank"))
        assert story.memory.callers.score(BUDI, story.now) == 1.0


class TestStanding:
    def test_repeat_pranksters_are_put_back_and_told_why(self) -> None:
        story = Story()
        for _ in range(3):
            story.was("prank")
        story.was("ghost")
        story.wait(2 * DAY)
        found = story.memory.callers.standing(BUDI, story.now)
        assert (found.put_back, found.lift) == (True, False)
        assert found.reasons == ["3 prank calls, 1 ghost call, last 2 days ago: score 2.9, put back"]
        assert [c.classification for c in found.classifications] == ["ghost", "prank", "prank", "prank"]
        assert (found.calls, found.last_operator) == (4, "ani")

    def test_they_are_put_back_no_longer_when_it_has_faded(self) -> None:
        story = Story()
        for _ in range(3):
            story.was("prank")
        story.wait(7 * DAY)
        found = story.memory.callers.standing(BUDI, story.now)
        assert not found.put_back
        assert found.reasons == ["3 prank calls, last 7 days ago: score 1.5"]

    def test_a_recent_emergency_outranks_every_prank_for_a_day(self) -> None:
        story = Story()
        for _ in range(5):
            story.was("prank")
        story.was("emergency")
        story.wait(3 * 3600)
        found = story.memory.callers.standing(BUDI, story.now)
        assert (found.lift, found.put_back) == (True, False)
        assert found.reasons[0] == "an emergency 3 hours ago: goes ahead"
        later = story.memory.callers.standing(BUDI, story.now + DAY)
        assert (later.lift, later.put_back) == (False, True)

    def test_an_unknown_or_anonymous_caller_has_a_blank_one(self) -> None:
        story = Story()
        story.was("prank", "")
        story.was("prank", "x" * (MAX_NUMBER + 1))
        assert story.memory.callers.records == {}
        blank = story.memory.callers.standing("", story.now)
        assert (blank.score, blank.put_back, blank.lift, blank.reasons) == (0, False, False, [])
        assert story.memory.callers.view(BUDI, story.now) is None

    def test_the_list_has_the_worst_first(self) -> None:
        story = Story()
        story.was("ghost")
        story.was("prank", SITI)
        assert [s.number for s in story.memory.callers.listing(story.now, 10)] == [SITI, BUDI]
        assert [s.number for s in story.memory.callers.listing(story.now, 1)] == [SITI]


class TestCorrection:
    def test_clean_forgets_everything(self) -> None:
        story = Story()
        for _ in range(3):
            story.was("prank")
        corrected(story, "clean")
        assert story.memory.callers.view(BUDI, story.now) is None

    def test_prank_puts_back_for_one_half_life_and_outranks_an_earlier_emergency(self) -> None:
        story = Story()
        story.was("emergency")
        story.wait(60)
        corrected(story, "prank", "known to us")
        found = story.memory.callers.standing(BUDI, story.now)
        assert (found.put_back, found.lift, found.note) == (True, False, "known to us")
        assert found.reasons == ["prank caller, said rina just now"]
        assert not story.memory.callers.standing(BUDI, story.now + 7 * DAY + 1).put_back

    def test_a_real_emergency_lifts_a_caller_marked_as_prank(self) -> None:
        story = Story()
        corrected(story, "prank")
        story.wait(60)
        story.was("emergency")
        assert story.memory.callers.standing(BUDI, story.now).lift

    def test_trusted_is_never_put_back_and_never_forgotten(self) -> None:
        story = Story()
        corrected(story, "trusted")
        for _ in range(9):
            story.was("prank")
        found = story.memory.callers.standing(BUDI, story.now)
        assert (found.put_back, found.score) == (False, 9.0)
        assert found.reasons[0] == "trusted, said rina just now: never put back"
        story.wait(400 * DAY)
        for n in range(20):
            story.was("ghost", f"+62{n}")
        assert story.memory.callers.view(BUDI, story.now) is not None

    def test_a_correction_without_a_number_is_of_nobody(self) -> None:
        story = Story()
        story.take(CallerCorrected(at=T0, caller="", standing="prank", by="rina"))
        assert story.memory.callers.records == {}


class TestStickyOperator:
    def test_who_calls_again_soon_is_known_to_the_operator_they_spoke_to(self) -> None:
        story = Story()
        call_id = story.comes()
        story.answered(call_id, "citra")
        assert story.memory.callers.operator(BUDI, story.now + 1799) == "citra"
        assert story.memory.callers.operator(BUDI, story.now + 1800) is None
        assert story.memory.callers.operator(SITI, story.now) is None

    def test_a_caller_who_was_transferred_belongs_to_the_last_one(self) -> None:
        story = Story()
        call_id = story.comes()
        story.answered(call_id, "citra")
        story.take(PartyJoined(at=story.now, call_id=call_id, leg=1001, kind="operator", name="dewi"))
        story.take(
            PartyJoined(at=story.now, call_id=call_id, leg=1002, kind="operator", name="eka", mode="listen")
        )
        assert story.memory.callers.operator(BUDI, story.now) == "dewi"


class TestForgetting:
    def test_a_record_that_changes_nothing_any_more_is_gone_with_the_next_callers(self) -> None:
        story = Story()
        story.was("information")
        story.wait(1801)
        story.was("prank", SITI)
        assert list(story.memory.callers.records) == [SITI]

    def test_a_ghost_is_forgotten_within_four_half_lives(self) -> None:
        record = Record(T0, T0, classified=[Classified(T0, "c", "ghost")])
        assert is_of_use(record, T0 + 3 * 7 * DAY, SHIELD)
        assert not is_of_use(record, T0 + 4 * 7 * DAY, SHIELD)

    def test_callers_who_were_only_heard_to_ring_leave_no_record(self) -> None:
        story = Story()
        story.gives_up()
        assert story.memory.callers.records == {}

    def test_when_the_table_is_full_a_caller_with_a_high_score_stays_and_one_of_the_least_goes(self) -> None:
        callers = Callers(SHIELD)
        bad = [Classified(T0, f"p{n}", "prank") for n in range(3)]
        callers.records["worst"] = Record(T0, T0, classified=bad)
        for n in range(MAX_CALLERS + 500):
            callers.classified(f"+62{n}", classified(f"c{n}", T0 + n / 100, "ghost"))
        assert len(callers.records) == MAX_CALLERS
        assert "worst" in callers.records


TIMES = st.floats(0, 60 * DAY).map(lambda s: T0 + s)
KINDS: st.SearchStrategy[Classification] = st.sampled_from(["emergency", "information", "ghost", "prank"])
HISTORY = st.lists(st.tuples(TIMES, KINDS), max_size=40, unique_by=lambda item: item[0])


def record_of(history: list[tuple[float, Classification]]) -> Record:
    record = Record(T0, T0)
    for at, kind in history:
        record.classify(f"call at {at}", kind, at)
    return record


@given(HISTORY, st.floats(0, 60 * DAY), st.floats(0, 60 * DAY))
def test_the_score_only_falls_with_time(
    history: list[tuple[float, Classification]], a: float, b: float
) -> None:
    record = record_of(history)
    now = max([T0, *(at for at, _ in history)])
    sooner, later = sorted((now + a, now + b))
    assert score(record, now, SHIELD) >= score(record, sooner, SHIELD) >= score(record, later, SHIELD) >= 0


@given(HISTORY, st.randoms(use_true_random=False))
def test_the_order_in_which_classifications_arrive_does_not_matter(
    history: list[tuple[float, Classification]], random: Random
) -> None:
    shuffled = list(history)
    random.shuffle(shuffled)
    assert record_of(shuffled).classified == record_of(history).classified
    assert len(record_of(history).classified) == min(len(history), MAX_CLASSIFIED)


@given(HISTORY, TIMES)
def test_one_more_prank_never_helps_and_nobody_is_lifted_and_put_back(
    history: list[tuple[float, Classification]], at: float
) -> None:
    now = T0 + 61 * DAY
    before = record_of(history[: MAX_CLASSIFIED - 1])
    after = record_of(history[: MAX_CLASSIFIED - 1])
    after.classify("one more", "prank", at)
    assert score(after, now, SHIELD) >= score(before, now, SHIELD)
    found = standing(BUDI, after, now, SHIELD)
    assert not (found.lift and found.put_back)


@given(HISTORY)
def test_a_clock_set_back_makes_no_score_grow(history: list[tuple[float, Classification]]) -> None:
    record = record_of(history)
    assert score(record, T0 - DAY, SHIELD) <= MAX_CLASSIFIED


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (7200, "2 hours ago"),
        (2 * DAY, "2 days ago"),
    ],
)
def test_times_in_words(seconds: float, words: str) -> None:
    assert ago(seconds) == words


@pytest.mark.parametrize("wrong", [{"half_life_s": 0.0}, {"put_back_at": 0.0}, {"prank_weight": -1.0}])
def test_settings_that_make_no_sense_are_named(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="shield: "):
        ShieldSettings(**wrong)


def test_weights_are_settings() -> None:
    story = Story(MemorySettings(ShieldSettings(prank_weight=3.0)))
    story.take(started("a", T0), connected("a", T0), classified("a", T0, "prank"))
    assert story.memory.callers.standing(BUDI, T0).put_back
