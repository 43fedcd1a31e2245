"""The live feed over a real journal: no gap and no repeat, whoever joins when."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cdr.calls import abandoned, answered, started

from ntpd112.feed import EVENT_TYPES, Feed, FeedFull, Follower, UnknownPosition, Wanted
from ntpd112.feed import feed as feed_module
from ntpd112.feed.follower import MAX_BUFFERED
from ntpd112.feed.messages import Batch, Message
from ntpd112.feed.queues import QueueOf
from ntpd112.journal import Journal, Stored
from ntpd112.journal.events import CallDtmf, CallQueued, CallRequeued, JournalEvent, OperatorChanged

PATIENCE_S = 10.0


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "journal.db")
    yield made
    made.close()


@pytest.fixture
async def feed(journal: Journal) -> AsyncIterator[Feed]:
    async with running(Feed(journal, UTC, linger_s=0.0), journal) as made:
        yield made


class running:  # reads as a statement
    """A feed woken by the journal's commits."""

    def __init__(self, feed: Feed, journal: Journal) -> None:
        self.feed = feed
        journal.on_commit.append(feed.wake)

    async def __aenter__(self) -> Feed:
        self._task = asyncio.create_task(self.feed.run())
        return self.feed

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def write(journal: Journal, events: list[JournalEvent]) -> None:
    for event in events:
        journal.append(event)
    journal.commit()


def keys_pressed(count: int, call_id: str = "A") -> list[JournalEvent]:
    return [CallDtmf(at=float(n), call_id=call_id, by="caller", digit=str(n % 10)) for n in range(count)]


async def taken(follower: Follower, count: int) -> list[Message]:
    """The next `count` messages; more, if they come together."""
    found: list[Message] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(found) < count:
            found += await follower.take(PATIENCE_S)
    return found


async def reached(feed: Feed, journal: Journal) -> None:
    """Waits until the feed is at the journal's end."""
    async with asyncio.timeout(PATIENCE_S):
        while feed._seq < journal.last_seq:  # noqa: ASYNC110  # a field of another object
            await asyncio.sleep(0)


def seqs(messages: list[Message]) -> list[int]:
    return [message.seq for message in messages]


async def test_what_happens_after_joining_comes_live(journal: Journal, feed: Feed) -> None:
    write(journal, answered("EARLIER"))
    await reached(feed, journal)
    follower = feed.join(Wanted())
    events = answered("A")
    write(journal, events)
    messages = await taken(follower, len(events))
    assert [message.type for message in messages] == [e.__struct_config__.tag for e in events]
    assert {message.call_id for message in messages} == {"A"}


async def test_a_message_is_the_event_with_its_position_and_a_time_with_zone(
    journal: Journal, feed: Feed
) -> None:
    follower = feed.join(Wanted(), "0")
    write(journal, [OperatorChanged(at=1_760_000_000.5, operator="siti", state="ready", previous="offline")])
    (message,) = await taken(follower, 1)
    assert json.loads(message.text) == {
        "position": message.position,
        "type": "operator.changed",
        "at": "2025-10-09T08:53:20.500000Z",
        "operator": "siti",
        "state": "ready",
        "previous": "offline",
    }


async def test_from_a_position_comes_what_is_behind_it_and_then_what_happens(
    journal: Journal, feed: Feed
) -> None:
    write(journal, keys_pressed(250))
    everything = await taken(feed.join(Wanted(), "0"), 250)
    follower = feed.join(Wanted(), everything[99].position)
    first = await taken(follower, 1)
    write(journal, keys_pressed(250))
    rest = await taken(follower, 400 - len(first))
    assert seqs(first + rest) == [m.seq for m in everything[100:]] + list(range(251, 501))


async def test_who_joins_while_events_pour_in_misses_and_repeats_none(journal: Journal, feed: Feed) -> None:
    write(journal, keys_pressed(300))
    first = feed.join(Wanted())
    followers = []
    for n in range(12):
        write(journal, keys_pressed(57))
        followers.append(feed.join(Wanted(), str(n * 20)))
        await asyncio.sleep(0.001 * (n % 3))
    end = journal.last_seq
    assert seqs(await taken(first, end - 300))[-1] == end
    for n, follower in enumerate(followers):
        assert seqs(await taken(follower, end - n * 20)) == list(range(n * 20 + 1, end + 1))


async def test_a_position_that_the_common_reader_has_not_reached_repeats_nothing(journal: Journal) -> None:
    feed = Feed(journal, UTC, linger_s=0.0)  # does not run yet
    write(journal, keys_pressed(5))
    follower = feed.join(Wanted(), "3")
    async with running(feed, journal):
        feed.wake(0)
        assert seqs(await taken(follower, 2)) == [4, 5]


@pytest.mark.parametrize(
    ("wanted", "types"),
    [
        (Wanted(types=frozenset({"call.started", "call.ended"})), ["call.started", "call.ended"] * 2),
        (Wanted(call="B", types=frozenset({"offer.made"})), ["offer.made"]),
        (Wanted(queue="112", types=frozenset({"call.started", "call.queued"})), ["call.queued"] * 2),
    ],
)
async def test_filters_combine_the_same_live_and_replayed(
    journal: Journal, feed: Feed, wanted: Wanted, types: list[str]
) -> None:
    live = feed.join(wanted)
    write(journal, [*answered("A"), *abandoned("B")])
    came = await taken(live, len(types))
    again = await taken(feed.join(wanted, "0"), len(types))
    assert [message.type for message in came] == types
    assert again == [message._replace(queues=again[n].queues) for n, message in enumerate(came)]


async def test_the_position_goes_on_also_over_what_is_not_wanted(journal: Journal, feed: Feed) -> None:
    follower = feed.join(Wanted(call="other"), "0")
    write(journal, keys_pressed(150))
    async with asyncio.timeout(PATIENCE_S):
        while feed.position(follower) != f"150.{journal.id[:8]}":
            assert await follower.take(0.01) == []


async def test_who_does_not_take_is_cut_off_and_can_go_on_from_their_position(journal: Journal) -> None:
    async with running(Feed(journal, UTC, linger_s=0.0, max_buffered=150), journal) as feed:
        slow, other = feed.join(Wanted()), feed.join(Wanted())
        write(journal, keys_pressed(90))
        await taken(other, 90)
        write(journal, keys_pressed(90))
        await taken(other, 90)
        async with asyncio.timeout(PATIENCE_S):
            while not slow.over:  # noqa: ASYNC110  # a field of another object
                await asyncio.sleep(0)
        assert await slow.take(0.0) == []
        assert slow.over == "too_slow"
        assert (feed.cut_off, other.over) == (1, None)
        again = feed.join(Wanted(), feed.position(slow))
        assert seqs(await taken(again, 180)) == list(range(1, 181))


async def test_everything_else_has_its_turn_between_two_followers(journal: Journal, feed: Feed) -> None:
    followers = [feed.join(Wanted()) for _ in range(20)]
    write(journal, keys_pressed(1))
    told = [0]
    async with asyncio.timeout(PATIENCE_S):
        while told[-1] < len(followers):
            await asyncio.sleep(0)
            told.append(sum(bool(follower._batches) for follower in followers))
    assert max(after - before for before, after in itertools.pairwise(told)) == 1


async def test_no_more_than_so_many_follow(journal: Journal) -> None:
    feed = Feed(journal, UTC, max_followers=2)
    first, _ = feed.join(Wanted()), feed.join(Wanted(), "0")
    with pytest.raises(FeedFull, match="2 follow already"):
        feed.join(Wanted())
    feed.leave(first)
    feed.join(Wanted())
    assert feed.followers == 2


async def test_at_the_end_what_was_written_still_comes(journal: Journal, feed: Feed) -> None:
    follower = feed.join(Wanted())
    write(journal, keys_pressed(3))
    await feed.stop()
    assert seqs(await taken(follower, 3)) == [1, 2, 3]
    assert await follower.take(PATIENCE_S) == []
    assert follower.over == "shutting_down"
    with pytest.raises(FeedFull, match="stopping"):
        feed.join(Wanted())


async def test_nothing_is_read_while_nobody_follows(
    journal: Journal, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(after_seq: int, limit: int) -> list[Stored]:
        raise AssertionError("read")

    monkeypatch.setattr(journal, "read", read)
    write(journal, keys_pressed(500))
    await reached(feed, journal)


async def test_a_journal_that_cannot_be_read_for_a_while_costs_no_event(
    journal: Journal, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "RETRY_S", 0.0)
    read, failures = journal.read, iter([True, True])

    def failing(after_seq: int, limit: int) -> list[Stored]:
        if next(failures, False):
            raise OSError("disk")
        return read(after_seq, limit)

    monkeypatch.setattr(journal, "read", failing)
    follower = feed.join(Wanted())
    write(journal, keys_pressed(3))
    assert seqs(await taken(follower, 3)) == [1, 2, 3]


@pytest.mark.parametrize(
    ("position", "said"),
    [
        ("", "is not a `position`"),
        ("x", "is not a `position`"),
        ("-1", "is not a `position`"),
        ("1" * 19, "is not a `position`"),
        ("1.0123456x", "is not in this journal"),
        ("2", "is not in this journal"),
    ],
)
async def test_a_position_of_another_journal_is_refused(journal: Journal, position: str, said: str) -> None:
    write(journal, keys_pressed(1))
    with pytest.raises(UnknownPosition, match=said):
        Feed(journal, UTC).join(Wanted(), position)


class TestQueueOf:
    def test_an_event_that_moves_a_call_belongs_to_both_queues(self) -> None:
        events: list[JournalEvent] = [
            started("A"),
            CallQueued(at=1, call_id="A", queue="112", priority=5),
            CallRequeued(at=2, call_id="A", queue="medical", reason="transferred"),
            CallDtmf(at=3, call_id="A", by="caller", digit="1"),
        ]
        queues = QueueOf(lambda _: [])
        found = [queues.around(Stored(seq, event)) for seq, event in enumerate(events)]
        assert found == [("",), ("", "112"), ("112", "medical"), ("medical",)]

    @given(st.lists(st.tuples(st.sampled_from("ABCD"), st.sampled_from(["", "112", "118"]))), st.data())
    def test_a_short_memory_finds_the_same_as_a_long_one(
        self, moves: list[tuple[str, str]], data: st.DataObject
    ) -> None:
        log = [
            Stored(
                seq,
                CallQueued(at=seq, call_id=call, queue=queue, priority=5)
                if queue
                else CallDtmf(at=seq, call_id=call, by="caller", digit="1"),
            )
            for seq, (call, queue) in enumerate(moves)
        ]

        def read_call(call_id: str) -> list[Stored]:
            return [stored for stored in log if stored.event.call_id == call_id]

        long, short = QueueOf(read_call), QueueOf(read_call, max_calls=1)
        expected = [long.around(stored) for stored in log]
        begin = data.draw(st.integers(0, len(log)))
        assert [short.around(stored) for stored in log[begin:]] == expected[begin:]
        assert len(short._queues) <= 1


def test_every_event_type_can_be_asked_for() -> None:
    assert {"call.started", "call.ended", "operator.changed", "agent.started"} <= set(EVENT_TYPES)
    assert len(set(EVENT_TYPES)) == len(EVENT_TYPES)


@given(st.lists(st.integers(1, 400), max_size=40))
def test_a_buffer_never_holds_more_than_its_bound(sizes: list[int]) -> None:
    follower = Follower(Wanted(), 0, None, max_buffered=1_000)
    seq = held = 0
    for size in sizes:
        messages = [Message(seq + n, "", "", "", (), "") for n in range(1, size + 1)]
        seq += size
        if not follower.offer(Batch(messages, seq)):
            assert held + size > 1_000
            assert not follower._batches
            return
        held += size
    assert held <= 1_000 <= MAX_BUFFERED
