"""What a hostile packet costs the agent: CPU, answer's size, memory, and what a call then waits.

An agent is started on loopback as a process of its own. Each kind of packet is sent a bounded number of times
from many sources and with ever new Call-IDs, as fast as the agent takes them, while a trunk places one call
after the other. Nothing leaves the machine.

usage: python bench/abuse.py [--packets N] [--only KIND,...]
"""

from __future__ import annotations

import argparse
import os
import re
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

AGENT = ("127.0.0.40", 15060)
TRUNK = "127.0.0.41"
SOURCES = 200
WINDOW_BYTES = 100_000
"What may wait in the agent's socket: enough to keep it busy, and none is lost."
CONFIG = """
[site]
region = "35.78"
[sip]
listen = ["udp://{host}:{port}"]
realm = "bench"
drain = "0s"
[media]
ports = "46000-46999"
[database]
url = "sqlite+aiosqlite:///{folder}/ntpd112.db"
[http]
listen = "{host}:18112"
[log]
level = "error"
[[trunk]]
name = "pbx"
peers = ["{trunk}"]
max_calls = 1000
options = "0s"
[[queue]]
name = "112"
numbers = ["112"]
announcement = ""
"""
SDP = "v=0\r\no=u 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\nm=audio 6000 RTP/AVP 8\r\n"
JUNK = Random(112).randbytes(65_000)

Packet = Callable[[str, int, str], bytes]
"""Host, port and a text that is new each time -> datagram."""


def request(
    method: str, host: str, port: int, token: str, *, extra: str = "", body: str = "", tag: str = ""
) -> bytes:
    kind = "Content-Type: application/sdp\r\n" if body else ""
    return (
        f"{method} sip:112@{AGENT[0]} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{method}{token};rport\r\nMax-Forwards: 70\r\n"
        f"From: <sip:x@{host}>;tag={token}\r\nTo: <sip:112@{AGENT[0]}>{tag}\r\n"
        f"Call-ID: {token}\r\nCSeq: 1 {method}\r\nContact: <sip:x@{host}:{port}>\r\n"
        f"{extra}{kind}Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def plain(method: str, tag: str = "", extra: str = "") -> Packet:
    return lambda host, port, token: request(method, host, port, token, tag=tag, extra=extra)


def invite(host: str, port: int, token: str) -> bytes:
    return request("INVITE", host, port, token, body=SDP.format(host))


def malformed(host: str, port: int, token: str) -> bytes:
    return request("MESSAGE", host, port, token).replace(b"CSeq: 1 MESSAGE", b"CSeq: 1 BYE")


def answer(host: str, port: int, token: str) -> bytes:
    return b"SIP/2.0 200 OK\r\n" + request("OPTIONS", host, port, token).partition(b"\r\n")[2]


WRONG = (
    f'Authorization: Digest username="op1", realm="bench", nonce="1-2-{"0" * 32}", uri="sip:x", '
    f'response="{"a" * 32}", algorithm=MD5, qop=auth, nc=00000001, cnonce="c"\r\n'
)
KINDS: dict[str, Packet] = {
    "INVITE, unknown source": invite,
    "REGISTER, no credentials": plain("REGISTER"),
    "REGISTER, foreign nonce": plain("REGISTER", extra=WRONG),
    "OPTIONS": plain("OPTIONS"),
    "BYE of no call": plain("BYE", tag=";tag=x"),
    "CANCEL of no call": plain("CANCEL"),
    "ACK of no call": plain("ACK", tag=";tag=x"),
    "response to nothing": answer,
    "malformed, answered 400": malformed,
    "1 byte": lambda host, port, token: b"x",
    "64 KB of noise": lambda host, port, token: JUNK,
    "3,000 header lines": plain("MESSAGE", extra="".join(f"X-{n}: y\r\n" for n in range(3_000))),
}


class Process:
    """The agent, and what the system says of it."""

    def __init__(self, folder: str) -> None:
        config = Path(folder) / "ntpd112.toml"
        config.write_text(CONFIG.format(folder=folder, host=AGENT[0], port=AGENT[1], trunk=TRUNK))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ntpd112", "run", "--config", str(config)],
            cwd=folder,
            stderr=subprocess.DEVNULL,
        )
        self._files = Path(f"/proc/{self._process.pid}")

    @property
    def cpu_s(self) -> float:
        fields = (self._files / "stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def rss_mb(self) -> float:
        return int((self._files / "statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(20)


def waiting_bytes() -> int:
    """In the receive buffer of the agent's SIP socket."""
    mine = f"{int.from_bytes(socket.inet_aton(AGENT[0]), 'little'):08X}:{AGENT[1]:04X}"
    rows = (line.split() for line in Path("/proc/net/udp").read_text().splitlines())
    return sum(int(row[4].partition(":")[2], 16) for row in rows if row[1] == mine)


def udp(host: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((host, 0))
    sock.setblocking(False)
    return sock


class Telco(threading.Thread):
    """Places one call after the other; `setup_s` holds INVITE to 200. `lost`: no answer within 2 s."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.setup_s: list[float] = []
        self.lost = 0

    def run(self) -> None:
        with udp(TRUNK) as sock:
            sock.settimeout(2)
            while not self.over.wait(0.02):
                self.place(sock)

    def place(self, sock: socket.socket) -> None:
        host, port = sock.getsockname()
        token, began = f"c{time.monotonic_ns()}", time.perf_counter()
        sock.sendto(invite(host, port, token), AGENT)
        try:
            while not (data := sock.recv(65_536)).startswith(b"SIP/2.0 200") or token.encode() not in data:
                pass
        except TimeoutError:
            self.lost += 1
            return
        self.setup_s.append(time.perf_counter() - began)
        tag = re.search(rb"\r\nTo: [^\r]*(;tag=[^;\r]+)", data)
        assert tag is not None
        sock.sendto(request("ACK", host, port, token, tag=tag[1].decode()), AGENT)
        bye = request("BYE", host, port, token, tag=tag[1].decode()).replace(b"CSeq: 1", b"CSeq: 2")
        sock.sendto(bye, AGENT)


def drain(sockets: list[socket.socket]) -> int:
    """Bytes that came back."""
    size = 0
    for sock in select.select(sockets, [], [], 0)[0]:
        try:
            while True:
                size += len(sock.recv(65_536))
        except BlockingIOError:
            pass
    return size


def measure(agent: Process, name: str, packet: Packet, count: int, sockets: list[socket.socket]) -> str:
    telco, sent, back = Telco(), 0, 0
    cpu_s, rss_mb = agent.cpu_s, agent.rss_mb
    telco.start()
    for number in range(count):
        sock = sockets[number % len(sockets)]
        host, port = sock.getsockname()
        data = packet(host, port, f"{name[:3]}{number}")
        sock.sendto(data, AGENT)
        sent += len(data)
        if number % 50 == 49:
            back += drain(sockets)
            while waiting_bytes() > WINDOW_BYTES:
                time.sleep(0.001)
    time.sleep(0.3)
    back += drain(sockets)
    cpu_s = agent.cpu_s - cpu_s
    telco.over.set()
    telco.join()
    waits = sorted(telco.setup_s) or [float("nan")]
    row = f"{name:26} {sent // count:7} {back / sent:9.2f} {1e6 * cpu_s / count:8.0f} "
    row += f"{agent.rss_mb - rss_mb:8.1f} {1e3 * waits[len(waits) // 2]:8.1f} {1e3 * waits[-1]:8.1f}"
    return f"{row} {telco.lost:7}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--packets", type=int, default=10_000, help="of each kind (a tenth of the large ones)"
    )
    parser.add_argument(
        "--only", default="", help="kinds that contain one of these words, separated by commas"
    )
    options = parser.parse_args()
    words = options.only.split(",")
    with tempfile.TemporaryDirectory() as folder:
        agent = Process(folder)
        sockets = [udp(f"127.0.2.{1 + number % 50}") for number in range(SOURCES)]
        try:
            while not waiting(agent):
                time.sleep(0.1)
            print("                             bytes  answer/   CPU µs      RSS   call set-up ms   calls")
            print("kind                           each  question     each      +MB   median      max   lost")
            for name, packet in KINDS.items():
                if any(word in name for word in words):
                    large = len(packet("127.0.2.1", 1, "x")) > 10_000
                    count = options.packets // 10 if large else options.packets
                    print(measure(agent, name, packet, count, sockets), flush=True)
        finally:
            agent.stop()


def waiting(agent: Process) -> bool:
    """Whether the agent listens. The CPU of the calls is in the figures: some 2 ms each, 20 a second."""
    with udp(TRUNK) as sock:
        sock.settimeout(0.2)
        sock.sendto(request("OPTIONS", TRUNK, sock.getsockname()[1], "first"), AGENT)
        try:
            return bool(sock.recv(65_536))
        except (TimeoutError, ConnectionError):
            return agent.rss_mb < 0  # reading it raises if the agent has ended


if __name__ == "__main__":
    main()
