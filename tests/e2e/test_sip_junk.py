"""Junk on the SIP port: the process lives on, keeps nothing of it, and says 400 where it can be said."""

from __future__ import annotations

import random
import re
import socket

import pytest

from .conftest import Stage
from .peers.agent import Agent, Settings, http
from .peers.scenario import answered, hangs_up, invite, pause
from .peers.waiting import eventually

VIA = "Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bKjunk\r\n"
REST = "From: <sip:a@x>;tag=1\r\nTo: <sip:112@x>\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n"
LINE = "OPTIONS sip:112@x SIP/2.0\r\n"
CALL_ID = "Call-ID: junk\r\n"

UNANSWERABLE = {
    "empty": b"",
    "line breaks": b"\r\n\r\n",
    "zeros": bytes(500),
    "random": random.Random(112).randbytes(1400),
    "64 KB": random.Random(113).randbytes(65_000),
    "a long word": b"A" * 65_000,
    "half a request line": b"INVITE sip:11",
    "a response to nothing": b"SIP/2.0 200 OK\r\nCall-ID: x\r\n\r\n",
    "no Call-ID, which every answer must repeat": (LINE + VIA + REST + "\r\n").encode(),
    "bad UTF-8": b"\xff\xfe\xc0INVITE sip:112@x SIP/2.0\r\n\r\n",
}
ANSWERED_400 = {
    "negative Content-Length": LINE + VIA + REST + CALL_ID + "Content-Length: -1\r\n\r\n",
    "huge Content-Length": LINE + VIA + REST + CALL_ID + "Content-Length: 99999999999999\r\n\r\nx",
    "truncated body": LINE + VIA + REST + CALL_ID + "Content-Length: 500\r\n\r\nv=0\r\n",
    "header without colon": LINE + VIA + REST + CALL_ID + "this is no header\r\n\r\n",
}
ANSWERED_200 = {
    "folded header": LINE + VIA + REST + CALL_ID + "Subject: a\r\n b\r\n\tc\r\n\r\n",
}


@pytest.fixture
def peer(stage: Stage) -> socket.socket:
    """A socket at the telco's address."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((stage.net.telco, 0))
    udp.settimeout(5)
    return udp


def test_junk_never_ends_the_agent_nor_leaves_anything_behind(stage: Stage, peer: socket.socket) -> None:
    agent = stage.agent(Settings(pbx_options="0s"))  # OPTIONS to nobody would leave transactions
    with peer:
        peer.connect((stage.net.agent, 5060))
        for _ in range(20):
            for junk in UNANSWERABLE.values():
                peer.send(junk)
        for name, message in ANSWERED_400.items():
            answer = ask(peer, message)
            assert re.match(r"SIP/2\.0 400 \S+", answer), f"{name}: {answer}"
        for name, message in ANSWERED_200.items():
            assert ask(peer, message).startswith("SIP/2.0 200"), name

    stage.caller(agent, invite(), *answered(), pause(200), *hangs_up()).run()
    assert len(agent.wait_for_cdrs()) == 1
    eventually(lambda: transactions(agent) == 0, "no transaction is left", within_s=45)


def ask(peer: socket.socket, message: str) -> str:
    host, port = peer.getsockname()
    peer.send(message.format(host=host, port=port).encode())
    return peer.recv(65536).decode()


def transactions(agent: Agent) -> float:
    """The gauge of SIP transactions in /metrics."""
    metrics = http.get(f"{agent.url}/metrics").text
    found = re.search(r"^ntpd112_sip_transactions(?:{[^}]*})? (\S+)$", metrics, re.MULTILINE)
    assert found, f"no ntpd112_sip_transactions in /metrics:\n{metrics[:2000]}"
    return float(found.group(1))


def test_junk_on_tcp_closes_that_connection_only(stage: Stage) -> None:
    agent = stage.agent()
    for junk in UNANSWERABLE.values():
        with socket.create_connection((stage.net.agent, 5060), source_address=(stage.net.telco, 0)) as tcp:
            tcp.sendall(junk)

    stage.caller(agent, invite(), *answered(), pause(200), *hangs_up(), transport="t1").run()

    assert len(agent.wait_for_cdrs()) == 1
