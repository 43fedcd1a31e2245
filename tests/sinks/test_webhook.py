"""From the journal to a receiver that is there, away, slow, wrong, or has had enough."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.cdr.calls import T0, abandoned, answered
from tests.cdr.waiting import until
from tests.sinks.asyncapi import check_delivery
from tests.sinks.receiver import OK, REFUSED, FakeReceiver

from ntpd112.journal import Journal
from ntpd112.journal.events import AgentStarted, JournalEvent, OperatorChanged
from ntpd112.sinks import HookSettings, Outbox, Pace, ReceiverSettings, Wanted, WebhookSink
from ntpd112.sinks.courier import WINDOW
from ntpd112.sinks.delivery import Answer

SECRET = "a secret of ours 0123"


class Clock:
    """By hand; retries are due when a test says so."""

    def __init__(self) -> None:
        self.now = T0

    def __call__(self) -> float:
        return self.now


class Bench:
    """A journal, an outbox, a receiver, and sinks between them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = Journal(folder / "j.db")
        self.outbox = Outbox(folder / "w.db", "dispatch")
        self.receiver = FakeReceiver()
        self.clock = Clock()

    def write(self, events: Sequence[JournalEvent]) -> None:
        for event in events:
            self.journal.append(event)
        self.journal.commit()

    def sink(self, *events: str, **more: Any) -> WebhookSink:
        settings = HookSettings(
            name="dispatch",
            receiver=more.pop("receiver", ReceiverSettings(url="http://127.0.0.1/", secrets=(SECRET,))),
            wanted=Wanted(kinds=frozenset(events or ("cdr",)), **more),
            region="35.78",
            zone=ZoneInfo("Asia/Jakarta"),
        )
        return WebhookSink(
            self.journal,
            self.outbox,
            settings,
            self.receiver.open,
            Pace(per_s=10_000),
            clock=self.clock,
            linger_s=0,
            retry_s=(0.01, 0.05),
            look_s=0.01,
        )

    @contextlib.asynccontextmanager
    async def running(self, *events: str, **more: Any) -> AsyncIterator[WebhookSink]:
        """Killed at the end."""
        sink = self.sink(*events, **more)
        self.journal.on_commit.append(sink.wake)
        task = asyncio.create_task(sink.run())
        await until(lambda: sink.position or sink.gone)
        yield sink
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        self.journal.on_commit.remove(sink.wake)

    def ids(self) -> list[str]:
        """Of the calls whose CDRs were taken."""
        return [cdr["id"] for cdr in self.receiver.data("cdr")]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr("ntpd112.sinks.delivery.FIRST_REST_S", 0.01)
    monkeypatch.setattr("ntpd112.sinks.delivery.LONGEST_REST_S", 0.02)
    made = Bench(tmp_path)
    made.write([AgentStarted(at=T0, version="1")])
    yield made
    made.outbox.close()
    made.journal.close()


def fails(*calls: str, answer: Answer = REFUSED) -> Callable[[dict[str, Any]], Answer]:
    """Only for these calls; none given: for all."""

    def say(told: dict[str, Any]) -> Answer:
        return answer if not calls or told["data"].get("id") in calls else OK

    return say


def nothing_waits(sink: WebhookSink) -> Callable[[], bool]:
    return lambda: sink.lag == 0 and sink.counts.pending == 0


async def test_what_is_wanted_is_told_signed_and_nothing_else(bench: Bench) -> None:
    async with bench.running("cdr", "call.state", "call.ended") as sink:
        bench.write(abandoned("A"))
        await until(lambda: bench.ids() == ["A"] and nothing_waits(sink)())
    told = bench.receiver.got
    for got in told:
        check_delivery(got.headers, got.told)
    assert {got.told["event"] for got in told} == {"cdr", "call.state", "call.ended"}
    assert [got.told["seq"] for got in told] == sorted(got.told["seq"] for got in told)
    assert len({got.id for got in told}) == len(told)
    assert [data["type"] for data in bench.receiver.data("call.ended")] == ["call.ended"]
    assert [data["state"] for data in bench.receiver.data("call.state")][-1] == "ended"
    assert sink.sent == len(told)


async def test_a_new_webhook_is_told_what_happens_from_now_on(bench: Bench) -> None:
    bench.write(abandoned("OLD"))
    async with bench.running() as sink:
        bench.write(abandoned("NEW"))
        await until(lambda: bench.ids() and nothing_waits(sink)())
    assert bench.ids() == ["NEW"]


async def test_a_receiver_that_is_away_is_not_hammered_and_gets_everything_later(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.receiver.answer = fails()
    async with bench.running() as sink:
        for number in range(40):
            bench.write(abandoned(f"C{number:02}", at=number))
            if number < 2:
                await until(lambda: len(bench.receiver.tries) > number)  # noqa: B023  # waited for here
        await until(lambda: sink.lag == 0 and len(bench.receiver.tries) > 10)
        assert sink.problem == 'webhook "dispatch": 40 deliveries wait: Connection refused'
        assert bench.receiver.most_under_way == 1
        bench.receiver.answer = fails("nobody")
        bench.clock.now += 1000
        await until(nothing_waits(sink))
        assert sink.problem is None
    assert sorted(bench.ids()) == [f"C{number:02}" for number in range(40)]
    assert caplog.text.count("Connection refused") == 1
    assert caplog.text.count("delivers again") == 1


async def test_a_delivery_that_the_receiver_cannot_digest_stops_no_other_and_ends_with_the_dead(
    bench: Bench,
) -> None:
    bench.receiver.answer = fails("BAD", answer=Answer(500, "cannot digest"))
    async with bench.running() as sink:
        bench.write([*abandoned("BAD"), *abandoned("A"), *abandoned("B")])
        await until(lambda: sink.counts.pending == 1 and sink.counts.next_at)
        assert (sorted(bench.ids()), sink.problem) == (["A", "B"], None)
        tried_before = len(bench.receiver.tries)
        bench.clock.now += 10
        await until(lambda: len(bench.receiver.tries) > tried_before)
        first, *_, last = [got for got in bench.receiver.tries if got.told["data"]["id"] == "BAD"]
        assert (first.id, first.told) == (last.id, last.told)
        assert first.headers["Ntpd112-Timestamp"] != last.headers["Ntpd112-Timestamp"]
        bench.clock.now += 2 * 86_400
        await until(lambda: sink.counts == (0, 1, None, None))
        (dead,) = await sink.dead(10)
        assert (dead.about, dead.status, dead.error) == ("BAD", 500, "HTTP 500: cannot digest")
        bench.receiver.answer = fails("nobody")
        assert await sink.resend(dead.id) == 1
        await until(lambda: "BAD" in bench.ids())
    assert bench.receiver.got[-1].id == first.id
    assert sink.results["dead"] == 1


async def test_a_call_is_told_in_order_through_every_kind_of_failure(bench: Bench) -> None:
    answers = itertools.cycle([OK, OK, REFUSED, OK, OK, OK, Answer(500), OK, OK, OK, Answer(400)])
    bench.receiver.answer = lambda told: next(answers)
    async with bench.running("call.state", "cdr", "offer.made") as sink:
        for number in range(12):
            bench.write(answered(f"C{number:02}", at=number))
        while not nothing_waits(sink)():
            bench.clock.now = max(bench.clock.now, sink.counts.next_at or 0.0)
            await asyncio.sleep(0.01)
    calls = {got.told["data"].get("call_id") or got.told["data"]["id"] for got in bench.receiver.got}
    assert len(calls) == 12
    for call in calls:
        seqs = [
            got.told["seq"]
            for got in bench.receiver.got
            if call in (got.told["data"].get("call_id"), got.told["data"].get("id"))
        ]
        assert seqs == sorted(seqs)
    assert bench.receiver.most_under_way <= WINDOW


async def test_a_killed_agent_repeats_with_the_same_ids_and_loses_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ntpd112.sinks.sink.CHUNK_EVENTS", 7)
    monkeypatch.setattr("ntpd112.sinks.courier.BATCH", 5)
    async with bench.running():
        pass
    calls = [f"C{number:02}" for number in range(30)]
    for number, call in enumerate(calls):
        bench.write(abandoned(call, at=number))
    for life in range(1, 8):
        async with bench.running():
            await until(lambda: len(bench.receiver.got) >= 4 * life)  # noqa: B023  # waited for here
    async with bench.running() as sink:
        await until(nothing_waits(sink))
    assert sorted(set(bench.ids())) == calls
    by_id = {got.id: got.told["data"]["id"] for got in bench.receiver.got}
    assert len(by_id) == len(calls)


async def test_a_receiver_that_has_gone_for_good_switches_its_webhook_off_and_a_test_switches_it_on(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.receiver.answer = fails(answer=Answer(410))
    async with bench.running() as sink:
        bench.write(abandoned("A"))
        await until(lambda: sink.gone)
        bench.write(abandoned("B", at=9))
        assert sink.position == bench.journal.last_seq  # holds nothing in the journal
        await asyncio.sleep(0.1)
        assert len(bench.receiver.tries) == 1
        assert "answered 410" in (sink.problem or "")
        assert not (await sink.test()).taken
        assert sink.gone
        bench.receiver.answer = fails("nobody")
        assert (await sink.test()).taken
        await until(nothing_waits(sink))
    assert bench.ids() == ["A", "B"]
    assert caplog.text.count("answered 410, it wants nothing any more") == 1


async def test_a_receiver_says_how_long_to_wait(bench: Bench) -> None:
    bench.receiver.answer = fails("A", answer=Answer(429, "", 1800.0))
    async with bench.running() as sink:
        bench.write(abandoned("A"))
        await until(lambda: sink.counts.next_at)
        assert sink.counts.next_at == T0 + 1800
        await asyncio.sleep(0.05)
        bench.write(abandoned("B", at=9))
        await until(lambda: sink.lag == 0 and sink.counts.pending == 2)
        assert len(bench.receiver.tries) == 1


async def test_while_the_outbox_is_full_events_wait_in_the_journal(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ntpd112.sinks.courier.MAX_PENDING", 3)
    monkeypatch.setattr("ntpd112.sinks.sink.CHUNK_EVENTS", 4)
    bench.receiver.answer = fails()
    async with bench.running() as sink:
        for number in range(20):
            bench.write(abandoned(f"C{number:02}", at=number))
        await until(lambda: sink.counts.pending >= 3)
        await asyncio.sleep(0.1)
        assert sink.counts.pending < 3 + 4
        assert sink.lag > 0
        bench.receiver.answer = fails("nobody")
        bench.clock.now += 1000
        await until(nothing_waits(sink))
    assert len(bench.ids()) == 20


async def test_a_stop_delivers_what_is_due_and_does_not_wait_for_a_receiver_that_fails(bench: Bench) -> None:
    sink = bench.sink()
    bench.write(abandoned("A"))
    task = asyncio.create_task(sink.run())
    await until(lambda: sink.position)
    sink.stop()
    await asyncio.wait_for(task, 5)
    assert bench.ids() == ["A"]
    bench.receiver.answer = fails()
    for number in range(9):
        bench.write(abandoned(f"C{number}", at=number))
    late = bench.sink()
    task = asyncio.create_task(late.run())
    await until(lambda: late.position)
    late.stop()
    await asyncio.wait_for(task, 5)
    assert bench.outbox.counts(T0).pending == 9


async def test_a_new_secret_needs_no_restart_and_both_sign_while_both_are_there(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    file = bench.folder / "secrets"
    file.write_text("the first secret\n")
    receiver = ReceiverSettings(url="http://127.0.0.1/", secret_file=file)
    async with bench.running(receiver=receiver) as sink:
        bench.write(abandoned("A"))
        await until(lambda: len(bench.receiver.got) == 1)
        file.write_text("the second secret\nthe first secret\n")
        bench.write(abandoned("B", at=9))
        await until(lambda: len(bench.receiver.got) == 2)
        file.write_text("short")
        bench.write(abandoned("C", at=18))
        await until(lambda: sink.problem)
        assert "secret_file" in (sink.problem or "")
        file.write_text("the second secret")
        await until(lambda: len(bench.receiver.got) == 3 and not sink.problem)
    signed = [got.headers["Ntpd112-Signature"].count("v1=") for got in bench.receiver.got]
    assert signed == [1, 2, 1]
    assert caplog.text.count("has to have one secret a line") == 1


async def test_operators_are_told_and_offline_when_the_agent_begins_anew(bench: Bench) -> None:
    ready = OperatorChanged(at=T0, operator="siti", state="ready", previous="offline")
    async with bench.running("operator.state") as sink:
        bench.write([ready])
        await until(lambda: bench.receiver.got and nothing_waits(sink)())
    bench.write([AgentStarted(at=T0 + 9, version="1")])
    async with bench.running("operator.state") as sink:
        await until(lambda: len(bench.receiver.got) == 2 and nothing_waits(sink)())
    assert [state["state"] for state in bench.receiver.data("operator.state")] == ["ready", "offline"]


class FullDisk(Outbox):
    full = False

    def settle(self, taken: Any, tried: Any, now: float) -> int:
        if self.full:
            raise sqlite3.OperationalError("database or disk is full")
        return super().settle(taken, tried, now)


async def test_what_was_delivered_when_the_disk_was_full_is_not_sent_again_while_we_live(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.outbox = outbox = FullDisk(bench.folder / "full.db", "dispatch")
    async with bench.running() as sink:
        outbox.full = True
        bench.write(abandoned("A"))
        await until(lambda: sink.problem)
        await asyncio.sleep(0.1)
        assert sink.problem == 'webhook "dispatch": the outbox cannot be used: database or disk is full'
        outbox.full = False
        bench.write(abandoned("B", at=9))
        await until(lambda: nothing_waits(sink)() and not sink.problem)
    assert bench.ids() == ["A", "B"]
    assert len(bench.receiver.tries) == 2
    assert caplog.text.count("disk is full") == 1
