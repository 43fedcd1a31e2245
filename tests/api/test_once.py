"""A command that is sent again with its `Idempotency-Key` is answered as the first time, not done again."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from tests.api.centre import CALL_ID
from tests.api.conftest import Site

from ntpd112.api import once
from ntpd112.api.once import KEEP_S, MAX_OF_ONE, Answer, Answers, Replay
from ntpd112.api.problems import Problem
from ntpd112.calls.views import StateConflict

HOLD = f"/api/v1/calls/{CALL_ID}/hold"
TRANSFER = f"/api/v1/calls/{CALL_ID}/transfer"
KEY = '"8e03978e-40d5-43dd-bc93-6894a57f9324"'


async def send(site: Site, path: str = HOLD, body: object = None, key: str = KEY) -> httpx.Response:
    return await site.client.post(path, json=body, headers={"Idempotency-Key": key})


async def test_the_second_time_gets_the_first_answer_and_does_nothing(site: Site) -> None:
    first, again = await send(site), await send(site)
    assert site.centre.commands.told == [("hold", "api:admin")]
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"


async def test_a_refusal_is_the_answer_too(site: Site) -> None:
    site.centre.commands.refuse = StateConflict("nobody talks to the caller yet")
    first = await send(site)
    site.centre.commands.refuse = None
    again = await send(site)
    assert (first.status_code, again.status_code) == (409, 409)
    assert again.json() == first.json()
    assert site.centre.commands.told == []


async def test_another_request_with_the_same_key_is_refused_by_name(site: Site) -> None:
    await send(site, TRANSFER, {"to": "operator:siti"})
    for path, body in ((TRANSFER, {"to": "operator:budi"}), (HOLD, None)):
        answer = await send(site, path, body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["name"] == "Idempotency-Key"
    assert len(site.centre.commands.told) == 1


async def test_keys_of_different_holders_have_nothing_to_do_with_each_other(site: Site) -> None:
    await send(site)
    headers = {**site.bearer(scope="calls:control"), "Idempotency-Key": KEY}
    answer = await site.client.post(HOLD, headers=headers)
    assert "idempotency-replayed" not in answer.headers
    assert site.centre.commands.told == [("hold", "api:admin"), ("hold", "api:calls-control")]


async def test_an_answer_is_not_told_to_a_key_that_was_withdrawn(site: Site) -> None:
    headers = {**site.bearer(scope="calls:control"), "Idempotency-Key": KEY}
    assert (await site.client.post(HOLD, headers=headers)).status_code == 200
    await site.keys.revoke("calls-control")
    assert (await site.client.post(HOLD, headers=headers)).status_code == 401


async def test_who_may_not_is_told_so_each_time_and_uses_up_no_key(site: Site) -> None:
    headers = {**site.bearer(scope="calls:read"), "Idempotency-Key": KEY}
    for _ in range(2):
        answer = await site.client.post(HOLD, headers=headers)
        assert (answer.status_code, "idempotency-replayed" in answer.headers) == (403, False)


async def test_while_the_first_is_being_carried_out_the_second_is_409(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(function: object, *arguments: object) -> None:
        begun.set()
        await go_on.wait()

    monkeypatch.setattr("ntpd112.api.routes.flood.asyncio.to_thread", slow)
    body = {"on": True, "prompt": "welcome"}
    path = "/api/v1/flood"
    headers = {"Idempotency-Key": KEY}
    first = asyncio.create_task(site.client.put(path, json=body, headers=headers))
    await begun.wait()
    second = await site.client.put(path, json=body, headers=headers)
    go_on.set()
    assert second.status_code == 409
    assert second.headers["retry-after"] == "1"
    assert (await first).status_code == 409  # no such announcement, as the thread said


async def test_a_mistake_of_ours_may_have_done_something_and_is_not_repeated(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def broken(*_: object) -> None:
        tries.append(1)
        raise RuntimeError

    monkeypatch.setattr(site.centre.commands, "hold", broken)
    transport = httpx.ASGITransport(site.app, raise_app_exceptions=False)
    headers = {**site.bearer(scope="calls:control"), "Idempotency-Key": KEY}
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        first = await client.post(HOLD, headers=headers)
        again = await client.post(HOLD, headers=headers)
    assert (first.status_code, again.status_code, len(tries)) == (500, 500, 1)
    assert again.json() == first.json()


@pytest.mark.parametrize("key", ["", '""', "two words", "x" * 256, "a\u00ffb"])
async def test_what_is_no_key_is_refused_by_name(site: Site, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode("latin-1"))]
    answer = await site.client.post(HOLD, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["name"] == "Idempotency-Key"
    assert site.centre.commands.told == []


async def test_reading_has_no_use_for_a_key(site: Site) -> None:
    for _ in range(2):
        answer = await site.client.get("/api/v1/calls", headers={"Idempotency-Key": KEY})
        assert (answer.status_code, "idempotency-replayed" in answer.headers) == (200, False)


def answer(body: bytes = b"{}", status: int = 200) -> Answer:
    return Answer(status, [(b"content-type", b"application/json")], body)


def test_after_a_day_a_key_is_new() -> None:
    answers = Answers()
    answers.begin(("a", "k"), b"x", 0.0)
    answers.end(("a", "k"), answer())
    with pytest.raises(Replay):
        answers.begin(("a", "k"), b"x", KEEP_S)
    answers.begin(("a", "k"), b"y", KEEP_S + 1)


def test_of_one_holder_the_latest_are_kept_and_others_lose_nothing() -> None:
    answers = Answers()
    for holder, name in [("b", "k"), *(("a", str(number)) for number in range(MAX_OF_ONE + 1))]:
        answers.begin((holder, name), b"x", 0.0)
        answers.end((holder, name), answer())
    answers.begin(("a", "0"), b"x", 0.0)
    for kept in (("a", "1"), ("a", str(MAX_OF_ONE)), ("b", "k")):
        with pytest.raises(Replay):
            answers.begin(kept, b"x", 0.0)


def test_what_is_kept_of_all_is_bounded_and_the_oldest_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "MAX_BYTES", 100)
    answers = Answers()
    for name in ("1", "2", "3"):
        answers.begin((name, name), b"x", 0.0)
        answers.end((name, name), answer(b"x" * 40))
    answers.begin(("1", "1"), b"x", 0.0)
    with pytest.raises(Replay):
        answers.begin(("2", "2"), b"x", 0.0)


class AnsweredOnce(RuleBasedStateMachine):
    """Against a model that remembers everything."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = Answers()
        self.first: dict[tuple[str, str], tuple[bytes, Answer | None, float]] = {}
        self.now = 0.0

    who = st.tuples(st.sampled_from("ab"), st.sampled_from("xy"))

    @rule(who=who, request=st.sampled_from([b"1", b"2"]))
    def asks(self, who: tuple[str, str], request: bytes) -> None:
        known = self.first.get(who)
        if known is None or (known[1] is not None and self.now - known[2] > KEEP_S):
            self.answers.begin(who, request, self.now)
            self.first[who] = (request, None, self.now)
            return
        told: Answer | int = 0
        try:
            self.answers.begin(who, request, self.now)
        except Replay as again:
            told = again.answer
        except Problem as problem:
            told = problem.status
        assert told == (422 if known[0] != request else known[1] or 409)

    @rule(who=who, status=st.sampled_from([200, 404, 429, 503]))
    def is_answered(self, who: tuple[str, str], status: int) -> None:
        request, answered, at = self.first.get(who, (b"", answer(), 0.0))
        if answered is not None:
            return
        made = answer(status=status)
        self.answers.end(who, made)
        if status in once.NOT_KEPT:
            del self.first[who]
        else:
            self.first[who] = (request, made, at)

    @rule(hours=st.integers(1, 20))
    def time_passes(self, hours: int) -> None:
        if all(answered is not None for _, answered, _ in self.first.values()):  # none takes hours
            self.now += hours * 3600


TestAnsweredOnce = AnsweredOnce.TestCase
