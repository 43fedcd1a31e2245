"""The edge to a receiver, where it misbehaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from ntpd112.sinks import ReceiverSettings, receiver_of
from ntpd112.sinks.delivery import Answer
from ntpd112.sinks.receiver import MAX_ANSWER_BYTES, MAX_SAID

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[str]:
    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except ConnectionError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(closing, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook?key=1"
    server.close()


def saying(answer: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(answer)
        await writer.drain()

    return serve


async def post(url: str, headers: dict[str, str] | None = None) -> Answer:
    async with receiver_of(ReceiverSettings(url=url))() as send:
        return await send(b"{}", headers or {})


async def test_what_is_sent_is_one_post_of_the_body_with_the_headers() -> None:
    came: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(await reader.readuntil(b"{}"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async with listening(serve) as url:
        assert await post(url, {"Ntpd112-Event": "cdr"}) == Answer(204)
    assert came[0].startswith(b"POST /hook?key=1 HTTP/1.1\r\n")
    assert b"ntpd112-event: cdr\r\n" in came[0].lower()


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    asked: list[str] = []

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append("here")

    async with listening(elsewhere) as other:
        moved = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {other}\r\nContent-Length: 0\r\n\r\n".encode()
        async with listening(saying(moved)) as url:
            answer = await post(url)
    assert (answer.status, answer.taken, asked) == (307, False, [])


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with listening(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as url:
        assert (await post(url)).taken


async def test_an_answer_without_end_is_read_in_part_and_shown_in_part() -> None:
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"{}")
        writer.write(b"HTTP/1.1 500 Oh\r\n\r\n<b>\x1b[31mwrong\r\n ")
        while True:
            writer.write(b"x" * 1000)
            await writer.drain()
            sent += 1000
            await asyncio.sleep(0)

    async with listening(serve) as url:
        answer = await post(url)
    assert answer.status == 500
    assert answer.said.startswith("<b> [31mwrong xxxx")
    assert len(answer.said) == MAX_SAID
    assert sent < 10_000_000 + MAX_ANSWER_BYTES


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"])
async def test_a_receiver_that_hangs_is_given_up(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ntpd112.sinks.receiver.WHOLE_S", 0.3)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await asyncio.Event().wait()

    async with listening(serve) as url:
        answer = await post(url)
    assert (answer.status, answer.taken) == (None, False)
    assert "no answer within" in answer.said


@pytest.mark.parametrize(
    "said", [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"]
)
async def test_what_is_no_whole_answer_is_none(said: bytes) -> None:
    async with listening(saying(said)) as url:
        answer = await post(url)
    assert (answer.status, bool(answer.said)) == (None, True)


async def test_nobody_listens() -> None:
    async with listening(saying(b"")) as url:
        pass
    answer = await post(url)
    assert (answer.status, bool(answer.said)) == (None, True)


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("120", 120, 120),
        ("{in an hour}", 3000, 3600),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("soon", 0, 0),
        ("-5", 0, 0),
        ("9" * 400, 0, 1e9),
    ],
)
async def test_retry_after_is_seconds_or_a_date(header: str, least: float, most: float) -> None:
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    header = header.replace("{in an hour}", in_an_hour)
    said = f"HTTP/1.1 503 Busy\r\nRetry-After: {header}\r\nContent-Length: 0\r\n\r\n".encode()
    async with listening(saying(said)) as url:
        assert least <= (await post(url)).retry_after_s <= most


async def test_certificates_that_are_not_there_are_an_error_at_opening(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        async with receiver_of(ReceiverSettings(url="https://127.0.0.1/", ca=tmp_path / "missing"))():
            pass
