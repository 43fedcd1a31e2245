"""The program of `receiver.py`: HOST PORT FILE-OF-WHAT-IS-TAKEN FILE-WITH-THE-MODE."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import uvicorn

HOST, PORT, TAKEN, MODE = sys.argv[1:]
ELSEWHERE = "/elsewhere"
ANSWERS: dict[str, tuple[int, list[tuple[bytes, bytes]]]] = {
    "takes": (204, []),
    "fails": (500, []),
    "redirects": (307, [(b"location", ELSEWHERE.encode())]),
    "gone": (410, []),
}


async def receive_all(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


def mode() -> str:
    return Path(MODE).read_text()


def take(headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    names = {name.decode(): value.decode() for name, value in headers}
    with Path(TAKEN).open("a") as file:
        file.write(json.dumps({"headers": names, "body": body.decode()}) + "\n")


async def app(scope: Any, receive: Any, send: Any) -> None:
    body = await receive_all(receive)
    print("ASKED", scope["path"], flush=True)
    now = mode()
    if now == "hangs":
        await asyncio.Event().wait()
    if now == "takes":
        take(scope["headers"], body)
    status, headers = ANSWERS[now]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


uvicorn.run(app, host=HOST, port=int(PORT), lifespan="off", log_level="warning", timeout_graceful_shutdown=1)
