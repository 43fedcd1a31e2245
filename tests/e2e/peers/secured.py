"""The sound of a peer by hand (`Raw`) that speaks SRTP with keys of its choice, also wrong ones, and keeps
what came over the wire as it came."""

from __future__ import annotations

import base64
import os
import re
import socket
import struct
import time

import numpy as np
from tests.srtp import RTP_HEADER, Book
from tests.tones import decode, tone

from .sound import Samples

FRAME_S = 0.02
FRAME_BYTES = 160
PCMA = 8
FULL_SCALE = 32768.0


class SecuredSound:
    """One RTP socket that says its tone while `talk` runs."""

    def __init__(self, host: str, hz: float) -> None:
        self._version = 6 if ":" in host else 4
        family = socket.AF_INET6 if self._version == 6 else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.setblocking(False)
        self.host, self.port = self._socket.getsockname()[:2]
        self._tone = tone(hz, 1.0)
        self._number = 1
        self._to = ("", 0)
        self.wire: list[bytes] = []
        "Packets as they came."
        self.sent: list[bytes] = []
        self.change_key()

    def close(self) -> None:
        self._socket.close()

    def change_key(self) -> None:
        """A new key and a new stream from here on; `description` says the key."""
        self._key, self._ssrc = os.urandom(30), os.urandom(4)
        self._ours = Book(self._key)

    def forget_key(self) -> None:
        """Sends by a key that nobody was told, from here on."""
        self._ours = Book(os.urandom(30))

    def description(self, version: int = 1) -> str:
        key = base64.b64encode(self._key).decode()
        here = f"IN IP{self._version} {self.host}"
        return (
            f"v=0\r\no=peer 1 {version} {here}\r\ns=-\r\nc={here}\r\nt=0 0\r\n"
            f"m=audio {self.port} RTP/SAVP {PCMA}\r\na=rtpmap:{PCMA} PCMA/8000\r\n"
            f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}\r\n"
        )

    def agree(self, answer: str) -> str:
        """Takes the other side's answer; its key."""
        port, key = re.search(r"m=audio (\d+) RTP/SAVP", answer), re.search(r"inline:(\S+)", answer)
        address = re.search(rf"c=IN IP{self._version} (\S+)", answer)
        assert port, f"it is not secured: {answer}"
        assert address
        assert key
        self._to = (address[1], int(port[1]))
        self._theirs = Book(base64.b64decode(key[1]))
        return key[1]

    def talk(self, seconds: float) -> None:
        """Says its tone, and collects in `wire` what comes meanwhile."""
        self._collect()
        self.wire.clear()
        begin = time.monotonic()
        for frame in range(round(seconds / FRAME_S)):
            time.sleep(max(0.0, begin + frame * FRAME_S - time.monotonic()))
            self._say(frame)
            self._collect()

    def repeat(self, packets: int) -> None:
        """Its last packets once more, in the time that they took."""
        for packet in self.sent[-packets:]:
            self._socket.sendto(packet, self._to)
            time.sleep(FRAME_S / 2)

    def _say(self, frame: int) -> None:
        at = frame * FRAME_BYTES % len(self._tone)
        head = struct.pack("!BBHI4s", 0x80, PCMA, self._number, self._number * FRAME_BYTES, self._ssrc)
        self._number += 1
        self.sent.append(self._ours.protect(head + self._tone[at : at + FRAME_BYTES]))
        self._socket.sendto(self.sent[-1], self._to)

    def _collect(self) -> None:
        try:
            while True:
                self.wire.append(self._socket.recv(2000))
        except BlockingIOError:
            pass

    def overheard(self) -> Samples:
        """What somebody on the wire makes of it who takes the payload for G.711."""
        return _sound([packet[RTP_HEADER:-10] for packet in self.wire])

    def heard(self) -> Samples:
        """What comes out with the key that was agreed on; packets of another are left out."""
        theirs = self._theirs
        authentic = [packet for packet in self.wire if theirs.is_authentic(packet)]
        return _sound([theirs.unprotect(packet)[RTP_HEADER:] for packet in authentic])


def _sound(payloads: list[bytes]) -> Samples:
    return np.asarray(decode(b"".join(payloads)) / FULL_SCALE)
