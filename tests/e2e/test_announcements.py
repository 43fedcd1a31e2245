"""Announcements of the site's own, as callers hear them."""

from __future__ import annotations

import io
import struct
import time
import wave

from .conftest import Stage
from .peers.agent import Agent, Settings
from .peers.sound import read_wav, sine, tone_level
from .peers.waiting import eventually

TONE = 1000
RATE = 44_100
LONG_S = 20.0
"Longer than it is listened to."
LISTEN_S = 2.0
HEARD_DBFS = -30.0
UNHEARD_DBFS = -45.0


def studio_recording() -> bytes:
    """A tone as studios hand it over: 44.1 kHz, stereo, 16 bits."""
    samples = [int(32767 * sample) for sample in sine(TONE, LONG_S, RATE, amplitude=0.25)]
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(b"".join(struct.pack("<hh", sample, sample) for sample in samples))
    return sound.getvalue()


def tone_heard_by_a_caller(stage: Stage, agent: Agent) -> float:
    """Level of the tone in what somebody hears who waits, dBFS."""
    telco = stage.telco()
    telco.dial(f"sip:112@{agent.net.agent}")
    agent.wait_for_calls("waiting")
    time.sleep(LISTEN_S)
    telco.hang_up()
    agent.wait_for_calls()
    sound = read_wav(telco.heard())
    telco.stop()
    return tone_level(sound.part(0.5, sound.seconds - 0.2).channels[0], TONE, sound.rate)


def test_an_announcement_put_over_rest_is_what_callers_hear_until_it_is_removed(
    stage: Stage,
) -> None:
    agent = stage.agent(Settings(announcement="welcome"))

    made = agent.upload("/prompts/id/welcome", studio_recording())

    assert made == {"language": "id", "name": "welcome", "seconds": LONG_S, "doubts": []}
    agent.program.wait_for_log("announcements are read again")
    eventually(lambda: tone_heard_by_a_caller(stage, agent) > HEARD_DBFS, "callers hear the new one")

    assert agent.request("DELETE", "/prompts/id/welcome").status_code == 204
    agent.program.wait_for_log("announcements are read again", times=2)
    eventually(lambda: tone_heard_by_a_caller(stage, agent) < UNHEARD_DBFS, "callers hear the built-in one")
