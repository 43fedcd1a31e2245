"""What is lost of the calls' SIP messages is counted."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ntpd112.app.capturing import Capturing
from ntpd112.sip.capture import Capture
from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.hep import HepSender

INVITE = b"INVITE sip:112@h SIP/2.0\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\n\r\n"
FLOW = Flow("udp", Address("192.0.2.1", 5060), Address("192.0.2.2", 5060))


def lost(capturing: Capturing) -> dict[str, float]:
    return {sample.labels["for"]: sample.value for metric in capturing.collect() for sample in metric.samples}


def test_messages_that_neither_the_disk_nor_homer_took_are_counted(tmp_path: Path) -> None:
    homer = HepSender("255.255.255.255", 9060, 1, "")  # nobody may broadcast without asking
    capture = Capture(tmp_path / "sip.db", 100, lambda host: True, tell=homer.send)
    capturing = Capturing(capture, homer)
    capture.start()
    with sqlite3.connect(tmp_path / "sip.db") as connection:
        connection.execute("DROP TABLE sip_messages")
    capture.record(1.0, "in", FLOW, INVITE)
    capturing.close()
    assert lost(capturing) == {"trace": 1, "homer": 1}


def test_without_homer_there_is_no_sample_of_it(tmp_path: Path) -> None:
    assert lost(Capturing(Capture(tmp_path / "sip.db", 100, lambda host: True), None)) == {"trace": 0}
