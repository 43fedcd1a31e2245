"""What parties of a call have heard, by the tones in it."""

from __future__ import annotations

import time

from .conftest import CALLER_TONE, OPERATOR_TONE
from .peers.agent import Agent, Json
from .peers.baresip import Baresip
from .peers.sound import Samples, Sound, read_wav, tone_level
from .peers.waiting import eventually

TALK_S = 3.0
"Seconds that are talked: one more than is listened to, since sound begins late on a busy machine."
LISTENED_S = 2.0
"The last seconds of a call, of which the last half is left out."
HEARD_DBFS = -25.0
"The tones are sent at -6 dBFS."
UNHEARD_DBFS = -45.0
THIRD_TONE = 700
TONES = (CALLER_TONE, OPERATOR_TONE, THIRD_TONE)


def tones_of(samples: Samples, rate: int = 8000) -> set[int]:
    """The test's tones that are heard; one that is neither there nor clearly absent fails the test."""
    levels = {tone: tone_level(samples, tone, rate) for tone in TONES}
    unclear = {tone: level for tone, level in levels.items() if UNHEARD_DBFS < level < HEARD_DBFS}
    assert not unclear, f"neither heard nor silent: {levels}"
    return {tone for tone, level in levels.items() if level >= HEARD_DBFS}


def heard(phone: Baresip) -> set[int]:
    """In the last seconds of the phone's only call, which is over or about to be."""
    phone.wait_for_end()

    def whole() -> Sound | None:
        """baresip writes its file to the end a moment after the call's."""
        sound = read_wav(phone.heard())
        return sound if sound.seconds >= LISTENED_S else None

    sound = eventually(whole, "the phone has written down what it heard")
    assert sound is not None
    return tones_of(sound.part(-LISTENED_S, -0.5).channels[0], sound.rate)


def recorded(agent: Agent, cdr: Json) -> tuple[set[int], set[int]]:
    """In the last seconds of the recording: the caller's channel and the others'."""
    file = agent.folder / "recordings" / cdr["recording"]
    sound = read_wav(file).part(-LISTENED_S, -0.5)
    caller, others = (tones_of(channel, sound.rate) for channel in sound.channels)
    return caller, others


def talk(agent: Agent, caller: Baresip, called: Baresip, ends: Baresip | None = None) -> None:
    """The call, which is there or about to be, is talked on and ended, by the caller unless by `ends`; each
    has heard the other and nothing else."""
    agent.wait_for_calls("talking")
    time.sleep(TALK_S)
    (ends or caller).hang_up()
    assert heard(caller) == {OPERATOR_TONE}
    assert heard(called) == {CALLER_TONE}
