"""What differs from telco to telco, as their own equipment sees it: codecs, session timers, 100rel, numbers
and early media."""

from __future__ import annotations

import time

from ntpd112.media.tones import FREQUENCY_HZ

from .conftest import Stage
from .peers.agent import OUTSIDE, Settings
from .peers.scenario import (
    ack,
    bye,
    confirm,
    expect,
    expect_request,
    invite,
    pause,
    picks_up,
    request,
)
from .peers.sound import read_wav, tones_in_turn
from .test_ways_out import HEARD_DBFS, TALK_S, TO_POLICE

POLICE = """[[destination]]
name = "police"
to = "trunk:mobile/+62318411110"
"""


def mobile(stage: Stage, *keys: str) -> str:
    host = stage.net.phone(OUTSIDE)
    return "\n".join(
        [
            "[[trunk]]",
            'name = "mobile"',
            f'peers = ["{host}"]',
            f'to = "sip:{host}"',
            'options = "0s"',
            *keys,
            "",
        ]
    )


def test_a_call_that_comes_and_one_that_goes_are_as_the_trunk_has_them(stage: Stage) -> None:
    """Nobody serves, so the police are rung for the caller by the trunk that the call came from."""
    trunk = mobile(
        stage,
        'codecs = ["pcmu", "pcma"]',
        'session_timer = "10m"',
        'session_refresher = "peer"',
        'reliable_provisional = "required"',
        'early_media = "announce"',
        'numbers_out = [{ from = "+62*", to = "0*" }]',
        'callers_out = [{ from = "08*", to = "+628*" }]',
        'present = "112"',
        'present_in = "asserted"',
    )
    agent = stage.agent(Settings(answer="ring", queue=TO_POLICE, sections=trunk + POLICE))
    asked = (
        "^INVITE sip:0318411110@.*From: .*sip:[+]628123456789@.*Session-Expires: *600;refresher=uas.*"
        "P-Asserted-Identity: *<sip:112@.*Require: *100rel.*RTP/AVP 0 8 101"
    )
    answers = [expect_request("INVITE", contains=asked), *picks_up()[1:]]
    police = stage.sipp_outside(*answers, expect_request("BYE"), confirm())

    stage.caller(
        agent,
        invite(headers=["Supported: 100rel, timer"]),
        expect(100, optional=True),
        expect(183, contains="Require:.*100rel.*RTP/AVP 0 101", keep="RSeq"),
        request("PRACK", cseq=2, headers=["RAck:[$4] 1 INVITE"]),
        expect(200),
        expect(200, contains="Session-Expires: *600;refresher=uac"),
        ack(),
        pause(500),
        bye(cseq=3),
        expect(200),
        host=stage.net.phone(OUTSIDE),
    ).run()

    police.finish()
    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["trunk"], cdr["disposition"]) == ("mobile", "overflowed")


def test_who_is_left_ringing_hears_our_ring_back_before_any_answer(stage: Stage) -> None:
    trunk = mobile(stage, 'early_media = "announce"')
    agent = stage.agent(Settings(answer="ring", sections=trunk))
    telco = stage.telco(host=stage.net.phone(OUTSIDE))

    telco.dial(f"sip:112@{stage.net.agent}")
    (call,) = agent.wait_for_calls("waiting")
    time.sleep(TALK_S)
    assert not agent.events(call["id"], "call.accepted")
    telco.hang_up()

    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["disposition"], cdr["sip_code"]) == ("abandoned", 487)
    ((_, seconds),) = tones_in_turn(read_wav(telco.heard()), [FREQUENCY_HZ], HEARD_DBFS)
    assert seconds > 0.5
