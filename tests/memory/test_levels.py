"""Service levels: who was answered how soon, by quarter of an hour, queue, trunk and operator."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.memory.story import DAY, T0, Story, connected, ended, operator_is, queued, started

from ntpd112.journal.events import AgentStarted, OfferEnded, OfferOutcome, PartyJoined
from ntpd112.memory import Level, Levels, Memory
from ntpd112.memory.tallies import INTERVAL_S, INTERVALS, MAX_NAMES, OTHERS, By


def answered_after(story: Story, seconds: float, operator: str = "ani", **more: str) -> None:
    call_id = story.comes(**more)
    story.wait(seconds)
    story.answered(call_id, operator)
    story.wait(60)
    story.ends(call_id)


def level(story: Story, by: By = "all", name: str = "", since: float = T0) -> Level:
    (found,) = [one for one in story.memory.levels.report(story.now, since, by) if one.name == name]
    return found


class TestCalls:
    def test_shares_answered_in_time_waits_and_talk(self) -> None:
        story = Story()
        for wait in (2, 10, 12, 18, 28):
            answered_after(story, wait)
        found = level(story)
        assert (found.offered, found.answered) == (5, 5)
        assert (found.level_10, found.level_15, found.level_20) == (0.4, 0.6, 0.8)
        assert (found.mean_wait_s, found.longest_wait_s, found.talk_s) == (14, 28, 300)

    def test_callers_who_gave_up_count_against_it_but_not_those_who_did_at_once(self) -> None:
        story = Story()
        answered_after(story, 5)
        story.gives_up(after=40)
        story.gives_up(after=4.9)
        found = level(story)
        assert (found.abandoned, found.abandoned_short, found.level_15) == (1, 1, 0.5)
        assert (found.mean_wait_s, found.longest_wait_s) == (5, 40)

    def test_a_call_answered_by_another_centre_is_counted_apart(self) -> None:
        story = Story()
        call_id = story.comes()
        joined = PartyJoined(
            at=T0 + 60, call_id=call_id, leg=1001, kind="centre", name="polres", purpose="ladder"
        )
        story.take(joined)
        story.ends(call_id, "overflowed")
        found = level(story)
        assert (found.elsewhere, found.answered, found.level_20) == (1, 0, 0)

    def test_a_call_lost_by_us_and_one_that_never_came_into_a_queue(self) -> None:
        story = Story()
        story.ends(story.comes(), "interrupted")
        story.take(started("x", T0), ended("x", T0, "rejected"))
        found = level(story)
        assert (found.failed, found.refused, found.offered, found.level_15) == (1, 1, 1, 0)

    def test_calls_in_progress_are_offered_and_not_judged_yet(self) -> None:
        story = Story()
        story.comes()
        found = level(story)
        assert (found.offered, found.level_15, found.meets_nena, found.mean_wait_s) == (1, None, None, None)

    def test_nena_wants_90_percent_in_15_s_and_95_in_20(self) -> None:
        story = Story()
        for wait in [5] * 18 + [18]:
            answered_after(story, wait)
        assert level(story, since=story.now - DAY).meets_nena is True
        answered_after(story, 30)
        assert level(story, since=story.now - DAY).meets_nena is True
        answered_after(story, 30)
        assert level(story, since=story.now - DAY).meets_nena is False

    def test_by_queue_and_trunk(self) -> None:
        story = Story()
        answered_after(story, 5, queue="112", trunk="telkomsel")
        answered_after(story, 25, queue="medical", trunk="indosat")
        assert level(story, "queue", "112").level_15 == 1
        assert level(story, "queue", "medical").level_15 == 0
        assert [found.name for found in story.memory.levels.report(story.now, T0, "trunk")] == [
            "indosat",
            "telkomsel",
        ]

    def test_an_operator_who_takes_over_a_call_makes_it_no_second_answer(self) -> None:
        story = Story()
        call_id = story.comes()
        story.answered(call_id)
        story.answered(call_id, "budi")
        assert level(story).answered == 1

    def test_a_call_back_is_none_of_these(self) -> None:
        story = Story()
        story.take(started("out", T0, direction="out"), connected("out", T0), ended("out", T0 + 9))
        assert story.memory.levels.report(story.now, T0) == []


class TestTime:
    def test_a_call_counts_in_the_quarter_in_which_it_came(self) -> None:
        story = Story()
        story.wait(INTERVAL_S - 10)
        call_id = story.comes()
        story.wait(25)
        story.answered(call_id)
        first, second = story.memory.levels.series(story.now, T0)
        assert (first.start_at, first.answered, first.level_20) == (T0, 1, 0)
        assert (second.start_at, second.offered, second.answered) == (T0 + INTERVAL_S, 0, 0)

    def test_live_is_the_last_quarter_and_this_one(self) -> None:
        story = Story()
        answered_after(story, 30)
        story.wait(2 * INTERVAL_S)
        answered_after(story, 5)
        (live,) = story.memory.levels.live(story.now)
        assert (live.offered, live.level_15) == (1, 1)

    def test_a_day_is_kept_and_no_more(self) -> None:
        story = Story()
        for _ in range(200):
            story.comes()
            story.wait(INTERVAL_S)
        assert len(story.memory.levels.intervals) == INTERVALS
        assert level(story, since=0.0).offered == 96

    def test_nothing_happened_is_an_empty_report(self) -> None:
        assert Levels().report(T0, T0) == []


class TestOperators:
    def test_occupancy_is_work_over_the_time_there_without_breaks(self) -> None:
        story = Story()
        story.take(
            operator_is("ani", "ready", T0),
            operator_is("ani", "ringing", T0 + 100),
            operator_is("ani", "talking", T0 + 110),
            operator_is("ani", "wrap-up", T0 + 170),
            operator_is("ani", "break", T0 + 180),
            operator_is("ani", "ready", T0 + 280),
            operator_is("ani", "offline", T0 + 300),
        )
        story.wait(500)
        ani = level(story, "operator", "ani")
        assert (ani.logged_in_s, ani.break_s, ani.talk_s, ani.occupancy) == (300, 100, 60, 0.4)
        assert level(story).occupancy == 0.4

    def test_what_an_operator_does_now_counts_up_to_now(self) -> None:
        story = Story()
        story.take(operator_is("ani", "talking", T0))
        story.wait(40)
        assert level(story, "operator", "ani").talk_s == 40
        assert level(story, "operator", "ani").talk_s == 40  # asking changes nothing

    def test_time_is_counted_where_it_passes(self) -> None:
        story = Story()
        story.take(operator_is("ani", "talking", T0 + INTERVAL_S - 100))
        story.take(operator_is("ani", "offline", T0 + INTERVAL_S + 50))
        story.wait(2 * INTERVAL_S)
        series = story.memory.levels.series(story.now, T0, "operator")
        assert [(found.start_at, found.talk_s) for found in series] == [(T0, 100), (T0 + INTERVAL_S, 50)]

    def test_offers_and_those_that_rang_in_vain(self) -> None:
        story = Story()
        outcomes: list[OfferOutcome] = ["rona", "answered", "declined"]
        for number, outcome in enumerate(outcomes, 1):
            story.take(OfferEnded(at=T0, call_id="c", offer=number, operator="ani", outcome=outcome))
        assert (level(story, "operator", "ani").offers, level(story, "operator", "ani").rona) == (3, 1)

    def test_counters_for_the_acd_are_of_the_last_day(self) -> None:
        story = Story()
        story.take(operator_is("budi", "talking", T0), operator_is("budi", "offline", T0 + 10))
        story.wait(DAY + INTERVAL_S)
        call_id = story.comes()
        story.answered(call_id)
        story.take(operator_is("ani", "talking", story.now))
        story.wait(30)
        story.take(OfferEnded(at=story.now, call_id=call_id, offer=1, operator="ani", outcome="answered"))
        assert story.memory.levels.counters(story.now) == {"ani": (1, 30, 1, 0)}

    def test_an_agent_that_died_logged_everybody_out_when_it_was_last_heard_of(self) -> None:
        story = Story()
        story.take(operator_is("ani", "ready", T0), operator_is("budi", "break", T0 + 60))
        story.take(AgentStarted(at=T0 + 400, version="1"))
        story.wait(800)
        assert level(story, "operator", "ani").logged_in_s == 60
        assert story.memory.levels.duty == {}


def test_names_beyond_the_bound_share_one() -> None:
    memory = Memory()
    for n in range(MAX_NAMES + 7):
        memory.take(started(f"c{n}", T0, trunk=f"t{n}"))
        memory.take(queued(f"c{n}", T0))
    found = {one.name: one.offered for one in memory.levels.report(T0, T0, "trunk")}
    assert len(found) == MAX_NAMES + 1
    assert found[OTHERS] == 7


@given(
    st.lists(
        st.tuples(st.sampled_from(["112", "medical"]), st.floats(0, 60), st.booleans(), st.floats(0, 4_000)),
        max_size=30,
    )
)
def test_queues_and_quarters_add_up_to_the_whole(calls: list[tuple[str, float, bool, float]]) -> None:
    story = Story()
    for queue, wait, answer, pause in calls:
        call_id = story.comes(queue=queue)
        story.wait(wait)
        if answer:
            story.answered(call_id)
        story.ends(call_id, "answered" if answer else "abandoned")
        story.wait(pause)
    levels, since = story.memory.levels, story.now - DAY
    whole = levels.report(story.now, since)
    for parts in (levels.report(story.now, since, "queue"), levels.series(story.now, since)):
        for field in ("offered", "answered", "abandoned", "abandoned_short"):
            assert sum(getattr(part, field) for part in parts) == sum(getattr(one, field) for one in whole)
    for one in whole:
        assert one.answered + one.abandoned + one.abandoned_short == one.offered
        assert one.level_15 is None or (one.level_10 or 0) <= one.level_15 <= (one.level_20 or 0) <= 1
