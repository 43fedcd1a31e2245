"""A call with losses on the way, as `ntpd112 trace` shows it to a network engineer."""

from __future__ import annotations

import json
import re
import time

from ntpd112.cli.ladder import WIDTH

from .conftest import Stage
from .peers.agent import Settings
from .peers.scenario import ack, expect, hangs_up, invite, is_hung_up, pause, picks_up, progress

SILENCE_S = 5
"After which the media worker says that nothing comes."
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


def remarks_of(drawn: str) -> list[str]:
    return [line.removeprefix("! ") for line in drawn.splitlines() if line.startswith("! ")]


def test_a_lost_ack_is_told_with_where_it_should_have_come(stage: Stage) -> None:
    agent = stage.agent(Settings(answer="ring"), siti={})
    stage.sipp_phone(agent, "siti", *picks_up(), *is_hung_up())
    caller = stage.caller(agent, invite(), *progress(), expect(200), pause(1700), *hangs_up())
    caller.start()
    caller.finish()
    (cdr,) = agent.wait_for_cdrs()

    (lost,) = [one for one in remarks_of(agent.cli("trace", cdr["id"])) if "not acknowledged" in one]
    assert re.match(r"200 OK \(INVITE, SDP\) to telco was sent \d times in \d+ ms and was not", lost)
    assert f"the ACK belongs to our Contact, sip:ntpd112@{agent.sip}, and did not come there" in lost


def test_one_way_audio_is_told_with_the_likely_cause(stage: Stage) -> None:
    agent = stage.agent(siti={})
    stage.sipp_phone(agent, "siti", *picks_up(), *is_hung_up())
    telco = stage.telco()
    telco.dial(f"sip:112@{agent.net.agent}")
    telco.wait_for_call()
    agent.program.wait_for_log("no sound arrives", within_s=3 * SILENCE_S)
    time.sleep(0.5)
    telco.hang_up()
    (cdr,) = agent.wait_for_cdrs()

    problems = agent.events(cdr["id"], "media.problem")
    (problem,) = [one for one in problems if one["kind"] == "one_way"]
    assert (problem["kind"], problem["party"], problem["name"]) == ("one_way", "operator", "siti")
    (told,) = [one for one in remarks_of(agent.cli("trace", cdr["id"])) if "one-way audio" in one]
    assert "not one RTP packet came from siti" in told
    assert f"our SDP: {agent.net.agent}:" in told
