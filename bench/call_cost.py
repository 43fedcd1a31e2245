"""What one call costs the agent's process: everything but the sockets, in microseconds of CPU.

A whole agent is started (journal, ACD, call control, CDR projection, a media worker to talk to); the SIP of
callers and operators is played by hand into its user agent, one message a turn, and what it would send is
taken instead of sent. So the figure holds SIP, policy, journal and commands, without the kernel's part.

usage: python bench/call_cost.py [--calls N] [--operators N] [--profile]
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import logging
import pstats
import re
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import structlog
import uvloop

from ntpd112.app import Agent
from ntpd112.app.upkeep import calm_collector
from ntpd112.cdr.database import open_database
from ntpd112.cdr.directory import Directory, Operator
from ntpd112.config import load_config
from ntpd112.sip.digest import answer_challenge, make_credentials
from ntpd112.sip.flow import Address, Flow, Outgoing

REALM = "bench"
PACE_S = 0.005
"Seconds between calls: some 130 a second. Calls without a pause hid what the CDRs cost."
LOCAL = Address("127.0.0.1", 5060)
TELCO = Flow("udp", LOCAL, Address("127.0.0.2", 5060))
PHONES = Flow("udp", LOCAL, Address("127.0.0.3", 5060))
SDP = (
    "v=0\r\no=u 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\n"
    "m=audio 6000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
)

CONFIG = """
[site]
region = "35.78"
[sip]
listen = ["udp://127.0.0.1:0"]
realm = "bench"
[registrar]
keepalive = "0s"
[media]
ports = "20000-59999"
[database]
url = "sqlite+aiosqlite:///{folder}/ntpd112.db"
[journal]
path = "{folder}/journal.db"
[trace]
max_messages = 0
[http]
listen = "127.0.0.1:0"
[log]
level = "warning"
[[trunk]]
name = "pbx"
peers = ["127.0.0.2"]
max_calls = 1000
options = "0s"
[[queue]]
name = "112"
numbers = ["112"]
wrap_up = "0s"
"""


class Bench:
    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.sent: list[bytes] = []
        self.messages = 0
        agent.endpoint.send = self._take  # type: ignore[method-assign]
        self._loop = asyncio.get_running_loop()

    def _take(self, outgoing: Iterable[Outgoing]) -> None:
        self.sent += [one.data for one in outgoing]

    def play(self, text: str, flow: Flow) -> list[bytes]:
        """One message in, a turn, and what the agent would send."""
        self.sent = []
        self.agent.ua.receive(text.encode(), flow, self._loop.time())
        self.agent.turn.run()
        self.messages += 1 + len(self.sent)
        return self.sent

    def register(self, user: str, password: str) -> None:
        head = (
            f"REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.3:5060;branch=z9hG4bK{{0}}{user}\r\n"
            f"From: <sip:{user}@127.0.0.1>;tag=r{user}\r\nTo: <sip:{user}@127.0.0.1>\r\nCall-ID: r{user}\r\n"
            f"CSeq: {{0}} REGISTER\r\nContact: <sip:{user}@127.0.0.3:5060>\r\nExpires: 3600\r\n"
        )
        refused = self.play(head.format(1) + "Content-Length: 0\r\n\r\n", PHONES)[0].decode()
        challenges = re.findall(r"WWW-Authenticate: (.*)\r\n", refused)
        answer = answer_challenge(
            challenges, method="REGISTER", uri="sip:127.0.0.1", user=user, password=password, cnonce="c"
        )
        good = head.format(2) + f"Authorization: {answer}\r\nContent-Length: 0\r\n\r\n"
        assert self.play(good, PHONES)[0].startswith(b"SIP/2.0 200"), "operator could not register"

    def call(self, number: int) -> None:
        """INVITE, announcement, operator rings and answers, caller hangs up."""
        head = (
            f"Via: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKc{number}{{branch}}\r\n"
            f"From: <sip:0812{number}@127.0.0.2:5060>;tag=c{number}\r\n"
            f"To: <sip:112@127.0.0.1:5060>{{tag}}\r\n"
            f"Call-ID: c{number}@127.0.0.2\r\nCSeq: {{seq}} {{method}}\r\nContact: <sip:c@127.0.0.2:5060>\r\n"
            "Max-Forwards: 70\r\n"
        )
        body = SDP.format("127.0.0.2")
        invite = (
            "INVITE sip:112@127.0.0.1:5060 SIP/2.0\r\n"
            + head.format(branch="i", tag="", seq=1, method="INVITE")
            + f"P-Asserted-Identity: <sip:+62812{number}@telkom.co.id>\r\n"
            + "Content-Type: application/sdp\r\n"
            + f"Content-Length: {len(body)}\r\n\r\n{body}"
        )
        sent = self.play(invite, TELCO)
        answer = next(m for m in sent if m.startswith(b"SIP/2.0 200")).decode()
        ring = next(m for m in sent if m.startswith(b"INVITE")).decode()
        tag = re.search(r"\r\nTo: [^\r]*(;tag=[^;\r]+)", answer)
        assert tag is not None
        dialog = {"tag": tag[1]}
        end = "Content-Length: 0\r\n\r\n"
        ack = head.format(branch="a", seq=1, method="ACK", **dialog)
        self.play(f"ACK sip:112@127.0.0.1:5060 SIP/2.0\r\n{ack}{end}", TELCO)
        self.play(_reply(ring, "180 Ringing", number), PHONES)
        sent = self.play(_reply(ring, "200 OK", number, SDP.format("127.0.0.3")), PHONES)
        assert any(m.startswith(b"ACK") for m in sent), "operator's answer was not acknowledged"
        bye = head.format(branch="b", seq=2, method="BYE", **dialog)
        sent = self.play(f"BYE sip:112@127.0.0.1:5060 SIP/2.0\r\n{bye}{end}", TELCO)
        bye_out = next(m for m in sent if m.startswith(b"BYE")).decode()
        self.play(_reply(bye_out, "200 OK", number), PHONES)


def _reply(request: str, status: str, number: int, body: str = "") -> str:
    kept = [
        line + (f";tag=o{number}" if line.startswith("To:") and ";tag=" not in line else "")
        for line in request.split("\r\n")[1:]
        if line.startswith(("Via:", "From:", "To:", "Call-ID:", "CSeq:", "Record-Route:"))
    ]
    kind = ["Content-Type: application/sdp"] if body else []
    head = [
        f"SIP/2.0 {status}",
        *kept,
        "Contact: <sip:op@127.0.0.3:5060>",
        *kind,
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*head, "", body])


async def bench(calls: int, operators: int, profile: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ntpd112.toml"
        file.write_text(CONFIG.format(folder=folder))
        database = await open_database(f"sqlite+aiosqlite:///{folder}/ntpd112.db")
        people = []
        for n in range(operators):
            hashes = make_credentials(f"op{n}", REALM, "secret")
            people.append(
                Operator(
                    id=f"op{n}",
                    name=f"Op {n}",
                    realm=REALM,
                    ha1_md5=hashes.ha1_md5,
                    ha1_sha256=hashes.ha1_sha256,
                )
            )
        await Directory(database).put(people)
        await database.dispose()
        agent = Agent(load_config(file))
        await agent.start()
        try:
            await _measure(Bench(agent), calls, operators, profile)
        finally:
            await agent.stop()


async def _measure(bench: Bench, calls: int, operators: int, profile: bool) -> None:
    for n in range(operators):
        bench.register(f"op{n}", "secret")
    for number in range(200):
        bench.call(number)
        await asyncio.sleep(0)
    await asyncio.sleep(1)
    calm_collector()
    bench.messages = 0
    profiler = cProfile.Profile() if profile else None
    cpu = 0.0
    everything = time.process_time()
    for number in range(1_000, 1_000 + calls):
        await asyncio.sleep(
            PACE_S
        )  # ports come back, CDRs are written, as many at a time as under such a load
        began = time.thread_time()
        if profiler:
            profiler.enable()
        bench.call(number)
        if profiler:
            profiler.disable()
        cpu += time.thread_time() - began
    await asyncio.sleep(1)
    everything = time.process_time() - everything
    print(f"{calls} calls, {operators} operators, {bench.messages / calls:.1f} SIP messages a call")
    print(f"turns: {1e6 * cpu / calls:8.0f} µs of CPU a call of the loop's thread (SIP to journal)")
    print(f"all:   {1e6 * everything / calls:8.0f} µs of CPU a call (with CDRs, threads, loop)")
    if profiler:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(35)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2_000)
    parser.add_argument("--operators", type=int, default=200)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    uvloop.run(bench(options.calls, options.operators, options.profile))


if __name__ == "__main__":
    main()
