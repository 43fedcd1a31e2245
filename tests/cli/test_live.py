"""`ntpd112 trace --live`: messages as they come, of those that the filter fits."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ntpd112.cli.live import fits, follow, json_of, line_of
from ntpd112.sip.capture import Capture, Captured
from ntpd112.sip.flow import Address, Flow

WIB = ZoneInfo("Asia/Jakarta")
PBX = Flow("udp", Address("192.0.2.1", 5060), Address("192.0.2.2", 5060))
TEXT = (
    "INVITE sip:112@192.0.2.1 SIP/2.0\r\nFrom: <sip:+62811@telkom.example>;tag=1\r\nTo: <sip:112@h>\r\n"
    "Subject: secret\r\nCall-ID: abc@pbx\r\nCSeq: 1 INVITE\r\n\r\nv=0\r\n"
)
MESSAGE = Captured(100.5, "in", "udp", "192.0.2.1:5060", "192.0.2.2:5060", "abc@pbx", TEXT)


@pytest.mark.parametrize(
    "words", ["", "+62811", "192.0.2.2", "invite", "abc@pbx", "TELKOM INVITE 112", "udp"]
)
def test_a_filter_fits_by_number_address_method_and_call_id(words: str) -> None:
    assert fits(MESSAGE, words)


@pytest.mark.parametrize("words", ["+62812", "192.0.2.9", "bye", "invite bye", "secret", "v=0"])
def test_every_word_of_it_has_to_be_there_and_other_headers_do_not_count(words: str) -> None:
    assert not fits(MESSAGE, words)


def record(file: Path, *call_ids: str) -> None:
    capture = Capture(file, 1000, lambda host: True)
    capture.start()
    for call_id in call_ids:
        capture.record(1.0, "in", PBX, TEXT.replace("abc@pbx", call_id).encode())
    capture.close()


def test_what_comes_from_now_on_is_told_in_order(tmp_path: Path) -> None:
    file = tmp_path / "trace.db"
    record(file, "before@pbx")
    coming = [["1@pbx", "other"], [], ["2@pbx"]]
    told = follow(file, "@pbx call-id", wait=lambda seconds: record(file, *coming.pop(0)))
    assert [message.sip_call_id for message in islice(told, 2)] == ["1@pbx", "2@pbx"]


def test_a_file_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "trace.db"
    told = follow(file, "", wait=lambda seconds: record(file, "1@pbx"))
    assert next(told).sip_call_id == "1@pbx"


def test_a_line_says_when_where_and_what() -> None:
    assert line_of(MESSAGE, WIB) == "07:01:40.500 <- 192.0.2.2:5060 udp INVITE (SDP)  abc@pbx"


def test_as_json_the_message_is_whole() -> None:
    told = json.loads(json_of(MESSAGE, WIB))
    assert (told["at"], told["message"]) == ("1970-01-01T07:01:40.500+07:00", TEXT)
