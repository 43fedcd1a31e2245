"""Uploaded recordings made announcements: whatever format they come in, and what is refused."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tones import Samples, decode, level, loudness

from ntpd112.media.convert import MAX_FILE_BYTES, PEAK_DBFS, BadSound, convert, prepare
from ntpd112.media.g711 import encode_alaw_sample, encode_ulaw_sample
from ntpd112.media.prompts import FOLDER
from ntpd112.media.wav import alaw_header, read_alaw_mono

FULL = 32768


def wave(hz: float, seconds: float, rate: int, amplitude: float = 0.3) -> npt.NDArray[np.float64]:
    """A sine, 1.0 is full scale."""
    return amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)


def encode(samples: npt.NDArray[np.float64], kind: str) -> bytes:
    match kind:
        case "u8":
            return np.rint(samples * 127 + 128).astype(np.uint8).tobytes()
        case "s16":
            return np.rint(samples * 32767).astype("<i2").tobytes()
        case "s24":
            wide = np.rint(samples * (2**23 - 1)).astype("<i4").view(np.uint8)
            return wide.reshape(-1, 4)[:, :3].tobytes()
        case "s32":
            return np.rint(samples * (2**31 - 1)).astype("<i4").tobytes()
        case "f32":
            return samples.astype("<f4").tobytes()
        case "f64":
            return samples.astype("<f8").tobytes()
        case "alaw":
            return bytes(encode_alaw_sample(int(sample * 32767)) for sample in samples)
        case _:
            return bytes(encode_ulaw_sample(int(sample * 32767)) for sample in samples)


FORMATS = {
    "u8": (1, 8),
    "s16": (1, 16),
    "s24": (1, 24),
    "s32": (1, 32),
    "f32": (3, 32),
    "f64": (3, 64),
    "alaw": (6, 8),
    "ulaw": (7, 8),
}


def wav(
    samples: npt.NDArray[np.float64],
    rate: int = 8000,
    kind: str = "s16",
    channels: int = 1,
    *,
    extensible: bool = False,
) -> bytes:
    """A file of it; of several channels each has the same sound."""
    tag, bits = FORMATS[kind]
    data = encode(np.repeat(samples, channels), kind)
    size = channels * bits // 8
    head = struct.pack("<HHIIHH", 0xFFFE if extensible else tag, channels, rate, rate * size, size, bits)
    if extensible:
        head += struct.pack("<HHIH", 22, bits, 0, tag) + bytes.fromhex("000000001000800000aa00389b71")
    body = b"fmt " + struct.pack("<I", len(head)) + head + b"LIST\x04\0\0\0abcd"
    body += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def heard(file: bytes, tmp_path: Path) -> Samples:
    path = tmp_path / "made.wav"
    path.write_bytes(file)
    return decode(read_alaw_mono(path))


def pitch(samples: Samples) -> float:
    """The strongest frequency."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * 8000 / len(samples))


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000])
def test_tone_keeps_its_pitch_and_length_from_any_rate(rate: int, tmp_path: Path) -> None:
    made = heard(convert(wav(wave(1000, 2, rate), rate)), tmp_path)
    assert len(made) / 8000 == pytest.approx(2, abs=0.01)
    assert pitch(made) == pytest.approx(1000, rel=0.01)
    assert level(made[800:-800], 1000) > 0.95 * np.sqrt(2) * loudness(made[800:-800])


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("extensible", [False, True])
def test_every_kind_of_sample_is_read(kind: str, channels: int, extensible: bool, tmp_path: Path) -> None:
    file = wav(wave(1000, 1, 16000), 16000, kind, channels, extensible=extensible)
    made = heard(convert(file), tmp_path)
    assert len(made) / 8000 == pytest.approx(1, abs=0.01)
    assert level(made[800:-800], 1000) > 0.95 * np.sqrt(2) * loudness(made[800:-800])


@pytest.mark.parametrize("rate", [16000, 22050, 44100, 48000])
@pytest.mark.parametrize("hz", [4500, 5000, 6000, 7200])
def test_what_a_telephone_cannot_carry_is_gone_instead_of_folded_back(
    rate: int, hz: float, tmp_path: Path
) -> None:
    both = wave(900, 1, rate) + wave(hz, 1, rate)
    made = heard(convert(wav(both, rate)), tmp_path)[800:-800]
    folded = abs(8000 - hz)
    assert level(made, folded) < level(made, 900) / 300
    assert loudness(made) == pytest.approx(level(made, 900) / np.sqrt(2), rel=0.01)


@pytest.mark.parametrize("gain_db", [-35, -20, -10, 0])
def test_speech_is_made_as_loud_as_a_person_however_it_was_recorded(gain_db: float, tmp_path: Path) -> None:
    speech = decode(read_alaw_mono(FOLDER / "id" / "welcome.wav")) / FULL
    pauses = np.zeros(3 * 8000)
    file = wav(np.concatenate([pauses, speech * 10 ** (gain_db / 20), pauses]), kind="f32")
    made = heard(convert(file), tmp_path)
    loud = np.array([loudness(made[n : n + 160]) for n in range(0, len(made) - 159, 160)])
    spoken = loud[loud > loud.max() / 31]
    # This voice has peaks for which it has to stay some 2 dB below the -20 wanted.
    assert 20 * np.log10(np.sqrt(np.mean(spoken**2)) / FULL) == pytest.approx(-21, abs=1.5)
    assert np.abs(made).max() < FULL * 10 ** (-3 / 20)


def test_peaks_stay_below_the_limit_where_speech_must_then_be_quieter(tmp_path: Path) -> None:
    sound = wave(500, 1, 8000, 0.01)
    sound[::400] = 0.9
    made = heard(convert(wav(sound)), tmp_path)
    assert FULL * 10 ** ((PEAK_DBFS - 1) / 20) < np.abs(made).max() < FULL * 10 ** (-3 / 20)


def test_both_channels_are_heard(tmp_path: Path) -> None:
    left, right = wave(700, 1, 8000), wave(1900, 1, 8000)
    file = bytearray(wav(left, channels=2))
    file[-len(left) * 4 :] = encode(np.column_stack([left, right]).ravel(), "s16")
    made = heard(convert(bytes(file)), tmp_path)
    assert level(made, 700) == pytest.approx(level(made, 1900), rel=0.05)


def test_clipped_recording_is_taken_with_a_doubt() -> None:
    made = prepare(wav(np.clip(wave(300, 1, 8000, 2.0), -1, 1)))
    assert "clipped" in made.doubts[0]
    assert prepare(wav(wave(300, 1, 8000, 0.9))).doubts == ()
    assert made.seconds == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"ID3\x04 an MP3 file" + bytes(100), "no WAV file: save the recording as WAV"),
        (b"RIFF\0\0\0\0WAVE", "without a format"),
        (wav(wave(1000, 1, 8000))[:46], "without sound"),
        (wav(np.zeros(0)), "no sound in it: record"),
        (wav(np.zeros(8000)), "nothing can be heard"),
        (wav(wave(1000, 1, 8000, 0.0003)), "nothing can be heard"),
        (wav(wave(1000, 0.005, 8000)), "nothing can be heard"),
        (wav(wave(1000, 1, 8000), channels=6), "6 channels: save it as mono or stereo"),
        (wav(wave(1000, 1, 8000), rate=1000), "1000 samples a second"),
        (wav(wave(1000, 1, 8000)).replace(struct.pack("<HH", 1, 1), struct.pack("<HH", 2, 1), 1), "format 2"),
        (wav(np.zeros(301 * 8000)), "301 s long: at most 300 s"),
    ],
)
def test_what_cannot_be_an_announcement_is_refused_with_what_to_do(data: bytes, says: str) -> None:
    with pytest.raises(BadSound, match=says):
        convert(data)


def test_file_that_is_far_too_big_is_not_even_read() -> None:
    with pytest.raises(BadSound, match="130 MB: at most 120 MB"):
        convert(bytes(MAX_FILE_BYTES + 10_000_000))


def test_numbers_that_are_none_are_silence(tmp_path: Path) -> None:
    sound = wave(1000, 1, 8000)
    sound[:800] = np.nan
    sound[800] = np.inf
    made = heard(convert(wav(sound, kind="f32")), tmp_path)
    assert level(made[1600:-160], 1000) > 0.95 * np.sqrt(2) * loudness(made[1600:-160])


def test_worker_is_not_burdened_with_what_only_uploads_need() -> None:
    """It has to be up again at once when it was lost."""
    code = "import sys, ntpd112.media.worker; print({'numpy', 'soxr'} & sys.modules.keys())"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "set()"


@given(st.binary(max_size=300), st.integers(0, 60), st.sampled_from(sorted(FORMATS)))
def test_damaged_files_are_refused_or_converted_never_worse(garbage: bytes, at: int, kind: str) -> None:
    file = bytearray(wav(wave(1000, 0.1, 8000), kind=kind))
    file[at : at + len(garbage)] = garbage
    try:
        made = convert(bytes(file))
    except BadSound:
        return
    head = len(alaw_header(1, 0))
    assert made[:head] == alaw_header(1, len(made) - head)
