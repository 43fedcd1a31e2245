"""SIP messages kept for `ntpd112 trace`."""

import sqlite3
import threading
from pathlib import Path

import pytest

from ntpd112.sip import capture
from ntpd112.sip.capture import Capture, Captured, read_messages
from ntpd112.sip.flow import Address, Flow

PBX = Flow("udp", Address("127.0.0.1", 5060), Address("127.0.0.1", 5080))
PHONE = Flow("tcp", Address("::1", 5060), Address("::1", 49152))
STRANGER = Flow("udp", Address("127.0.0.1", 5060), Address("192.0.2.66", 5060))
CALL = "01JD0000000000000000000000"


def is_trunk(host: str) -> bool:
    return host == PBX.remote.host


def message(call_id: str, method: str = "INVITE", extra: str = "") -> bytes:
    return f"{method} sip:112@h SIP/2.0\r\nCall-ID: {call_id}\r\nCSeq: 1 {method}\r\n{extra}\r\n".encode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "trace.db"


def kept(file: Path, *messages: bytes, max_messages: int = 100) -> Capture:
    """Record them as coming from the PBX, one a second, and write the file."""
    recorder = Capture(file, max_messages, is_trunk)
    recorder.start()
    for at, data in enumerate(messages):
        recorder.record(float(at), "in", PBX, data)
    recorder.close()
    return recorder


def test_a_call_s_messages_come_back_in_order_with_both_sides(file: Path) -> None:
    recorder = Capture(file, 100, is_trunk)
    recorder.start()
    recorder.record(1.0, "in", PBX, message("abc@pbx"))
    recorder.record(2.0, "out", PHONE, message(f"{CALL}-1-0@::1"))
    recorder.record(3.0, "in", PBX, message("other@pbx"))
    recorder.record(4.0, "in", PBX, message("abc@pbx", "BYE"))
    recorder.close()
    first, second, last = read_messages(file, CALL, ["abc@pbx"])
    assert first == Captured(
        1.0, "in", "udp", "127.0.0.1:5060", "127.0.0.1:5080", "abc@pbx", message("abc@pbx").decode()
    )
    assert (second.direction, second.transport, second.remote) == ("out", "tcp", "[::1]:49152")
    assert last.message.startswith("BYE ")


def test_registrations_keep_alives_and_junk_are_left_out(file: Path) -> None:
    junk = b"\x00\xff no SIP at all"
    kept(file, message("a", "REGISTER"), message("a", "options"), junk, message("a", "INVITE"))
    assert [found.at for found in read_messages(file, CALL, ["a"])] == [3.0]


@pytest.mark.parametrize("name", ["Authorization", "proxy-authorization", "PROXY-AUTHORIZATION "])
def test_credentials_are_never_written(file: Path, name: str) -> None:
    secret = f'{name}: Digest username="x",\r\n response="5ec4e7"\r\nMax-Forwards: 70\r\n'
    kept(file, message("a", extra=secret))
    (found,) = read_messages(file, CALL, ["a"])
    assert "(removed)\r\nMax-Forwards: 70" in found.message
    assert b"5ec4e7" not in file.read_bytes()


def test_the_compact_call_id_is_understood(file: Path) -> None:
    kept(file, b"BYE sip:h SIP/2.0\r\ni:short@pbx \r\n\r\n")
    assert [found.sip_call_id for found in read_messages(file, CALL, ["short@pbx"])] == ["short@pbx"]


def test_only_the_last_messages_are_kept(file: Path) -> None:
    kept(file, *(message("a") for _ in range(50)), max_messages=20)
    assert [found.at for found in read_messages(file, CALL, ["a"])] == [float(at) for at in range(30, 50)]


def test_a_stranger_fills_neither_the_file_nor_the_disk(file: Path) -> None:
    recorder = Capture(file, 100, is_trunk)
    recorder.start()
    recorder.record(1.0, "in", PBX, message("a"))
    for _ in range(200):
        recorder.record(2.0, "in", STRANGER, message("a"))
        recorder.record(2.0, "out", STRANGER, b"SIP/2.0 403 Forbidden\r\nCall-ID: a\r\n\r\n")
    recorder.close()
    assert [found.at for found in read_messages(file, CALL, ["a"])] == [1.0]


def test_a_phone_s_messages_are_kept_from_when_we_call_it(file: Path) -> None:
    recorder = Capture(file, 100, is_trunk)
    recorder.start()
    recorder.record(1.0, "in", PHONE, message("a", "MESSAGE"))
    recorder.record(2.0, "out", PHONE, message("a"))
    recorder.record(3.0, "in", PHONE, b"SIP/2.0 180 Ringing\r\nCall-ID: a\r\n\r\n")
    recorder.close()
    assert [found.at for found in read_messages(file, CALL, ["a"])] == [2.0, 3.0]


def test_of_a_giant_message_the_beginning_is_kept(file: Path) -> None:
    kept(file, message("a", extra="X: " + 60_000 * "y" + "\r\n"))
    (found,) = read_messages(file, CALL, ["a"])
    assert len(found.message) == capture.MAX_STORED


def test_giant_messages_that_wait_are_bounded_in_bytes(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "MAX_PENDING_BYTES", 2_500)
    recorder = Capture(file, 100, is_trunk)  # its thread does not run yet: everything waits
    for at in range(4):
        recorder.record(float(at), "in", PBX, message("a", extra="X: " + 1_000 * "y" + "\r\n"))
    assert recorder.dropped == 2
    recorder.start()
    recorder.close()
    assert [found.at for found in read_messages(file, CALL, ["a"])] == [0.0, 1.0]


def test_what_the_thread_cannot_keep_up_with_is_counted_not_queued(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture, "MAX_PENDING", 3)
    recorder = Capture(file, 100, is_trunk)
    for _ in range(5):
        recorder.record(0.0, "in", PBX, message("a"))
    assert recorder.dropped == 2
    recorder.start()
    recorder.close()
    assert len(read_messages(file, CALL, ["a"])) == 3


def test_a_file_that_fails_is_logged_once_and_the_messages_counted(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Capture(file, 100, is_trunk)
    recorder.start()
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE sip_messages")
    for _ in range(100):
        recorder.record(0.0, "in", PBX, message("a"))
    recorder.close()
    assert recorder.dropped == 100
    assert [record.getMessage() for record in caplog.records] == [
        f"SIP messages are not kept for trace: {file}: no such table: sip_messages"
    ]


def test_a_second_run_adds_to_the_file_and_it_is_its_owner_s_alone(file: Path) -> None:
    kept(file, message("a"))
    kept(file, message("a"))
    assert len(read_messages(file, CALL, ["a"])) == 2
    assert file.stat().st_mode & 0o077 == 0


def test_without_a_file_there_are_no_messages(file: Path) -> None:
    assert read_messages(file, CALL) == []


SECRETS = [
    ('Authorization: Digest username="a", response="5ecret"', "Authorization: (removed)"),
    ('Proxy-Authorization: Digest response="x",\r\n nonce="5ecret"', "Proxy-Authorization: (removed)"),
    ("Contact: <sip:ani:5ecret@192.0.2.3:5060;ob>", "Contact: <sip:ani:(removed)@192.0.2.3:5060;ob>"),
    (
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:5ecret+/=|2^20|1:4",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:(removed)|2^20|1:4",
    ),
    ("a=key-mgmt:mikey 5ecret==", "a=key-mgmt:(removed)"),
    ("k=base64:5ecret", "k=(removed)"),
]


@pytest.mark.parametrize(("line", "left"), SECRETS)
def test_what_lets_somebody_in_or_listen_is_removed_and_the_rest_stays(line: str, left: str) -> None:
    before, after = "INVITE sip:112@h:5060 SIP/2.0\r\nVia: x", "To: <sip:112@h:5060>\r\n\r\nv=0\r\n"
    cleaned = capture.clean(f"{before}\r\n{line}\r\n{after}".encode()).decode()
    assert cleaned == f"{before}\r\n{left}\r\n{after}"


def test_what_people_write_in_a_message_is_not_kept(file: Path) -> None:
    kept(file, message("abc@pbx", "MESSAGE") + b"my password is 5ecret")
    assert read_messages(file, CALL, ["abc@pbx"])[0].message == message("abc@pbx", "MESSAGE").decode()
    assert b"5ecret" not in file.read_bytes()


def test_messages_are_kept_for_so_long_and_no_longer(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(file, *[message(f"{second}@pbx") for second in range(5)])
    monkeypatch.setattr(capture, "PERIOD_S", 0.0)
    expired = threading.Event()

    def clock() -> float:
        if recorder._expire_at:
            expired.set()
        return 12.5

    recorder = Capture(file, 100, is_trunk, keep_s=10.0, clock=clock)
    recorder.start()
    assert expired.wait(10.0)
    recorder.close()
    left = [second for second in range(5) if read_messages(file, CALL, [f"{second}@pbx"])]
    assert left == [3, 4]


def test_when_all_are_too_old_none_stays(file: Path) -> None:
    kept(file, message("1@pbx"), message("2@pbx"))
    recorder = Capture(file, 100, is_trunk, keep_s=10.0, clock=lambda: 1e6)
    connection = sqlite3.connect(file, isolation_level=None)
    recorder._expire(connection)
    assert connection.execute("SELECT count(*) FROM sip_messages").fetchone() == (0,)
    connection.close()
