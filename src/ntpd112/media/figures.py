"""What the legs of all workers were like, counted for the metrics as the workers report it."""

from __future__ import annotations

from ntpd112.histogram import Histogram

from .events import Closed, NoAudio
from .protocol import Report

JITTER_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2)
"Seconds. A phone's buffer of 30 to 60 ms takes what is below."
LOSS_BUCKETS = (0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25)
"Shares of a leg's packets. G.711 is heard to suffer from 1 % on."


class Figures:
    """Everything since the start. A leg's quality is known when it is closed."""

    def __init__(self) -> None:
        self.legs = 0
        "Closed."
        self.mute = 0
        "Closed without one packet received."
        self.lost = 0
        self.remote_lost = 0
        "Of the packets that we sent, as the peers counted."
        self.jitter = Histogram(*JITTER_BUCKETS_S)
        self.remote_jitter = Histogram(*JITTER_BUCKETS_S)
        "As the peers heard us."
        self.loss = Histogram(*LOSS_BUCKETS)
        self.silent = 0
        "Times that sound stopped for longer than `no_audio_s` where there had been some."
        self.never_heard = 0
        "Legs that had been silent for so long from the first: one-way audio."
        self.unauthentic = 0
        "Packets to legs with SRTP that their peers' keys have not secured; of legs that are closed."
        self.workers_lost = 0

    def take(self, report: Report) -> None:
        if isinstance(report, NoAudio):
            if report.never:
                self.never_heard += 1
            else:
                self.silent += 1
        elif isinstance(report, Closed):
            self._closed(report)

    def _closed(self, closed: Closed) -> None:
        quality = closed.quality
        self.legs += 1
        self.lost += quality.lost
        self.unauthentic += quality.unauthentic
        self.remote_lost += quality.remote_lost or 0
        if quality.packets:
            self.jitter.observe(quality.jitter_ms / 1000)
            self.loss.observe(quality.lost / (quality.packets + quality.lost))
        else:
            self.mute += 1
        if quality.remote_jitter_ms is not None:
            self.remote_jitter.observe(quality.remote_jitter_ms / 1000)
