"""Recordings on disk, without the network: files, their headers, and disks that fail."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
from tests.tones import hears, loudness, read_stereo, tone

from ntpd112.media import recorder
from ntpd112.media.recorder import DiskWriter, Recording, Voice, WavFile
from ntpd112.media.wav import HEADER_BYTES, MAX_DATA_BYTES, WavError, alaw_header, read_alaw_mono

CALL = 7


def say(voice: Voice, hz: float, start_s: float, seconds: float) -> None:
    """Packets that arrive as they are spoken."""
    sound = tone(hz, seconds)
    for n in range(0, len(sound), 160):
        arrived = start_s + (n + 160) / 8000
        voice.tape.append((arrived, 1, n, n == 0, sound[n : n + 160]))


def test_caller_is_left_operator_right_at_their_times(tmp_path: Path) -> None:
    path = tmp_path / "2026" / "11" / "call.wav"
    writer = DiskWriter()
    recording = Recording(path, CALL, writer, now=100.0)
    say(recording.caller, 440, 100.0, 3)
    say(recording.add(), 1000, 101.0, 1)
    recording.flush(101.5)
    recording.finish(103.0)
    writer.stop(5)
    left, right = read_stereo(path)
    assert len(left) == len(right) == 3 * 8000
    assert hears(left, 440, share=1)
    assert loudness(right[:8000]) < 10
    assert hears(right[8000:16000], 1000, share=1)
    assert loudness(right[16000:]) < 10
    assert not writer.failures


def test_lost_packets_are_silence_and_shift_nothing(tmp_path: Path) -> None:
    writer = DiskWriter()
    recording = Recording(tmp_path / "a.wav", CALL, writer, now=0.0)
    say(recording.caller, 440, 0.0, 2)
    del recording.caller.tape[25:50]
    recording.finish(2.0)
    writer.stop(5)
    left, _ = read_stereo(tmp_path / "a.wav")
    assert hears(left[:4000], 440, share=1)
    assert loudness(left[4000:8000]) < 10
    assert hears(left[8000:], 440, share=1)


def test_reordered_packets_across_a_flush_are_put_right(tmp_path: Path) -> None:
    writer = DiskWriter()
    recording = Recording(tmp_path / "a.wav", CALL, writer, now=0.0)
    say(recording.caller, 440, 0.0, 2)
    late = recording.caller.tape.pop(48)
    rest = recording.caller.tape[50:]
    del recording.caller.tape[50:]
    recording.flush(1.02)
    recording.caller.tape.append((1.1, *late[1:]))
    recording.caller.tape.extend(rest)
    recording.finish(2.0)
    writer.stop(5)
    left, _ = read_stereo(tmp_path / "a.wav")
    assert hears(left, 440, share=1, window_s=0.02)


def test_file_is_readable_at_any_moment(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    file = WavFile(path, CALL)
    for n in range(1, 4):
        file.write(bytes(1600))
        assert len(read_stereo(path)[0]) == n * 800
    file.close()


def test_recording_that_exists_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"evidence")
    writer = DiskWriter()
    Recording(path, CALL, writer, now=0.0).finish(1.0)
    writer.stop(5)
    assert path.read_bytes() == b"evidence"
    assert [(leg, "exists" in reason) for leg, reason in writer.failures] == [(CALL, True)]


def test_full_disk_ends_the_recording_with_its_reason(tmp_path: Path) -> None:
    writer = DiskWriter()
    recording = Recording(Path("/dev/full/no.wav"), CALL, writer, now=0.0)
    recording.finish(1.0)
    file = WavFile(tmp_path / "full.wav", CALL + 1)
    file._fd = os.open("/dev/full", os.O_WRONLY)
    writer.write(file, bytes(100))
    writer.write(file, bytes(100))
    writer.close(file)
    writer.stop(5)
    assert [leg for leg, _ in writer.failures] == [CALL, CALL + 1]
    assert "No space left" in writer.failures[1][1]


def test_disk_that_stalls_is_given_up_before_memory_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "MAX_UNWRITTEN_BYTES", 1000)
    monkeypatch.setattr(WavFile, "write", lambda self, data: time.sleep(0.2))
    writer = DiskWriter()
    file = WavFile(tmp_path / "a.wav", CALL)
    for _ in range(5):
        writer.write(file, bytes(600))
    assert file.failed
    assert file.queued <= 1800
    writer.stop(5)
    assert [leg for leg, _ in writer.failures] == [CALL]


def test_recording_never_outgrows_what_a_header_can_say(tmp_path: Path) -> None:
    file = WavFile(tmp_path / "a.wav", CALL)
    file.write(b"")
    file.written = MAX_DATA_BYTES - 10
    with pytest.raises(OSError, match="size limit"):
        file.write(bytes(20))
    file.close()
    assert len(alaw_header(2, MAX_DATA_BYTES // 2)) == HEADER_BYTES


def test_prompt_files_of_another_format_are_refused(tmp_path: Path) -> None:
    stereo = tmp_path / "stereo.wav"
    stereo.write_bytes(alaw_header(2, 10) + bytes(20))
    with pytest.raises(WavError, match=r"must be \(6, 1, 8000\)"):
        read_alaw_mono(stereo)
    text = tmp_path / "text.wav"
    text.write_text("no sound")
    with pytest.raises(WavError, match="no WAV"):
        read_alaw_mono(text)
    mono = tmp_path / "mono.wav"
    mono.write_bytes(alaw_header(1, 10) + bytes(range(10)))
    assert read_alaw_mono(mono) == bytes(range(10))


def test_stereo_reader_of_the_tests_sees_a_wrong_header(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(alaw_header(2, 100) + bytes(100))
    with pytest.raises(AssertionError, match="cut off"):
        read_stereo(path)
    assert np.array_equal(read_stereo_of(tmp_path, b"\xd5\x55"), [[8.0], [-8.0]])


def read_stereo_of(folder: Path, data: bytes) -> list[list[float]]:
    path = folder / "b.wav"
    path.write_bytes(alaw_header(2, len(data) // 2) + data)
    left, right = read_stereo(path)
    return [list(left), list(right)]
