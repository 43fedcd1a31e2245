"""A telephone of the tests: an RTP socket that says a tone and keeps what it hears, in real time."""

from __future__ import annotations

import asyncio
import itertools
import random
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import numpy as np
from tests.srtp import Book
from tests.tones import Samples, decode, tone

from ntpd112.media import Closed, MediaClient, MediaEvent, MediaLeg, MediaSettings, Secured, rtp
from ntpd112.media.g711 import PAYLOAD_TYPES, SILENCE
from ntpd112.media.protocol import Law

FRAME_S = 0.02
LOOPBACK = MediaSettings(ports=(41000, 41399), bind={4: "127.0.0.1"}, reserve=8, no_audio_s=60.0)
TONE_LOOP_S = 1.0
"A whole number of periods of every tone the tests use."


class Phone:
    def __init__(self, host: str = "127.0.0.2", law: Law = "PCMA", hz: float | None = None) -> None:
        self.law = law
        self.sock, self.rtcp = _socket_pair(host)
        self.host, self.port = self.sock.getsockname()[:2]
        self.to: tuple[str, int] | None = None
        self.ssrc = random.getrandbits(32)
        self.sequence = random.getrandbits(16)
        self.timestamp = random.getrandbits(32)
        self.talking = True
        self.secured: Secured | None = None
        "As the leg has it: what is `ours` there is what the phone hears."
        self.unreadable = 0
        "Packets with another key, on their way when keys changed."
        self.heard: list[tuple[rtp.Packet, bytes, float]] = []
        "Packets, payloads and times of arrival."
        self.say(hz)

    def say(self, hz: float | None) -> None:
        """Say this tone from now on; None is silence."""
        sound = SILENCE[self.law] * 8000 if hz is None else tone(hz, TONE_LOOP_S, self.law)
        self.recite(sound)

    def recite(self, sound: bytes) -> None:
        """Say this over and over, in the phone's own law."""
        whole = len(sound) - len(sound) % 160
        self._frames = itertools.cycle([sound[n : n + 160] for n in range(0, whole, 160)])

    def call(self, leg: MediaLeg, *, send: bool = True, dtmf: int | None = 101) -> None:
        """Tell the leg about this phone, and talk to it."""
        self.to = ("127.0.0.1" if leg.family == 4 else "::1", leg.port)
        kind = PAYLOAD_TYPES[self.law]
        leg.remote(self.host, self.port, self.port + 1, self.law, kind, dtmf, send, self.secured)

    def step(self) -> None:
        """One packet of what it says."""
        if self.talking and self.to is not None:
            self.send(next(self._frames), PAYLOAD_TYPES[self.law])
        self.sequence += 1
        self.timestamp += 160

    def send(self, payload: bytes, payload_type: int, *, marker: bool = False) -> None:
        assert self.to is not None
        head = rtp.header(payload_type, self.sequence, self.timestamp, self.ssrc, marker=marker)
        data = head + payload
        if self.secured is not None:
            data = Book(self.secured.theirs, self.secured.suite).protect(data)
        self.sock.sendto(data, self.to)

    def listen(self) -> None:
        while True:
            try:
                data = self.sock.recv(2048)
            except BlockingIOError:
                return
            if self.secured is not None:
                book = Book(self.secured.ours, self.secured.suite)
                if not book.is_authentic(data):
                    self.unreadable += 1
                    continue
                data = book.unprotect(data)
            packet = rtp.parse(data)
            assert packet is not None, f"the worker sent no RTP: {data[:16]!r}"
            self.heard.append((packet, data[packet.start : packet.end], time.monotonic()))

    def sound(self, last_s: float | None = None) -> Samples:
        """What it heard, one packet after the other; only G.711 of its own law counts."""
        payloads = [p for head, p, _ in self.heard if head.payload_type == PAYLOAD_TYPES[self.law]]
        if last_s is not None:
            payloads = payloads[-int(last_s / FRAME_S) :]
        return decode(b"".join(payloads), self.law) if payloads else np.zeros(0)

    def close(self) -> None:
        self.sock.close()
        self.rtcp.close()


async def talk(seconds: float, *phones: Phone) -> None:
    """Let the phones talk and listen for a while."""
    due = time.monotonic()
    for _ in range(round(seconds / FRAME_S)):
        for phone in phones:
            phone.step()
        due += FRAME_S
        await asyncio.sleep(max(due - time.monotonic(), 0))
        for phone in phones:
            phone.listen()


Event = TypeVar("Event", bound=MediaEvent)


async def event_of(
    media: MediaClient, kind: type[Event], *, leg: int | None = None, timeout_s: float = 10.0
) -> Event:
    """The next event of the kind (and leg); others that came with it or before are dropped."""
    async with asyncio.timeout(timeout_s):
        while True:
            for event in media.events():
                if isinstance(event, kind) and leg in (None, getattr(event, "leg", None)):
                    return event
            await asyncio.sleep(0.01)


async def obeyed(media: MediaClient) -> None:
    """All commands so far have been carried out."""
    leg = media.open()
    leg.close()
    media.flush()
    await event_of(media, Closed, leg=leg.id)


@asynccontextmanager
async def running(settings: MediaSettings = LOOPBACK) -> AsyncIterator[MediaClient]:
    media = MediaClient()
    await media.start(settings)
    try:
        yield media
    finally:
        await media.stop()


def _socket_pair(host: str) -> tuple[socket.socket, socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(50):
        rtp_socket = socket.socket(family, socket.SOCK_DGRAM)
        rtp_socket.bind((host, 0))
        rtcp_socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            rtcp_socket.bind((host, rtp_socket.getsockname()[1] + 1))
        except OSError:
            rtp_socket.close()
            rtcp_socket.close()
            continue
        rtp_socket.setblocking(False)
        rtcp_socket.setblocking(False)
        return rtp_socket, rtcp_socket
    raise OSError(f"no two adjacent free ports on {host}")
