"""CPU of the SIP core for one call: parser, transactions, dialogs and builder of both legs, no sockets.

A caller's and a phone's messages are made from text beforehand; measured is what the user agent does with
them: INVITE in, INVITE out, 180, 200, ACK, BYE on both sides (14 messages). Also what an INVITE from a
source that is no trunk costs. Run: `python bench/sip_core.py [CALLS] [--profile]`.
"""

from __future__ import annotations

import cProfile
import gc
import pstats
import re
import sys
from time import process_time

from ntpd112.sip.agent import UaConfig, UserAgent
from ntpd112.sip.events import Answered, Cause, Ended, IncomingCall
from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.leg import Leg
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.sdp import LocalMedia
from ntpd112.sip.target import Target
from ntpd112.sip.trunks import Trunks, TrunkSpec
from ntpd112.sip.uri import Uri

AGENT = Address("192.0.2.10", 5060)
PBX = Flow("udp", AGENT, Address("192.0.2.1", 5060))
PHONE = Flow("udp", AGENT, Address("192.0.2.2", 5062))
STRANGER = Flow("udp", AGENT, Address("198.51.100.1", 5060))
MEDIA = LocalMedia("192.0.2.10", 20_000)
CALLER = NameAddr(Uri("sip", "192.0.2.10", "+628123456789"), "Budi")
SDP = (
    "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=call\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 10000 RTP/AVP 8 0 101\r\n"
    "a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
    "a=ptime:20\r\na=maxptime:140\r\na=sendrecv\r\n"
)
OFFER, ANSWER = SDP.format(host="192.0.2.1"), SDP.format(host="192.0.2.2")
INVITE = (
    "INVITE sip:112@192.0.2.10:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKPj{n}\r\n"
    'From: "08123456789" <sip:08123456789@192.0.2.1>;tag=tag{n}\r\nTo: <sip:112@192.0.2.10>\r\n'
    "Contact: <sip:asterisk@192.0.2.1:5060>\r\nCall-ID: call-{n}@192.0.2.1\r\nCSeq: 1 INVITE\r\n"
    "Allow: OPTIONS, REGISTER, SUBSCRIBE, NOTIFY, PUBLISH, INVITE, ACK, BYE, CANCEL, UPDATE, PRACK, INFO\r\n"
    "Supported: 100rel, timer, replaces, norefersub, histinfo\r\nSession-Expires: 1800\r\nMin-SE: 90\r\n"
    "P-Asserted-Identity: <sip:08123456789@192.0.2.1>\r\nMax-Forwards: 70\r\nUser-Agent: Asterisk PBX 22\r\n"
    f"Content-Type: application/sdp\r\nContent-Length: {len(OFFER)}\r\n\r\n{OFFER}"
)
IN_DIALOG = (
    "{method} sip:ntpd112@192.0.2.10:5060 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKPj{method}{n}\r\n"
    'From: "08123456789" <sip:08123456789@192.0.2.1>;tag=tag{n}\r\nTo: <sip:112@192.0.2.10>;tag={tag}\r\n'
    "Call-ID: call-{n}@192.0.2.1\r\nCSeq: {seq} {method}\r\nMax-Forwards: 70\r\nUser-Agent: Asterisk\r\n"
    "Content-Length: 0\r\n\r\n"
)
_ECHO = re.compile(r"^(?:Via|From|To|Call-ID|CSeq): .*\r\n", re.MULTILINE)


def answer_of(request: str, code: int, body: str = "") -> bytes:
    """The phone's response to a request of the user agent."""
    echo = "".join(_ECHO.findall(request))
    if ";tag=" not in next(line for line in echo.split("\r\n") if line.startswith("To:")):
        echo = re.sub(r"(?m)^To: .*$", lambda m: m[0].rstrip("\r") + ";tag=phone\r", echo)
    kind = "Content-Type: application/sdp\r\n" if body else ""
    contact = "Contact: <sip:op1@192.0.2.2:5062>\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE\r\n"
    head = f"SIP/2.0 {code} Said\r\n{echo}{contact}User-Agent: baresip\r\n{kind}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


class Bench:
    def __init__(self) -> None:
        trunks = Trunks([TrunkSpec("pbx", ["192.0.2.1"], 1_000_000, options_s=0)])
        self.ua = UserAgent(UaConfig(), None, trunks)
        self.now = 1_000.0
        self.spent = 0.0
        self.profile: cProfile.Profile | None = None

    def feed(self, data: bytes, flow: Flow, work: object = None) -> list[str]:
        """Hand over, let `work` act on each event, take what goes out; only this is measured."""
        if self.profile is not None:
            self.profile.enable()
        began = process_time()
        self.ua.receive(data, flow, self.now)
        if callable(work):
            for event in self.ua.events():
                work(event)
        else:
            self.ua.events()
        out = self.ua.outgoing()
        self.spent += process_time() - began
        if self.profile is not None:
            self.profile.disable()
        return [one.data.decode() for one in out]

    def call(self, number: int) -> None:
        ua, now = self.ua, self.now
        legs: list[Leg] = []

        def incoming(event: object) -> None:
            if isinstance(event, IncomingCall):
                event.leg.ring(now)
                target = Target(Uri("sip", "192.0.2.2", "op1", 5062), PHONE)
                headers = {"X-NTPD112-Call": "01J", "Priority": "emergency"}
                legs[:] = [event.leg, ua.invite(target, caller=CALLER, local=MEDIA, headers=headers, now=now)]

        def answered(event: object) -> None:
            if isinstance(event, Answered):
                legs[0].answer(now, MEDIA)

        def ended(event: object) -> None:
            if isinstance(event, Ended) and event.leg is legs[0]:
                legs[1].hang_up(now, Cause(0, 16))

        *_, invite = self.feed(INVITE.format(n=number).encode(), PBX, incoming)
        self.feed(answer_of(invite, 180), PHONE)
        *_, accepted = self.feed(answer_of(invite, 200, ANSWER), PHONE, answered)
        tag = re.search(r"To: .*;tag=(\w+)", accepted)
        assert tag is not None
        self.feed(IN_DIALOG.format(n=number, method="ACK", seq=1, tag=tag[1]).encode(), PBX)
        self.now += 0.5
        now = self.now
        *_, bye = self.feed(IN_DIALOG.format(n=number, method="BYE", seq=2, tag=tag[1]).encode(), PBX, ended)
        self.feed(answer_of(bye, 200), PHONE)
        self.tick()

    def tick(self) -> None:
        if self.profile is not None:
            self.profile.enable()
        began = process_time()
        due = self.ua.next_timer()
        if due is not None and due <= self.now:
            self.ua.handle_timer(self.now)
            self.ua.outgoing()
        self.spent += process_time() - began
        if self.profile is not None:
            self.profile.disable()


def main() -> None:
    calls = next((int(arg) for arg in sys.argv[1:] if arg.isdigit()), 3_000)
    bench = Bench()
    gc.freeze()
    for number in range(300):
        bench.call(number)
    bench.spent = 0.0
    if "--profile" in sys.argv:
        bench.profile = cProfile.Profile()
    for number in range(300, 300 + calls):
        bench.call(number)
    print(f"one call, both legs, SIP only: {bench.spent / calls * 1e6:8.1f} us")
    if bench.profile is not None:
        pstats.Stats(bench.profile).sort_stats("tottime").print_stats(45)
        return
    refused = Bench()
    invites = [INVITE.format(n=number).encode() for number in range(calls)]
    began = process_time()
    for data in invites:
        refused.ua.receive(data, STRANGER, 0.0)
    print(f"INVITE from a stranger (403):  {(process_time() - began) / calls * 1e6:8.1f} us")


if __name__ == "__main__":
    main()
