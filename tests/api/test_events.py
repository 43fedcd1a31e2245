"""The live feed over real sockets: as a WebSocket and as server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
import websockets
from tests.api.conftest import Site, call_id
from tests.cdr.calls import abandoned, answered
from websockets.asyncio.client import ClientConnection
from websockets.typing import Subprotocol

from ntpd112.api import following, serve
from ntpd112.api import server as api_server
from ntpd112.feed import EVENT_TYPES
from ntpd112.journal.events import JournalEvent

PATIENCE_S = 20.0
Told = dict[str, Any]
Follow = Callable[..., contextlib.AbstractAsyncContextManager[AsyncIterator[Told]]]


@pytest.fixture
async def address(site: Site) -> AsyncIterator[str]:
    server = await serve(site.app, "127.0.0.1", 0)
    yield f"{server.address[0]}:{server.address[1]}"
    await site.feed.stop()
    await server.stop()


def write(site: Site, events: list[JournalEvent]) -> None:
    for event in events:
        site.journal.append(event)
    site.journal.commit()


def connect(address: str, key: str | None, query: str = "", **more: Any) -> websockets.connect:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    uri = f"ws://{address}/api/v1/events?{query}"
    return websockets.connect(uri, additional_headers=headers, proxy=None, **more)


async def messages_of(socket: ClientConnection) -> AsyncIterator[Told]:
    """Until it closes, with whatever code."""
    with contextlib.suppress(websockets.ConnectionClosedError):
        async for text in socket:
            yield json.loads(text)


async def frames_of(answer: httpx.Response) -> AsyncIterator[Told]:
    async for line in answer.aiter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


@contextlib.asynccontextmanager
async def by_websocket(address: str, key: str, query: str = "") -> AsyncIterator[AsyncIterator[Told]]:
    async with connect(address, key, query) as socket:
        yield messages_of(socket)


@contextlib.asynccontextmanager
async def by_stream(
    address: str, key: str, query: str = "", **headers: str
) -> AsyncIterator[AsyncIterator[Told]]:
    headers = {"Authorization": f"Bearer {key}", "Accept": "text/event-stream", **headers}
    async with (
        httpx.AsyncClient(timeout=PATIENCE_S, headers=headers, trust_env=False) as client,
        client.stream("GET", f"http://{address}/api/v1/events?{query}") as answer,
    ):
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield frames_of(answer)


@pytest.fixture(params=[by_websocket, by_stream], ids=["websocket", "stream"])
def follow(request: pytest.FixtureRequest) -> Follow:
    way: Follow = request.param
    return way


async def some(told: AsyncIterator[Told], count: int) -> list[Told]:
    async with asyncio.timeout(PATIENCE_S):
        return [await anext(told) for _ in range(count)]


async def to_the_end(told: AsyncIterator[Told]) -> list[Told]:
    async with asyncio.timeout(PATIENCE_S):
        return [message async for message in told]


async def test_a_call_is_followed_live_and_replayed_the_same(
    site: Site, address: str, follow: Follow
) -> None:
    events = answered(call_id(1))
    async with follow(address, site.tokens["calls:read"]) as told:
        (begin,) = await some(told, 1)
        assert begin["type"] == "heartbeat"
        write(site, events)
        live = await some(told, len(events))
    assert [message["type"] for message in live] == [event.__struct_config__.tag for event in events]
    assert live[3]["operator"] == "budi"
    assert live[0]["at"] == "2025-10-09T15:53:20+07:00"
    async with follow(address, site.tokens["calls:read"], f"since={begin['position']}") as told:
        assert (await some(told, 1 + len(events)))[1:] == live


async def test_going_on_from_a_position_leaves_out_what_was_had(
    site: Site, address: str, follow: Follow
) -> None:
    write(site, abandoned(call_id(1)))
    async with follow(address, site.tokens["admin"], "since=0") as told:
        first = await some(told, 3)
    async with follow(address, site.tokens["admin"], f"since={first[-1]['position']}") as told:
        rest = await some(told, 4)
    assert [m["type"] for m in [*first[1:], *rest[1:]]] == [e.__struct_config__.tag for e in abandoned()]


async def test_filters_combine(site: Site, address: str, follow: Follow) -> None:
    write(site, [*answered(call_id(1)), *answered(call_id(2))])
    query = f"since=0&types=call.ended,call.queued&queue=112&call={call_id(2)}"
    async with follow(address, site.tokens["admin"], query) as told:
        _, *found = await some(told, 3)
    assert [(m["type"], m["call_id"]) for m in found] == [
        ("call.queued", call_id(2)),
        ("call.ended", call_id(2)),
    ]


async def test_who_may_not_see_whose_calls_are_whose_follows_them_masked(
    site: Site, address: str, follow: Follow
) -> None:
    key = await site.keys.add("wallboard", ["calls:read", "numbers:masked"])
    write(site, answered(call_id(1)))
    async with follow(address, key, "since=0") as told:
        _, started = await some(told, 2)
    assert (started["type"], started["caller"]) == ("call.started", "+62812****789")
    assert (started["location"], started["access_network"]) == (None, "")


async def test_silence_is_filled_with_heartbeats_that_carry_the_position(
    site: Site, address: str, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "HEARTBEAT_S", 0.01)
    monkeypatch.setattr(following, "CHECK_S", 0.01)
    async with follow(address, site.tokens["admin"], "types=call.ended") as told:
        (before,) = await some(told, 1)
        write(site, answered(call_id(1))[:5])
        async with asyncio.timeout(PATIENCE_S):
            while (after := await anext(told))["position"] == before["position"]:
                assert after["type"] == "heartbeat"
    assert (after["type"], after["position"].partition(".")[0]) == ("heartbeat", "5")


async def test_it_ends_when_the_key_is_withdrawn(
    site: Site, address: str, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "CHECK_S", 0.01)
    async with follow(address, site.tokens["calls:read"]) as told:
        await some(told, 1)
        await site.keys.revoke("calls-read")
        write(site, answered(call_id(1)))
        *_, last = await to_the_end(told)
    assert (last["type"], last["reason"]) == ("end", "key_withdrawn")


async def test_it_ends_when_the_agent_stops_after_the_last_event(
    site: Site, address: str, follow: Follow
) -> None:
    async with follow(address, site.tokens["admin"]) as told:
        await some(told, 1)
        write(site, abandoned(call_id(1)))
        await site.feed.stop()
        *rest, last = await to_the_end(told)
    assert [message["type"] for message in rest] == [e.__struct_config__.tag for e in abandoned()]
    assert (last["reason"], last["position"]) == ("shutting_down", rest[-1]["position"])


async def test_who_leaves_is_forgotten(
    site: Site, address: str, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "CHECK_S", 0.01)
    async with follow(address, site.tokens["admin"]) as told:
        await some(told, 1)
        assert site.feed.followers == 1
    async with asyncio.timeout(PATIENCE_S):
        while site.feed.followers:  # noqa: ASYNC110  # a field of another object
            await asyncio.sleep(0.01)


async def asked(address: str, query: str, key: str | None) -> tuple[int, Told]:
    """What GET answers."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://{address}/api/v1/events?{query}", headers=headers)
    return answer.status_code, answer.json()


async def shaken(address: str, query: str, key: str | None) -> tuple[int, Told]:
    """What the WebSocket handshake answers."""
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with connect(address, key, query):
            pass
    assert refused.value.response.headers["content-type"] == "application/problem+json"
    return refused.value.response.status_code, json.loads(refused.value.response.body or b"")


@pytest.fixture(params=[asked, shaken], ids=["stream", "websocket"])
def refusal(request: pytest.FixtureRequest) -> Callable[[str, str, str | None], Awaitable[tuple[int, Told]]]:
    way: Callable[[str, str, str | None], Awaitable[tuple[int, Told]]] = request.param
    return way


Refusal = Callable[[str, str, str | None], Awaitable[tuple[int, Told]]]


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("colour=red", 422, "`colour` is not known"),
        ("call=1&call=2", 422, "a single value"),
        ("types=call.ended,call.lost", 422, "'call.lost' is not one of"),
        ("types=", 422, "'' is not one of"),
        ("queue=" + "1" * 201, 422, "200 characters"),
        ("since=yesterday", 410, "is not a `position`"),
        ("since=99999", 410, "is not in this journal"),
    ],
)
async def test_what_is_not_understood_is_refused_by_name(
    site: Site, address: str, refusal: Refusal, query: str, status: int, said: str
) -> None:
    found, problem = await refusal(address, query, site.tokens["calls:read"])
    assert (found, problem["status"]) == (status, status)
    assert said in problem["detail"]


async def test_a_key_with_the_scope_is_needed(site: Site, address: str, refusal: Refusal) -> None:
    assert (await refusal(address, "", None))[0] == 401
    assert (await refusal(address, "", "wrong"))[0] == 401
    assert (await refusal(address, "", site.tokens["cdr:read"]))[0] == 403
    assert site.feed.followers == 0


async def test_one_follower_too_many_is_503(site: Site, address: str, refusal: Refusal) -> None:
    site.feed._max_followers = 0
    status, problem = await refusal(address, "", site.tokens["admin"])
    assert (status, problem["detail"]) == (503, "0 follow already")


async def test_a_browser_gives_the_key_as_a_subprotocol_which_is_not_told_back(
    site: Site, address: str
) -> None:
    offered = [Subprotocol("ntpd112.events"), Subprotocol(f"bearer.{site.tokens['calls:read']}")]
    async with connect(address, None, subprotocols=offered) as socket:
        assert socket.subprotocol == "ntpd112.events"
        assert (await some(messages_of(socket), 1))[0]["type"] == "heartbeat"


@pytest.mark.parametrize(
    ("reason", "code"), [("too_slow", 4008), ("shutting_down", 1001), ("key_withdrawn", 4001)]
)
async def test_a_websocket_closes_with_a_code_of_the_reason(
    site: Site, address: str, monkeypatch: pytest.MonkeyPatch, reason: str, code: int
) -> None:
    monkeypatch.setattr(following, "CHECK_S", 0.01)
    async with connect(address, site.tokens["calls:read"]) as socket:
        await some(messages_of(socket), 1)
        if reason == "too_slow":
            for follower in site.feed._joined:
                follower.end("too_slow")
        elif reason == "shutting_down":
            await site.feed.stop()
        else:
            await site.keys.revoke("calls-read")
        (last,) = await to_the_end(messages_of(socket))
        assert last["reason"] == reason
        assert (socket.close_code, socket.close_reason) == (code, reason)


async def test_a_websocket_takes_nothing(site: Site, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "HEARTBEAT_S", 0.01)
    monkeypatch.setattr(following, "CHECK_S", 0.01)
    async with connect(address, site.tokens["admin"]) as socket:
        await socket.send("hello")
        await to_the_end(messages_of(socket))
        assert socket.close_code == 1003


async def test_an_event_source_goes_on_by_its_last_event_id(site: Site, address: str) -> None:
    write(site, abandoned(call_id(1)))
    async with by_stream(address, site.tokens["admin"], "since=0") as told:
        third = (await some(told, 4))[-1]
    headers = {"Last-Event-ID": third["position"]}
    async with by_stream(address, site.tokens["admin"], "since=0", **headers) as told:
        _, fourth = await some(told, 2)
    assert fourth["type"] == "offer.ended"


async def test_followers_take_no_place_of_requests(site: Site, address: str) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(110):
            told = await stack.enter_async_context(by_stream(address, site.tokens["admin"]))
            await some(told, 1)
        assert (await site.client.get("/api/v1/calls")).status_code == 200


async def test_a_quiet_websocket_is_not_taken_for_a_stalled_connection(
    site: Site, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_server, "STALLED_S", 0.0)
    monkeypatch.setattr(api_server, "TICKS_A_SWEEP", 1)
    async with connect(address, site.tokens["admin"]) as socket:
        told = messages_of(socket)
        await some(told, 1)
        idle = await asyncio.open_connection(*address.rsplit(":", 1))
        async with asyncio.timeout(PATIENCE_S):
            assert await idle[0].read() == b""  # swept, the WebSocket with it if it were to be
        write(site, abandoned(call_id(1)))
        assert [m["type"] for m in await some(told, 1)] == ["call.started"]


async def test_who_asks_for_a_type_that_is_not_there_is_told_which_are(site: Site) -> None:
    answer = await site.client.get("/api/v1/events?types=x")
    assert all(name in answer.json()["detail"] for name in EVENT_TYPES)
