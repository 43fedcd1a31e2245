"""Relay benchmark: what a packet costs in CPU, how late it comes out, how many are lost.

    python bench/relay.py [--calls 200,1000] [--seconds 5] [--record] [--mixed 240]

Three relays under the same load in one run: the media worker; the worker with recording on (with --record);
and for comparison the least that a uvloop relay can do, which neither learns, nor counts, nor checks. Packets
are PCMA of 20 ms both ways, made by `rtpgen.c`, which is compiled here. Everything stays on loopback.

Then what mixing costs: as many legs as `--mixed` says, in calls of different shapes, everybody talking all
the time, which is the worst case.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import resource
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from ntpd112.media import MediaClient, MediaLeg, MediaSettings, NoPorts

TABLE_WIDTH = 110
ENDS = (("127.0.0.2", 7000), ("127.0.0.3", 7000))
"Where rtpgen sends from, and expects the relayed packets."
PORTS = (20000, 29999)
SOURCE = Path(__file__).with_name("rtpgen.c")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Result:
    relay: str
    calls: int
    sent: int
    received: int
    cpu_us: float
    "Per packet handed to the relay, warm-up included."
    p50_us: int
    p99_us: int
    max_us: int


def cpu_s(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def load(
    relay: str, pid: int, generator: Path, ports: Sequence[tuple[int, int]], seconds: float
) -> Result:
    """Run the generator against a relay and measure the relay's process."""
    before = cpu_s(pid)
    process = await asyncio.create_subprocess_exec(
        str(generator), str(seconds), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    lines = "".join(f"{a} {b}\n" for a, b in ports)
    out, _ = await process.communicate(lines.encode())
    spent = cpu_s(pid) - before
    sent, received, p50, p99, worst = (int(word) for word in out.split())
    packets = sent * (seconds + 1) / seconds
    return Result(relay, len(ports), sent, received, 1e6 * spent / packets, p50, p99, worst)


async def our_worker(generator: Path, calls: int, seconds: float, folder: Path | None) -> Result:
    media = MediaClient()
    await media.start(MediaSettings(ports=PORTS, bind={4: "127.0.0.1"}, no_audio_s=3600))
    try:
        ports = []
        for number in range(calls):
            caller = await _open(media)
            operator = await _open(media, beside=caller)
            for leg, (host, port) in zip((caller, operator), ENDS, strict=True):
                _point(leg, host, port)
            media.join(caller, operator)
            if folder is not None:
                media.record(folder / f"{number}.wav", caller)
            ports.append((caller.port, operator.port))
        media.flush()
        await asyncio.sleep(1)
        name = "ntpd112 worker" if folder is None else "ntpd112 worker, recording"
        return await load(name, media.pids()[0], generator, ports, seconds)
    finally:
        await media.stop()


@dataclass(frozen=True)
class Shape:
    """A kind of call. Of its `talking` legs each hears all others; of the listening ones each hears them."""

    name: str
    talking: int
    listening: int = 0


SHAPES = (
    Shape("two, relayed", 2),
    Shape("two, relayed, and a supervisor listening", 2, 1),
    Shape("conference of three", 3),
    Shape("conference of four", 4),
    Shape("conference of six", 6),
)


async def mixed(generator: Path, shape: Shape, legs: int, seconds: float) -> float:
    """CPU of the worker in µs for each leg and tick of 20 ms: its packet received, and what it hears sent."""
    media = MediaClient()
    await media.start(MediaSettings(ports=PORTS, bind={4: "127.0.0.1"}, no_audio_s=3600))
    try:
        talking: list[MediaLeg] = []
        for _ in range(legs // (shape.talking + shape.listening)):
            call = [await _open(media)]
            call += [await _open(media, call[0]) for _ in range(shape.talking + shape.listening - 1)]
            for leg in call:
                _point(leg, *ENDS[(len(talking) + call.index(leg)) % 2])
                media.hear(leg, call[: shape.talking])
            talking += call[: shape.talking]
        media.flush()
        await asyncio.sleep(1)
        pairs = list(
            zip([leg.port for leg in talking[0::2]], [leg.port for leg in talking[1::2]], strict=True)
        )
        result = await load(shape.name, media.pids()[0], generator, pairs, seconds)
        return result.cpu_us * shape.talking / (shape.talking + shape.listening)
    finally:
        await media.stop()


async def _open(media: MediaClient, beside: MediaLeg | None = None) -> MediaLeg:
    """A leg, as soon as the worker has bound a port for it."""
    while True:
        try:
            return media.open(beside=beside)
        except NoPorts:
            media.flush()
            await asyncio.sleep(0.01)


def _point(leg: MediaLeg, host: str, port: int) -> None:
    leg.remote(host, port, port + 1, "PCMA", 8, 101, send=True)


class Plain(asyncio.DatagramProtocol):
    """What comes in goes out at the other end."""

    other: asyncio.DatagramTransport
    to: tuple[str, int]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.other.sendto(data, self.to)


def plain_relay(calls: int, pipe: Connection) -> None:
    """The uvloop relay: a process of its own."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        ports = []
        for _ in range(calls):
            opened = [
                await loop.create_datagram_endpoint(Plain, local_addr=("127.0.0.1", 0), family=socket.AF_INET)
                for _ in ENDS
            ]
            transports = [transport for transport, _ in opened]
            ends = [end for _, end in opened]
            for end, other, to in zip(ends, reversed(transports), reversed(ENDS), strict=True):
                end.other, end.to = other, to
            ports.append(tuple(t.get_extra_info("sockname")[1] for t in transports))
        pipe.send(ports)
        await asyncio.Event().wait()

    uvloop.run(serve())


async def plain(generator: Path, calls: int, seconds: float) -> Result:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=plain_relay, args=(calls, theirs))
    process.start()
    try:
        ports = await asyncio.to_thread(ours.recv)
        assert process.pid is not None
        return await load("plain uvloop relay", process.pid, generator, ports, seconds)
    finally:
        process.kill()
        process.join()


async def measure(generator: Path, calls: int, seconds: float, record: bool) -> list[Result]:
    results = [await plain(generator, calls, seconds), await our_worker(generator, calls, seconds, None)]
    if record:
        with tempfile.TemporaryDirectory() as folder:
            results.append(await our_worker(generator, calls, seconds, Path(folder)))
    return results


def show(results: Sequence[Result]) -> None:
    table = Table(title="RTP relay, PCMA 20 ms both ways, loopback")
    columns = ("relay", "calls", "packets/s", "CPU µs/packet", "delay p50 ms", "p99 ms", "max ms", "lost")
    for column in columns:
        table.add_column(column, justify="left" if column == "relay" else "right")
    for result in results:
        table.add_row(
            result.relay,
            str(result.calls),
            str(result.calls * 100),
            f"{result.cpu_us:.2f}",
            f"{result.p50_us / 1000:.2f}",
            f"{result.p99_us / 1000:.2f}",
            f"{result.max_us / 1000:.2f}",
            f"{100 * (result.sent - result.received) / result.sent:.3f} %",
        )
    console = Console()
    Console(width=max(console.width, TABLE_WIDTH)).print(table)


def show_mixed(legs: int, costs: dict[str, float]) -> None:
    table = Table(title=f"{legs} legs that hear each other, all talking")
    for column in ("call", "CPU µs/leg and 20 ms", "% of a core/leg"):
        table.add_column(column, justify="left" if column == "call" else "right")
    for name, cost in costs.items():
        table.add_row(name, f"{cost:.1f}", f"{cost / 200:.3f}")
    console = Console()
    Console(width=max(console.width, TABLE_WIDTH)).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--calls", default="200,1000", help="numbers of calls, with commas between")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--record", action="store_true", help="also with every call recorded")
    parser.add_argument("--mixed", type=int, default=240, help="legs to mix for; a multiple of 12; 0: none")
    options = parser.parse_args()
    results = []
    costs: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        generator = Path(folder) / "rtpgen"
        subprocess.run(["cc", "-O2", "-o", generator, SOURCE], check=True)
        for calls in options.calls.split(","):
            results += asyncio.run(measure(generator, int(calls), options.seconds, options.record))
        for shape in SHAPES if options.mixed else ():
            costs[shape.name] = asyncio.run(mixed(generator, shape, options.mixed, options.seconds))
    show(results)
    if costs:
        show_mixed(options.mixed, costs)


if __name__ == "__main__":
    main()
