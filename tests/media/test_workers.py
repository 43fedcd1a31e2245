"""Worker processes: lost and replaced, ports used up and given back, commands that come too late."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.tones import hears

from ntpd112.media import Closed, MediaClient, MediaError, MediaLeg, MediaSettings, NoPorts, WorkerLost
from ntpd112.media import protocol as p
from ntpd112.media.protocol import FrameReader, decode_report, encode_frame

from .conftest import MakePhone
from .phone import LOOPBACK, event_of, running, talk


async def open_when_possible(media: MediaClient) -> MediaLeg:
    async with asyncio.timeout(10):
        while True:
            try:
                return media.open()
            except NoPorts:
                await asyncio.sleep(0.02)


async def test_lost_worker_is_told_with_its_legs_and_replaced(media: MediaClient, phone: MakePhone) -> None:
    first = media.pids()[0]
    a = media.open()
    b = media.open(beside=a)
    media.join(a, b)
    media.flush()
    os.kill(first, signal.SIGKILL)
    lost = await event_of(media, WorkerLost)
    assert lost == WorkerLost(0, [a.id, b.id])
    assert not a.alive
    for dead in (a, b):
        dead.play("ringback")
        dead.stop_playing()
        dead.close()
    media.join(a, b)
    media.unjoin(a, b)
    media.record("nowhere.wav", a)
    media.flush()
    caller, operator = phone("127.0.0.2", hz=440), phone("127.0.0.3", hz=1000)
    c = await open_when_possible(media)
    assert media.pids()[0] != first
    assert c.port not in (a.port, b.port)
    d = media.open(beside=c)
    caller.call(c)
    operator.call(d)
    media.join(c, d)
    media.flush()
    await talk(0.5, caller, operator)
    assert hears(operator.sound(), 440, share=0.8)
    assert not any(isinstance(event, WorkerLost | Closed) for event in media.events())


async def test_partner_for_a_leg_of_a_lost_worker_is_refused(media: MediaClient) -> None:
    a = media.open()
    os.kill(media.pids()[0], signal.SIGKILL)
    await event_of(media, WorkerLost)
    await open_when_possible(media)
    with pytest.raises(NoPorts):
        media.open(beside=a)


async def test_worker_that_hangs_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ntpd112.media.process.MISSED_SECONDS", 2)
    async with running() as media:
        pid = media.pids()[0]
        os.kill(pid, signal.SIGSTOP)
        assert (await event_of(media, WorkerLost)).legs == []
        await open_when_possible(media)
        assert media.pids() != [pid]


async def test_calls_are_spread_over_workers_and_stay_together() -> None:
    async with running(replace(LOOPBACK, workers=2)) as media:
        assert len(set(media.pids())) == 2
        a, b = media.open(), media.open()
        assert {a.worker, b.worker} == {0, 1}
        assert media.open(beside=b).worker == b.worker
        with pytest.raises(ValueError, match="on workers"):
            media.join(a, b)


async def test_ports_run_out_and_come_back_after_a_rest() -> None:
    settings = replace(LOOPBACK, ports=(41500, 41507), quarantine_s=0.5)
    async with running(settings) as media:
        legs = [media.open() for _ in range(4)]
        assert {leg.port for leg in legs} == {41500, 41502, 41504, 41506}
        with pytest.raises(NoPorts, match="41500-41507"):
            media.open()
        media.flush()
        legs[2].close()
        media.flush()
        closed = await event_of(media, Closed)
        assert (closed.leg, closed.quality.packets) == (legs[2].id, 0)
        with pytest.raises(NoPorts):
            media.open()
        assert (await open_when_possible(media)).port == legs[2].port


async def test_burst_of_calls_gets_ports_as_they_are_bound_anew() -> None:
    async with running(replace(LOOPBACK, ports=(41600, 41999), reserve=8)) as media:
        legs = []
        for _ in range(60):
            legs.append(await open_when_possible(media))
            media.flush()
        assert len({leg.port for leg in legs}) == 60


async def test_stray_packets_from_before_the_call_are_not_heard(phone: MakePhone) -> None:
    settings = replace(LOOPBACK, ports=(41510, 41511))
    async with running(settings) as media:
        caller = phone(hz=440)
        caller.to = ("127.0.0.1", 41510)
        await talk(0.2, caller)
        leg = media.open()
        caller.call(leg)
        leg.close()
        media.flush()
        assert (await event_of(media, Closed)).quality.packets == 0


async def test_figures_of_the_worker_are_reported(media: MediaClient, phone: MakePhone) -> None:
    caller = phone(hz=440)
    leg = media.open()
    caller.call(leg)
    media.flush()
    await talk(2.2, caller)
    load = media.load[0]
    assert load.legs == 1
    assert load.packets >= 20
    assert load.cpu_s > 0


def report_until(connection: socket.socket, kind: type[object]) -> object:
    """The next report of the kind, read frame by frame."""
    while True:
        size = int.from_bytes(connection.recv(4, socket.MSG_WAITALL), "big")
        report = decode_report(connection.recv(size, socket.MSG_WAITALL))
        if isinstance(report, kind):
            return report


def test_unknown_legs_and_garbled_commands_end_nothing(tmp_path: Path) -> None:
    """The protocol by hand, as a client with a bug would speak it; then the connection closes and so does the
    worker."""
    path = tmp_path / "worker.sock"
    worker = subprocess.Popen(
        [sys.executable, "-m", "ntpd112.media.worker", "--socket", str(path)],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(10)
        while connection.connect_ex(str(path)):
            assert worker.poll() is None
        configure = p.Configure(0, 41520, 41529, 0, {4: "127.0.0.1"}, 2, 1.0, 5.0, 5.0)
        connection.sendall(encode_frame(configure))
        ports = report_until(connection, p.Ports)
        assert ports == p.Ports(4, [41520, 41522])
        late: list[p.Command] = [
            p.Remote(99, "127.0.0.1", 1, 2, "PCMA", 8, None, True),
            p.Play(99, "id", ["wait"], False),
            p.StopPlaying(99),
            p.Join(98, 99),
            p.Unjoin(98, 99),
            p.Hear(98, [99]),
            p.Attach(98, [99]),
            p.Record(str(tmp_path / "a.wav"), 99),
            p.StopRecording(99),
            p.Close(99),
            p.Open(1, 9999, 4, "PCMA"),
            p.Open(1, 41520, 6, "PCMA"),
        ]
        garbled = [b"\0\0\0\0", b"\0\0\0\1x", b"\0\0\0\2\x91\x01"]
        connection.sendall(b"".join([*map(encode_frame, late), *garbled]))
        connection.sendall(encode_frame(p.Open(5, 41520, 4, "PCMA")) + encode_frame(p.Close(5)))
        closed = [report_until(connection, Closed) for _ in range(3)]
        assert [event.leg for event in closed if isinstance(event, Closed)] == [1, 1, 5]
        connection.close()
        _, log = worker.communicate(timeout=10)
        assert worker.returncode == 0
        assert log.count("command for an unknown leg") == 10
        assert "Traceback" not in log
    finally:
        worker.kill()
        worker.wait()


def test_frames_are_cut_wherever_the_stream_breaks() -> None:
    stream = b"".join(encode_frame(p.Close(n)) for n in range(300))
    for size in (1, 3, 7, 1000, len(stream)):
        reader = FrameReader()
        frames = [frame for n in range(0, len(stream), size) for frame in reader.feed(stream[n : n + size])]
        assert [p.decode_command(frame) for frame in frames] == [p.Close(n) for n in range(300)]


def test_impossible_frame_length_is_refused() -> None:
    with pytest.raises(p.ProtocolError, match="frame of"):
        FrameReader().feed(b"\xff\xff\xff\xff")


async def test_port_range_of_others_is_told_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ntpd112.media.client.CONNECT_S", 1.0)
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.bind(("127.0.0.1", 41530))
    with pytest.raises(MediaError, match="41530-41531"):
        await MediaClient().start(MediaSettings(ports=(41530, 41531), bind={4: "127.0.0.1"}))
    other.close()
