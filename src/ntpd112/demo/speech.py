"""The sound of simulated phones: speech, G.711 A-law, 20 ms packets over real RTP (RFC 3550, RFC 3551)."""

from __future__ import annotations

import asyncio
import random
import struct
from importlib import resources

FRAME = 160
"Bytes and samples of one packet: 20 ms at 8 kHz."
FRAME_S = 0.02
SILENCE = b"\xd5" * FRAME
PCMA = 8


def load_speech(name: str) -> bytes:
    """A shipped A-law WAV as bare samples, padded to whole packets and followed by a second of silence."""
    file = resources.files("ntpd112.demo") / "speech" / f"{name}.wav"
    data = file.read_bytes()
    samples = data[data.index(b"data") + 8 :]
    samples += b"\xd5" * (-len(samples) % FRAME)
    return samples + SILENCE * 50


class Voice(asyncio.DatagramProtocol):
    """One phone's RTP socket: says its speech over and over while on, counts what it hears."""

    def __init__(self, speech: bytes) -> None:
        self._speech = speech
        self._position = 0
        self._sequence = random.getrandbits(16)
        self._timestamp = random.getrandbits(32)
        self._source = random.getrandbits(32)
        self._transport: asyncio.DatagramTransport | None = None
        self.heard = 0
        self.remote: tuple[str, int] | None = None

    async def open(self, host: str) -> int:
        """Bind; returns the port."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, 0))
        return int(self._transport.get_extra_info("sockname")[1])

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard += 1

    def error_received(self, exc: Exception) -> None:
        """The other side has hung up and its port is closed: no matter."""

    def send_frame(self) -> None:
        if self.remote is None or self._transport is None:
            return
        frame = self._speech[self._position : self._position + FRAME]
        self._position = (self._position + FRAME) % len(self._speech)
        header = struct.pack("!BBHII", 0x80, PCMA, self._sequence, self._timestamp, self._source)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + FRAME) & 0xFFFFFFFF
        self._transport.sendto(header + frame, self.remote)


async def speak(voices: set[Voice]) -> None:
    """Let every voice send its packet each 20 ms, paced by the clock so that it does not drift."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        for voice in list(voices):
            voice.send_frame()
        due = max(due + FRAME_S, loop.time() - 5 * FRAME_S)
        await asyncio.sleep(max(0.0, due - loop.time()))
