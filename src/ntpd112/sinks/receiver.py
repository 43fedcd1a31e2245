"""The edge to a webhook's receiver: one POST by httpx, in bounded time, with a bounded answer.

Only the configuration names URLs. Redirects are not followed and no proxy of the environment is used: an
event goes where the configuration says, or nowhere.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from ntpd112 import __version__
from ntpd112.config.webhooks import MAX_SECRETS, MIN_SECRET

from .delivery import Answer

CONNECT_S = 5.0
WHOLE_S = 10.0
"From the connection to the end of the answer."
MAX_ANSWER_BYTES = 4096
"Read of an answer; more is cut off."
MAX_SAID = 200
"Characters of it that a log line and the dead letters show."
MAX_CONNECTIONS = 16
"To one receiver."

logging.getLogger("httpx").setLevel(logging.WARNING)  # else a line for each request, with the URL

Post = Callable[[bytes, Mapping[str, str]], Awaitable[Answer]]
"Sends a body with headers. Never raises for what the receiver or the network does."
Open = Callable[[], AbstractAsyncContextManager[Post]]
"Raises OSError for files that cannot be read."


@dataclass(frozen=True, kw_only=True)
class ReceiverSettings:
    """`ca`: a file of certificates to trust instead of the system's."""

    url: str
    secrets: tuple[str, ...] = ()
    secret_file: Path | None = None
    "Instead, a secret a line; read anew for each batch, so that a new secret needs no restart."
    ca: Path | None = None

    def shown_url(self) -> str:
        """Without path and query, which may be all that a receiver knows us by."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def present_secrets(self) -> tuple[str, ...]:
        """The new one first. Blocks for the disk. Raises OSError, ValueError."""
        if self.secret_file is None:
            return self.secrets
        text = self.secret_file.read_text(encoding="utf-8")
        found = tuple(line.strip() for line in text.splitlines() if line.strip())
        if not 1 <= len(found) <= MAX_SECRETS or min(map(len, found)) < MIN_SECRET:
            raise ValueError(
                f'secret_file "{self.secret_file}" has to have one secret a line, '
                f"one or two of at least {MIN_SECRET} characters"
            )
        return found


def receiver_of(settings: ReceiverSettings) -> Open:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Post]:
        tls = await asyncio.to_thread(_trusting, settings.ca)
        async with httpx.AsyncClient(
            verify=tls,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(WHOLE_S, connect=CONNECT_S),
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS),
            headers={"User-Agent": f"ntpd112/{__version__}", "Accept-Encoding": "identity"},
        ) as client:

            async def post(body: bytes, headers: Mapping[str, str]) -> Answer:
                return await _post(client, settings.url, body, headers)

            yield post

    return opened


def _trusting(ca: Path | None) -> ssl.SSLContext:
    """Blocks for the disk. Raises OSError that names the file."""
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:  # also of what is no certificate
        raise OSError(f'ca "{ca}": {error.strerror or error}') from error


async def _post(client: httpx.AsyncClient, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    try:
        async with (
            asyncio.timeout(WHOLE_S),
            client.stream("POST", url, content=body, headers=headers) as response,
        ):
            said = await _beginning(response)
    except (httpx.TimeoutException, TimeoutError):
        return Answer(None, f"no answer within {WHOLE_S:.0f} s")
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        return Answer(None, str(error) or type(error).__name__)
    return Answer(response.status_code, said, _retry_after(response.headers.get("Retry-After", "")))


async def _beginning(response: httpx.Response) -> str:
    """Of the answer, in printable characters. What is not read closes the connection."""
    found = b""
    async for chunk in response.aiter_raw():
        found += chunk
        if len(found) >= MAX_ANSWER_BYTES:
            break
    text = found[:MAX_ANSWER_BYTES].decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MAX_SAID]


def _retry_after(value: str) -> float:
    """Seconds; the header has these or a date (RFC 9110 §10.2.3). 0: not given, or unreadable."""
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
