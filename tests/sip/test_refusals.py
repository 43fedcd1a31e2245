"""What trunks are refused is told completely, at a bounded rate, whatever comes."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ntpd112.sip.core import Core, UaConfig
from ntpd112.sip.events import TrunkRefused
from ntpd112.sip.randomness import random_key
from ntpd112.sip.refusals import REPORT_TRUNK_S, TrunkRefusals
from ntpd112.sip.trunks import Trunks, TrunkSpec

PAUSES = st.lists(st.floats(0, 200), max_size=60)
"Seconds between refused calls."


@given(PAUSES)
def test_each_refused_call_is_told_once_and_no_two_reports_come_within_a_minute(pauses: list[float]) -> None:
    core = Core(UaConfig(), lambda: "t", random_key)
    (trunk,) = Trunks([TrunkSpec("pbx", ["192.0.2.1"], 1, options_s=0)])
    refusals, now = TrunkRefusals(core, trunk, "trunk full"), 0.0
    told: list[tuple[float, int]] = []

    def take() -> None:
        told.extend((now, event.count) for event in core.events if isinstance(event, TrunkRefused))
        core.events.clear()

    def go_on(end: float) -> None:
        nonlocal now
        while (due := core.timers.next()) is not None and due <= end:
            now = due
            core.timers.fire(now)
            take()
        now = end

    for pause in pauses:
        go_on(now + pause)
        refusals.add("full", now)
        take()
    go_on(now + 2 * REPORT_TRUNK_S + 1)
    assert sum(count for _, count in told) == len(pauses) == trunk.refused["trunk full"]
    gaps = [after - before for (before, _), (after, _) in pairwise(told)]
    assert all(gap >= REPORT_TRUNK_S - 1e-6 for gap in gaps)
    assert core.timers.next() is None
