"""Call recordings, made by the real worker from what real phones say."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from tests.tones import first_heard, hears, level, loudness, read_stereo

from ntpd112.media import MediaClient, RecordingFailed, WorkerLost

from .conftest import MakePhone
from .phone import event_of, running, talk

CALLER_HZ, OPERATOR_HZ = 440.0, 1000.0
PAUSE_S = 1.0
ALIGNED_SAMPLES = 8000 // 4
"250 ms: on a busy machine the worker sees a packet late (105 were seen). Out of place is off by the pause."


@pytest.mark.parametrize("laws", [("PCMA", "PCMA"), ("PCMU", "PCMA"), ("PCMA", "PCMU")])
async def test_caller_is_left_operator_right(phone: MakePhone, tmp_path: Path, laws: tuple[str, str]) -> None:
    caller = phone("127.0.0.2", laws[0], CALLER_HZ)
    operator = phone("127.0.0.3", laws[1], OPERATOR_HZ)
    path = tmp_path / "2026-11" / "call.wav"
    async with running() as media:
        a = media.open()
        b = media.open(beside=a)
        caller.call(a)
        operator.call(b)
        media.record(path, a)
        media.join(a, b)
        media.flush()
        await talk(1.0, caller, operator)
        a.close()
        b.close()
    left, right = read_stereo(path)
    assert 0.9 < len(left) / 8000 < 2
    assert hears(left, CALLER_HZ, share=0.8)
    assert hears(right, OPERATOR_HZ, share=0.8)
    assert level(left, OPERATOR_HZ) < 100
    assert level(right, CALLER_HZ) < 100


async def test_ends_that_begin_to_speak_together_stay_together(phone: MakePhone, tmp_path: Path) -> None:
    caller, operator = phone("127.0.0.2"), phone("127.0.0.3")
    path = tmp_path / "call.wav"
    async with running() as media:
        a = media.open()
        b = media.open(beside=a)
        caller.call(a)
        operator.call(b)
        media.record(path, a)
        media.join(a, b)
        media.flush()
        await talk(0.5, caller, operator)
        operator.timestamp = 12345  # a jump, a new SSRC and a pause on one side move nothing
        operator.ssrc = 9
        operator.talking = False
        await talk(PAUSE_S, caller, operator)
        operator.talking = True
        caller.say(CALLER_HZ)
        operator.say(OPERATOR_HZ)
        await talk(0.7, caller, operator)
        a.close()
    left, right = read_stereo(path)
    starts = first_heard(left, CALLER_HZ), first_heard(right, OPERATOR_HZ)
    assert starts[0] is not None
    assert starts[1] is not None
    assert abs(starts[0] - starts[1]) <= ALIGNED_SAMPLES
    assert abs(starts[0] - (0.5 + PAUSE_S) * 8000) <= ALIGNED_SAMPLES


async def test_what_the_caller_says_while_waiting_is_recorded_the_prompt_is_not(
    phone: MakePhone, tmp_path: Path
) -> None:
    """And the operator joins later, then another after a transfer."""
    caller = phone("127.0.0.2", hz=CALLER_HZ)
    first, second = phone("127.0.0.3", hz=OPERATOR_HZ), phone("127.0.0.4", hz=1900)
    path = tmp_path / "call.wav"
    async with running() as media:
        a = media.open()
        caller.call(a)
        a.play("ringback", loop=True)
        media.record(path, a)
        media.flush()
        await talk(0.6, caller)
        b = media.open(beside=a)
        first.call(b)
        a.stop_playing()
        media.join(a, b)
        media.flush()
        await talk(0.6, caller, first)
        c = media.open(beside=a)
        second.call(c)
        media.unjoin(a, b)
        media.join(a, c)
        b.close()
        media.flush()
        await talk(0.6, caller, second)
        a.close()
    left, right = read_stereo(path)
    assert hears(left, CALLER_HZ, share=0.85)
    assert loudness(right[: int(0.5 * 8000)]) < 10
    assert hears(right[int(0.7 * 8000) : int(1.1 * 8000)], OPERATOR_HZ, share=0.7)
    assert hears(right[int(1.4 * 8000) : int(1.8 * 8000)], 1900, share=0.7)


async def test_recording_is_readable_after_kill_9(
    media: MediaClient, phone: MakePhone, tmp_path: Path
) -> None:
    caller, operator = phone("127.0.0.2", hz=CALLER_HZ), phone("127.0.0.3", hz=OPERATOR_HZ)
    path = tmp_path / "call.wav"
    a = media.open()
    b = media.open(beside=a)
    caller.call(a)
    operator.call(b)
    media.record(path, a)
    media.join(a, b)
    media.flush()
    await talk(3.0, caller, operator)
    os.kill(media.pids()[0], signal.SIGKILL)
    await event_of(media, WorkerLost)
    left, right = read_stereo(path)
    assert len(left) >= 8000
    assert hears(left, CALLER_HZ, share=0.7)
    assert hears(right, OPERATOR_HZ, share=0.7)


async def test_recording_that_cannot_be_written_is_told_and_the_call_goes_on(
    media: MediaClient, phone: MakePhone, tmp_path: Path
) -> None:
    caller, operator = phone("127.0.0.2", hz=CALLER_HZ), phone("127.0.0.3", hz=OPERATOR_HZ)
    (tmp_path / "file").write_text("in the way")
    a = media.open()
    b = media.open(beside=a)
    caller.call(a)
    operator.call(b)
    media.join(a, b)
    media.record(tmp_path / "file" / "call.wav", a)
    media.flush()
    await talk(0.4, caller, operator)
    failed = await event_of(media, RecordingFailed)
    assert failed.leg == a.id
    assert "file" in failed.reason
    assert hears(operator.sound(), CALLER_HZ, share=0.8)


async def test_stopped_recording_is_whole_while_the_call_goes_on(
    media: MediaClient, phone: MakePhone, tmp_path: Path
) -> None:
    caller, operator = phone("127.0.0.2", hz=CALLER_HZ), phone("127.0.0.3", hz=OPERATOR_HZ)
    path = tmp_path / "call.wav"
    a = media.open()
    b = media.open(beside=a)
    caller.call(a)
    operator.call(b)
    media.record(path, a)
    media.join(a, b)
    media.flush()
    await talk(0.6, caller, operator)
    media.stop_recording(a)
    media.flush()
    operator.heard.clear()
    await talk(0.4, caller, operator)
    left, right = read_stereo(path)
    assert 0.4 < len(left) / 8000 < 0.9
    assert hears(left, CALLER_HZ, share=0.7)
    assert hears(right, OPERATOR_HZ, share=0.7)
    assert hears(operator.sound(), CALLER_HZ, share=0.8)


async def test_recordings_are_finished_when_the_connection_closes(phone: MakePhone, tmp_path: Path) -> None:
    """The worker sees its connection close, writes what it has, and ends by itself."""
    caller = phone("127.0.0.2", hz=CALLER_HZ)
    path = tmp_path / "call.wav"
    async with running() as media:
        a = media.open()
        caller.call(a)
        media.record(path, a)
        media.flush()
        await talk(0.5, caller)
        pid = media.pids()[0]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    left, _ = read_stereo(path)
    assert hears(left, CALLER_HZ, share=0.7)
