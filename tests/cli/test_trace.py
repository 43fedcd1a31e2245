"""A call's messages as a ladder diagram."""

import json
from dataclasses import replace

import pytest
from tests.cli.terminal import Terminal

from ntpd112.cli.ladder import Note, label, ladder, parties, style_of
from ntpd112.journal import Journal
from ntpd112.journal.events import CallStarted, OfferMade
from ntpd112.sip.capture import Capture, Captured, Direction
from ntpd112.sip.flow import Address, Flow

CALL = "01JD0000000000000000000000"
LOCAL = Address("192.0.2.1", 5060)
PBX = Flow("udp", LOCAL, Address("192.0.2.2", 5060))
PHONE = Flow("tcp", LOCAL, Address("192.0.2.3", 49152))


def text(first: str, call_id: str, method: str = "INVITE", body: str = "") -> str:
    return f"{first}\r\nCall-ID: {call_id}\r\nCSeq: 1 {method}\r\n\r\n{body}"


MESSAGES: list[tuple[float, Direction, Flow, str]] = [
    (100.0, "in", PBX, text("INVITE sip:112@h SIP/2.0", "abc@pbx", body="v=0\r\n")),
    (100.002, "out", PBX, text("SIP/2.0 200 OK", "abc@pbx", body="v=0\r\n")),
    (100.010, "out", PHONE, text("INVITE sip:ani@h SIP/2.0", f"{CALL}-1-0@h")),
    (101.5, "in", PHONE, text("SIP/2.0 486 Busy Here", f"{CALL}-1-0@h")),
]


def captured() -> list[Captured]:
    return [
        Captured(
            at,
            direction,
            flow.transport,
            "192.0.2.1:5060",
            f"{flow.remote.host}:{flow.remote.port}",
            "x",
            message,
        )
        for at, direction, flow, message in MESSAGES
    ]


def test_the_diagram_has_a_column_for_each_party_and_an_arrow_for_each_message() -> None:
    drawing = [row.text for row in ladder(captured(), [Note(100.005, "offer.made operator=ani")])]
    assert drawing == [
        "                  192.0.2.2:5060                   ntpd112                   192.0.2.3:49152",
        "    0.000                │─────── INVITE (SDP) ───────▶│                             │",
        "    0.002                │◀─── 200 OK (INVITE, SDP) ───│                             │",
        "    0.005   * offer.made operator=ani",
        "    0.010                │                             │────────── INVITE ──────────▶│",
        "    1.500                │                             │◀── 486 Busy Here (INVITE) ──│",
    ]


def test_an_arrow_passes_over_the_lifelines_between() -> None:
    third = Captured(102.0, "out", "udp", "192.0.2.1:5060", "192.0.2.4:5060", "x", MESSAGES[2][3])
    line = ladder([*captured(), third])[-1].text
    assert (line.count("│"), line.count("▶")) == (3, 1)


def test_a_long_note_is_wrapped_at_the_width() -> None:
    note = Note(100.0, "call.started " + " ".join(f"key{number}=value" for number in range(9)))
    first, second = (row.text for row in ladder([], [note], width=80)[1:])
    assert first.startswith("    0.000   * call.started key0=value")
    assert second.startswith("              key")
    assert max(len(first), len(second)) <= 80


def test_a_message_sent_once_more_says_so() -> None:
    invite = captured()[2]
    assert [" again" in row.text for row in ladder([invite, replace(invite, at=100.5)])] == [
        False,
        False,
        True,
    ]


def test_a_label_that_is_too_long_loses_its_reason_phrase_first() -> None:
    answer = "SIP/2.0 200 Answering at your service\r\nCSeq: 7 INVITE\r\n\r\nv=0\r\n"
    (_, row) = ladder([replace(captured()[0], message=answer)])
    assert "─ 200 (INVITE, SDP) ─" in row.text


def test_three_parties_fit_on_100_columns_and_two_in_a_narrow_window() -> None:
    assert max(len(row.text) for row in ladder(captured())) <= 100
    assert max(len(row.text) for row in ladder(captured()[:2], width=60)) <= 60


def test_parties_are_the_first_sender_ourselves_and_the_others() -> None:
    assert parties(captured()) == ["192.0.2.2:5060", "ntpd112", "192.0.2.3:49152"]
    assert parties([]) == ["ntpd112"]


@pytest.mark.parametrize(
    ("message", "said", "style"),
    [
        ("INVITE sip:a@h SIP/2.0\r\nA: b\r\n\r\nv=0\r\n", "INVITE (SDP)", "bold cyan"),
        (
            "INVITE sip:a@h SIP/2.0\r\nA: b\r\n\r\n--x\r\nContent-Type: y\r\n\r\nv=0\r\n",
            "INVITE (SDP)",
            "bold cyan",
        ),
        ("BYE sip:a@h SIP/2.0\r\nA: b\r\n\r\n", "BYE", "bold cyan"),
        ("SIP/2.0 180 Ringing\r\ncseq: 7 INVITE\r\n\r\n", "180 Ringing (INVITE)", "yellow"),
        ("SIP/2.0 200 OK\r\n\r\n", "200 OK", "green"),
        ("SIP/2.0 503 Full\r\nCSeq: 7 INVITE\r\n\r\n", "503 Full (INVITE)", "bold red"),
    ],
)
def test_what_an_arrow_says(message: str, said: str, style: str) -> None:
    assert (label(message), style_of(message)) == (said, style)


def write_call(terminal: Terminal) -> None:
    """A call in the journal and its messages in the trace file, as the agent leaves them."""
    journal = Journal(terminal.folder / "ntpd112-journal.db")
    journal.append(
        CallStarted(
            at=100.001,
            call_id=CALL,
            region="35.78",
            trunk="pbx",
            dialled="112",
            caller="+62811",
            sip_call_id="abc@pbx",
        )
    )
    journal.append(OfferMade(at=100.009, call_id=CALL, offer=1, operator="ani"))
    journal.commit()
    journal.close()


def write_messages(terminal: Terminal) -> None:
    capture = Capture(terminal.folder / "ntpd112-trace.db", 1000, lambda host: True)
    capture.start()
    for at, direction, flow, message in MESSAGES:
        capture.record(at, direction, flow, message.encode())
    capture.close()


def test_trace_draws_both_legs_with_the_journal_s_events_between(terminal: Terminal) -> None:
    write_call(terminal)
    write_messages(terminal)
    lines = terminal.run("trace", CALL).stdout.splitlines()
    assert lines[0] == f"call {CALL}, 1970-01-01T07:01:40.000+07:00"
    shown = [" ".join(line.replace("│", " ").replace("─", " ").split()[1:]) for line in lines[2:]]
    assert shown == [
        "INVITE (SDP) ▶",
        "* call.started region=35.78 trunk=pbx dialled=112 caller=+62811 sip_call_id=abc@pbx",
        "◀ 200 OK (INVITE, SDP)",
        "* offer.made offer=1 operator=ani",
        "INVITE ▶",
        "◀ 486 Busy Here (INVITE)",
    ]


def test_trace_reads_beside_a_running_agent(terminal: Terminal) -> None:
    write_call(terminal)
    write_messages(terminal)
    journal = Journal(terminal.folder / "ntpd112-journal.db")
    try:
        assert "486 Busy Here" in terminal.run("trace", CALL).stdout
    finally:
        journal.close()


def test_trace_prints_the_messages_themselves_when_asked(terminal: Terminal) -> None:
    write_call(terminal)
    write_messages(terminal)
    output = terminal.run("trace", CALL, "--messages").stdout
    assert "192.0.2.1:5060 -> 192.0.2.3:49152 (tcp)\nINVITE sip:ani@h SIP/2.0\n" in output


def test_trace_as_json(terminal: Terminal) -> None:
    write_call(terminal)
    write_messages(terminal)
    trace = json.loads(terminal.run("trace", CALL, "--json").stdout)
    assert [(event["type"], event["at"]) for event in trace["events"]] == [
        ("call.started", "1970-01-01T07:01:40.001+07:00"),
        ("offer.made", "1970-01-01T07:01:40.009+07:00"),
    ]
    found = trace["messages"]
    assert [(message["direction"], message["remote"]) for message in found] == [
        ("in", "192.0.2.2:5060"),
        ("out", "192.0.2.2:5060"),
        ("out", "192.0.2.3:49152"),
        ("in", "192.0.2.3:49152"),
    ]
    assert found[0]["message"] == MESSAGES[0][3]


def test_an_unknown_call_is_named_with_the_journal_looked_into(terminal: Terminal) -> None:
    journal = terminal.folder / "ntpd112-journal.db"
    said = terminal.run("trace", CALL, code=1).stderr
    assert said == f'no call "{CALL}" in {journal}; ids are in the log, CDRs and live calls\n'


def test_of_a_call_whose_messages_are_gone_the_events_are_shown(terminal: Terminal) -> None:
    write_call(terminal)
    result = terminal.run("trace", CALL)
    assert "* offer.made offer=1 operator=ani" in result.stdout
    file = terminal.folder / "ntpd112-trace.db"
    assert result.stderr == f'the SIP messages of call "{CALL}" are not in {file} (any more)\n'
