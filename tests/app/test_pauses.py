"""How long the event loop stood still is told of the last minute, to whoever asks and however often."""

from __future__ import annotations

import structlog
from structlog.testing import capture_logs

from ntpd112.app.pauses import LONG_S, PERIOD_S, PERIODS, Pauses


def test_the_longest_pause_is_told_for_a_minute_and_then_forgotten() -> None:
    pauses = Pauses()
    pauses.note(0.25, now=0.0)
    for period in range(1, PERIODS):
        pauses.note(0.001, now=period * PERIOD_S)
        assert pauses.longest_s == 0.25
    pauses.note(0.002, now=PERIODS * PERIOD_S)
    assert pauses.longest_s == 0.002


def test_every_look_counts_and_an_early_one_is_no_pause() -> None:
    pauses = Pauses()
    pauses.note(-0.001, now=0.0)
    pauses.note(0.03, now=0.1)
    assert (pauses.seen.total, pauses.seen.sum) == (2, 0.03)


def test_a_long_pause_is_said_in_the_log() -> None:
    structlog.reset_defaults()
    with capture_logs() as lines:
        Pauses().note(LONG_S, now=0.0)
    assert [line["log_level"] for line in lines] == ["warning"]
