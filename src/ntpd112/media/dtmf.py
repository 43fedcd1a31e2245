"""Telephone events (RFC 4733): a press is many packets with one timestamp, its end is sent three times and
can still be lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .g711 import SAMPLE_RATE

DIGITS: Final = "0123456789*#ABCD"
END_LOST_S: Final = 0.3
"Packets of a press come every 20 to 50 ms; after this pause its end was lost."


@dataclass(slots=True)
class _Press:
    ssrc: int
    start: int
    digit: str
    duration: int
    earlier: int
    "Samples of the segments before, of a press longer than 65,535 samples (§2.5.1.3)."
    heard_at: float
    over: bool = False

    @property
    def key(self) -> tuple[str, int]:
        return self.digit, round((self.earlier + self.duration) * 1000 / SAMPLE_RATE)


class DtmfReceiver:
    """`feed` and `expire` give finished presses as (digit, duration in ms), each once."""

    __slots__ = ("_press",)

    def __init__(self) -> None:
        self._press: _Press | None = None

    def feed(
        self, ssrc: int, timestamp: int, marker: bool, payload: bytes, now: float
    ) -> list[tuple[str, int]]:
        """A telephone-event packet. Other events than DTMF (hook flash, fax tones) and garbage: none."""
        if len(payload) < 4 or payload[0] >= len(DIGITS):
            return []
        digit = DIGITS[payload[0]]
        end = bool(payload[1] & 0x80)
        duration = int.from_bytes(payload[2:4], "big")
        finished = []
        press = self._press
        if press is None or (press.ssrc, press.start) != (ssrc, timestamp):
            if press is not None and not press.over and self._continues(press, timestamp, digit, marker):
                press.earlier += press.duration
                press.start = timestamp
                press.duration = 0
            else:
                if press is not None and _is_older(timestamp, press, ssrc):
                    return []
                finished += self._finish()
                press = self._press = _Press(ssrc, timestamp, digit, 0, 0, now)
        press.duration = max(press.duration, duration)
        press.heard_at = now
        if end:
            finished += self._finish()
        return finished

    def expire(self, now: float) -> list[tuple[str, int]]:
        """The press whose end was lost, once nothing more is heard of it."""
        if self._press is not None and now - self._press.heard_at >= END_LOST_S:
            return self._finish()
        return []

    def _finish(self) -> list[tuple[str, int]]:
        press = self._press
        if press is None or press.over:
            return []
        press.over = True
        return [press.key]

    @staticmethod
    def _continues(press: _Press, timestamp: int, digit: str, marker: bool) -> bool:
        follows = (timestamp - press.start) & 0xFFFFFFFF == press.duration
        return not marker and digit == press.digit and follows


def _is_older(timestamp: int, press: _Press, ssrc: int) -> bool:
    """A straggler of a press before the present one."""
    return ssrc == press.ssrc and (timestamp - press.start) & 0xFFFFFFFF >= 0x80000000
