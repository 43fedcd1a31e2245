"""A call with losses on the way, as `ntpd112 trace` shows it to a network engineer."""

from __future__ import annotations

import json
import re

from ntpd112.cli.ladder import WIDTH

from .conftest import Stage
from .peers.agent import Settings
from .peers.scenario import ack, expect, hangs_up, invite, is_hung_up, pause, picks_up, progress

LATE_MS = 700
"After which it has been asked again: T1 is 500 ms."


def test_what_was_sent_again_stands_out(stage: Stage) -> None:
    agent = stage.agent(Settings(answer="ring"), siti={})
    received, *rings = picks_up()
    stage.sipp_phone(agent, "siti", received, pause(LATE_MS), *rings, *is_hung_up())
    acknowledged = [expect(200), pause(LATE_MS), ack()]
    caller = stage.caller(agent, invite(), *progress(), *acknowledged, pause(1500), *hangs_up())
    caller.start()
    caller.finish()
    (cdr,) = agent.wait_for_cdrs()
    agent.stop()

    drawn = agent.cli("trace", cdr["id"])
    lines = drawn.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert lines[1].split() == ["telco", "ntpd112", "siti"]
    assert "↻2 INVITE" in drawn
    assert "↻2 200 OK" in drawn
    assert any(line.startswith("   +1.") and "┊" in line for line in lines)
    remarks = [line for line in lines if line.startswith("! ")]
    assert [re.sub(r"in \d+ ms$", "", remark) for remark in remarks] == [
        "! INVITE (SDP) to siti was sent 2 times ",
        "! 200 OK (INVITE, SDP) to telco was sent 2 times ",
    ]

    told = json.loads(agent.cli("trace", cdr["id"], "--json"))
    assert [f"! {finding}" for finding in told["findings"]] == remarks
    assert {message["party"] for message in told["messages"]} == {"telco", "siti"}
    assert sorted({message["sent"] for message in told["messages"]}) == [1, 2]
