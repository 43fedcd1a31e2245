"""What is taken for a voice, and what is not: speech, and everything else that a line can sound like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tones import decode

import ntpd112.demo
from ntpd112.media import MediaClient, Voice
from ntpd112.media.g711 import ENCODE_SAMPLE
from ntpd112.media.prompts import FOLDER
from ntpd112.media.voice import ACTIVE_FRAMES, HISTORY_FRAMES, VoiceWatch
from ntpd112.media.wav import read_alaw_mono

from .conftest import MakePhone
from .phone import event_of, talk

Sound = npt.NDArray[np.float64]
RATE = 8000
SPEECH = sorted((Path(ntpd112.demo.__file__).parent / "speech").glob("*.wav"))
SPEECH += [FOLDER / language / "welcome.wav" for language in ("id", "en")]
CODES = np.array([ENCODE_SAMPLE["PCMA"](sample) for sample in range(-32768, 32768)], np.uint8)
SECOND_MS = 1000


def speech(path: Path, dbfs: float) -> Sound:
    """Spoken at this level, its pauses not counted."""
    sound = decode(read_alaw_mono(path))
    power = np.array([np.mean(sound[n : n + 160] ** 2) for n in range(0, len(sound) - 159, 160)])
    return np.asarray(sound * amplitude(dbfs) / np.sqrt(power[power > power.max() / 300].mean()))


def amplitude(dbfs: float) -> float:
    return float(32768 * 10 ** (dbfs / 20))


def noise(seconds: float, dbfs: float, seed: int, *, low_hz: float = 0, high_hz: float = 4000) -> Sound:
    """Noise of a band; below 200 Hz the rumble of a car, above 300 the hiss of a line."""
    count = int(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    bins = np.fft.rfftfreq(count, 1 / RATE)
    spectrum[(bins < low_hz) | (bins > high_hz)] = 0
    sound = np.fft.irfft(spectrum, count)
    return np.asarray(sound * amplitude(dbfs) / np.sqrt(np.mean(sound**2)))


def tone(*tones_hz: float, seconds: float = 6, on_s: float = 1, off_s: float = 0) -> Sound:
    times = np.arange(int(seconds * RATE)) / RATE
    sound = np.sum([np.sin(2 * np.pi * hz * times) for hz in tones_hz], axis=0) * 8000 / len(tones_hz)
    return np.asarray(sound * (times % (on_s + off_s) < on_s))


def silence(seconds: float) -> Sound:
    return np.zeros(int(seconds * RATE))


def detected(sound: Sound, *, packet: int = 160, pauses: tuple[float, ...] = ()) -> int | None:
    """When a voice is reported to have begun; the packets come as they are spoken, those of digital silence
    too, but not what begins within the seconds in `pauses`."""
    watch = VoiceWatch(100.0)
    codes = CODES[np.clip(np.rint(sound), -32768, 32767).astype(int) + 32768].tobytes()
    for start in range(0, len(codes), packet):
        if int(start / RATE) not in pauses:
            at = 100.0 + (start + packet) / RATE
            watch.inbox.append((at, 1, start, False, codes[start : start + packet]))
        after_ms = watch.after_ms()
        if after_ms is not None:
            return after_ms
    return None


@pytest.mark.parametrize("path", SPEECH, ids=lambda path: path.stem)
@pytest.mark.parametrize("dbfs", [-10, -20, -30, -40, -45])
@pytest.mark.parametrize("line_dbfs", [None, -65])
def test_speech_is_heard_from_loud_to_whispered(path: Path, dbfs: float, line_dbfs: float | None) -> None:
    spoken = np.concatenate([silence(1), speech(path, dbfs)])
    if line_dbfs is not None:
        spoken = spoken + noise(len(spoken) / RATE, line_dbfs, 1)[: len(spoken)]
    began_ms = detected(spoken)
    assert began_ms is not None
    assert SECOND_MS - 20 <= began_ms <= (2 if dbfs > -45 else 3) * SECOND_MS


@pytest.mark.parametrize("path", SPEECH, ids=lambda path: path.stem)
@pytest.mark.parametrize("cut_s", [0, 0.13, 0.4, 0.7])
def test_who_is_speaking_already_when_the_watch_begins_is_heard(path: Path, cut_s: float) -> None:
    began_ms = detected(speech(path, -25)[int(cut_s * RATE) :])
    assert began_ms is not None
    assert began_ms <= SECOND_MS


@pytest.mark.parametrize("path", SPEECH, ids=lambda path: path.stem)
@pytest.mark.parametrize("band", [(0, 200), (300, 3400)], ids=["car", "hiss"])
def test_speech_is_heard_through_noise(path: Path, band: tuple[float, float]) -> None:
    spoken = np.concatenate([silence(1), speech(path, -22), silence(1)])
    around = noise(len(spoken) / RATE + 1, -37, 7, low_hz=band[0], high_hz=band[1])[: len(spoken)]
    began_ms = detected(spoken + around)
    assert began_ms is not None
    assert began_ms >= SECOND_MS - 200


@pytest.mark.parametrize("packet", [80, 240, 320, 480])
def test_packets_may_be_of_any_length(packet: int) -> None:
    began_ms = detected(np.concatenate([silence(1), speech(SPEECH[0], -25)]), packet=packet)
    assert began_ms is not None
    assert SECOND_MS - 100 <= began_ms <= 2 * SECOND_MS


def test_phone_that_sends_nothing_while_it_is_silent_is_heard_when_it_speaks() -> None:
    spoken = np.concatenate([silence(3), speech(SPEECH[0], -25)])
    began_ms = detected(spoken, pauses=(0, 1, 2))
    assert began_ms is not None
    assert began_ms >= 3 * SECOND_MS - 20


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(-70, -12),
    st.sampled_from([(0, 4000), (0, 200), (100, 1000), (300, 3400), (2000, 4000)]),
    st.sampled_from([0.0, 0.31, 1.0]),
)
def test_noise_is_no_voice_however_loud_also_when_it_sets_in_at_once(
    seed: int, dbfs: float, band: tuple[float, float], after_s: float
) -> None:
    around = noise(8, dbfs, seed, low_hz=band[0], high_hz=band[1])
    assert detected(np.concatenate([silence(after_s), around, silence(0.3)])) is None


@pytest.mark.parametrize(
    "sound",
    [
        tone(425),
        tone(350, 440),
        tone(425, on_s=0.5, off_s=0.5),
        tone(425, on_s=1, off_s=4),
        tone(440, 480, on_s=2, off_s=4),
        tone(480, 620, on_s=0.25, off_s=0.25),
        tone(1100, on_s=0.5, off_s=3),
        tone(50, 150, 250),
    ],
    ids=["dial", "dial-two", "busy", "ringback", "ringback-two", "congestion", "fax", "hum"],
)
@pytest.mark.parametrize("after_s", [0, 0.503])
@pytest.mark.parametrize("line_dbfs", [None, -60, -45])
def test_tones_are_no_voice(sound: Sound, after_s: float, line_dbfs: float | None) -> None:
    sound = np.concatenate([silence(after_s), sound])
    if line_dbfs is not None:
        sound = sound + noise(7, line_dbfs, 3)[: len(sound)]
    assert detected(sound) is None


@given(st.lists(st.floats(0.0, 5.9), max_size=20), st.floats(500, 30000))
def test_clicks_are_no_voice(times_s: list[float], peak: float) -> None:
    sound = noise(6, -60, 5)
    for at in times_s:
        sound[int(at * RATE) : int(at * RATE) + 40] += peak
    assert detected(sound) is None


def test_knock_as_short_as_a_cough_is_no_voice() -> None:
    decay = noise(ACTIVE_FRAMES * 0.02 - 0.06, -15, 6)
    decay *= np.linspace(1, 0.1, len(decay))
    sound = np.concatenate([silence(1), decay, silence(2)])
    assert detected(sound + noise(4, -60, 2)[: len(sound)]) is None


def test_nothing_and_silence_are_no_voice() -> None:
    assert detected(silence(0)) is None
    assert detected(silence(5)) is None


@given(
    st.lists(st.tuples(st.floats(0, 3), st.binary(max_size=500)), max_size=150),
)
def test_watch_is_bounded_whatever_comes(packets: list[tuple[float, bytes]]) -> None:
    watch = VoiceWatch(0.0)
    now = 0.0
    for pause, sound in packets:
        now += pause
        watch.inbox.append((now, 1, 0, False, sound))
        after_ms = watch.after_ms()
        assert after_ms is None or 0 <= after_ms <= now * 1000
        assert len(watch._frames) <= HISTORY_FRAMES
        assert not watch.inbox


async def test_voice_is_told_once_for_each_watch(media: MediaClient, phone: MakePhone) -> None:
    caller = phone()
    leg = media.open()
    caller.call(leg)
    leg.watch_voice(True)
    media.flush()
    await talk(0.6, caller)
    assert not [event for event in media.events() if isinstance(event, Voice)]
    caller.recite(read_alaw_mono(SPEECH[0]))
    await talk(2.0, caller)
    told = await event_of(media, Voice)
    assert told.leg == leg.id
    assert 400 <= told.after_ms <= 2600
    await talk(0.5, caller)
    assert not [event for event in media.events() if isinstance(event, Voice)]
    leg.watch_voice(True)
    media.flush()
    await talk(1.5, caller)
    assert (await event_of(media, Voice)).leg == leg.id


async def test_watch_that_was_ended_tells_nothing(media: MediaClient, phone: MakePhone) -> None:
    caller = phone()
    leg = media.open()
    caller.call(leg)
    leg.watch_voice(True)
    leg.watch_voice(False)
    media.flush()
    caller.recite(read_alaw_mono(SPEECH[0]))
    await talk(2.0, caller)
    assert not [event for event in media.events() if isinstance(event, Voice)]
