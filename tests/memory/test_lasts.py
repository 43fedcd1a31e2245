"""Whom an operator spoke to last."""

from __future__ import annotations

from tests.memory.story import BUDI, SITI, Story, connected, queued, started

from ntpd112.journal.events import PartyJoined
from ntpd112.memory.lasts import LAST_S, MAX_OPERATORS, LastCall, Lasts


def last(story: Story, operator: str = "ani") -> LastCall | None:
    return story.memory.lasts.of(operator, story.now)


def answered(story: Story, call_id: str, caller: str = BUDI) -> None:
    at = story.now
    story.take(started(call_id, at, caller), queued(call_id, at, queue="medis"), connected(call_id, at))


def test_the_last_call_is_the_one_they_spoke_in_last() -> None:
    story = Story()
    answered(story, "first")
    answered(story, "second", SITI)
    assert last(story) == LastCall("second", SITI, "medis", story.now)
    assert last(story, "budi") is None


def test_who_took_a_call_over_has_it_as_their_last() -> None:
    story = Story()
    answered(story, "first")
    story.take(PartyJoined(at=story.now, call_id="first", leg=1001, kind="operator", name="budi"))
    found = last(story, "budi")
    assert found is not None
    assert found.call_id == "first"


def test_an_anonymous_caller_is_remembered_as_a_call_only() -> None:
    story = Story()
    answered(story, "first", "")
    found = last(story)
    assert found is not None
    assert (found.call_id, found.number) == ("first", "")


def test_calls_among_operators_do_not_count() -> None:
    story = Story()
    answered(story, "first")
    story.take(
        started("second", story.now, "", direction="internal", operator="ani"), connected("second", story.now)
    )
    found = last(story)
    assert found is not None
    assert found.call_id == "first"


def test_a_call_back_counts_when_the_caller_was_reached() -> None:
    story = Story()
    answered(story, "first")
    story.take(
        started("second", story.now, SITI, direction="out", operator="ani"),
        PartyJoined(
            at=story.now, call_id="second", leg=1001, kind="operator", name="ani", purpose="callback"
        ),
    )
    found = last(story)
    assert found is not None
    assert found.call_id == "first"
    story.take(connected("second", story.now))
    found = last(story)
    assert found is not None
    assert found.call_id == "second"


def test_a_call_of_long_ago_is_nobodys_last() -> None:
    story = Story()
    answered(story, "first")
    story.wait(LAST_S)
    assert last(story) is None


def test_only_so_many_operators_are_remembered() -> None:
    lasts = Lasts()
    for number in range(MAX_OPERATORS + 1):
        lasts.spoke(str(number), LastCall("c", BUDI, "112", 0.0))
    assert len(lasts.calls) == MAX_OPERATORS
    assert lasts.of("0", 1.0) is None
