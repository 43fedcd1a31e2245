"""A call's messages as a ladder diagram."""

import json
from dataclasses import replace

import dpkt
import pytest
from tests.cli.terminal import Terminal

from ntpd112.cli.findings import findings, label
from ntpd112.cli.ladder import MIN_COLUMN, OURS, TIME, WIDTH, Note, Party, ladder, parties, style_of
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
        "       ms         192.0.2.2:5060                   ntpd112                   192.0.2.3:49152",
        "      0.0                │─────── INVITE (SDP) ───────▶│                             │",
        "      2.0                │◀─── 200 OK (INVITE, SDP) ───│                             │",
        "      5.0   * offer.made operator=ani",
        "     10.0                │                             │────────── INVITE ──────────▶│",
        "   +1.5 s                ┊                             ┊                             ┊",
        "   1500.0                │                             │◀── 486 Busy Here (INVITE) ──│",
    ]


def test_an_arrow_passes_over_the_lifelines_between() -> None:
    third = Captured(102.0, "out", "udp", "192.0.2.1:5060", "192.0.2.4:5060", "x", MESSAGES[2][3])
    line = ladder([*captured(), third])[-1].text
    assert (line.count("│"), line.count("▶")) == (3, 1)


def test_a_long_note_is_wrapped_at_the_width() -> None:
    note = Note(100.0, "call.started " + " ".join(f"key{number}=value" for number in range(9)))
    first, second = (row.text for row in ladder([], [note], width=80)[1:])
    assert first.startswith("      0.0   * call.started key0=value")
    assert second.startswith("              key")
    assert max(len(first), len(second)) <= 80


def test_a_message_sent_once_more_says_so() -> None:
    invite = captured()[2]
    rows = ladder([invite, replace(invite, at=100.5), replace(invite, at=101.5)])
    assert [row.text[TIME - 1 :].strip(" │◀▶─") for row in rows if "INVITE" in row.text] == [
        "INVITE",
        "↻2 INVITE",
        "↻3 INVITE",
    ]


def test_a_label_that_is_too_long_loses_its_reason_phrase_first() -> None:
    answer = "SIP/2.0 200 Answering at your service\r\nCSeq: 7 INVITE\r\n\r\nv=0\r\n"
    (_, row) = ladder([replace(captured()[0], message=answer)])
    assert "─ 200 (INVITE, SDP) ─" in row.text


def test_three_parties_fit_on_100_columns_and_two_in_a_narrow_window() -> None:
    assert max(len(row.text) for row in ladder(captured())) <= 100
    assert max(len(row.text) for row in ladder(captured()[:2], width=60)) <= 60


def test_parties_are_the_first_sender_ourselves_and_the_others() -> None:
    assert parties(captured()) == [Party("", "192.0.2.2:5060"), OURS, Party("", "192.0.2.3:49152")]
    assert parties([]) == [OURS]


def test_an_address_that_plays_two_parts_has_two_columns() -> None:
    caller, agency = captured()[0], replace(captured()[2], remote="192.0.2.2:5060")
    name_of = {caller.message: "pbx", agency.message: "police"}
    shown = ladder([caller, agency], name_of=lambda message: name_of[message.message])
    assert shown[0].text.split() == ["pbx", "ntpd112", "police"]
    assert shown[1].text.split() == ["ms", "192.0.2.2:5060", "192.0.2.2:5060"]


def test_five_parties_fit_on_100_columns_and_each_arrow_says_what_it_is() -> None:
    """The names of what came again and of answers survive the narrow column."""
    invite, answer = captured()[0], captured()[1]
    others = [replace(invite, remote=f"192.0.2.{n}:5060") for n in range(10, 13)]
    rows = ladder([invite, replace(invite, at=100.1), answer, *others])
    assert max(len(row.text) for row in rows) <= WIDTH
    said = " ".join(row.text for row in rows)
    assert "↻2 INVITE" in said
    assert "200 (INVITE)" in said
    assert MIN_COLUMN * 5 + TIME == WIDTH


def whose(message: Captured) -> str:
    return message.remote.partition(":")[0]


def test_a_call_in_which_all_was_answered_has_nothing_that_stands_out() -> None:
    invite, answer = captured()[0], captured()[1]
    ack = replace(invite, at=100.1, message=text("ACK sip:112@h SIP/2.0", "abc@pbx", method="ACK"))
    assert findings([invite, answer, ack], whose) == []


def test_a_lost_ack_stands_out_with_the_answers_that_were_sent_in_vain() -> None:
    invite, answer = captured()[0], captured()[1]
    messages = [invite, answer, replace(answer, at=100.502), replace(answer, at=101.502)]
    assert findings(messages, whose) == [
        "200 OK (INVITE, SDP) to 192.0.2.2 was sent 3 times in 1500 ms and was not acknowledged"
    ]


def test_of_a_lost_ack_it_is_told_where_it_should_have_come() -> None:
    ours = "SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\nContact: <sip:ntpd112@10.0.0.9:5060>\r\n\r\n"
    (told,) = findings([captured()[0], replace(captured()[1], message=ours)], whose)
    assert "the ACK belongs to our Contact, sip:ntpd112@10.0.0.9:5060, and did not come there" in told


def test_an_invite_sent_again_stands_out_and_its_answer_does_not() -> None:
    invite = captured()[2]
    busy = replace(captured()[3], at=101.0)
    ack = replace(invite, at=101.001, message=text("ACK sip:ani@h SIP/2.0", "x", method="ACK"))
    assert findings([invite, replace(invite, at=100.51), busy, ack], whose) == [
        "INVITE to 192.0.2.3 was sent 2 times in 500 ms"
    ]


def test_a_phone_that_is_silent_stands_out() -> None:
    assert findings([captured()[2]], whose) == [
        "INVITE to 192.0.2.3 has no final answer: is there anybody at 192.0.2.3:49152, and does a firewall "
        "let the answer through?"
    ]


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
    assert lines[1].split() == ["pbx", "ntpd112", "ani"]
    drawn = [line for line in lines[3:] if "┊" not in line and not line.startswith("!")]
    shown = [" ".join(line.replace("│", " ").replace("─", " ").split()[1:]) for line in drawn]
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
    assert [(message["party"], message["ms"], message["sent"]) for message in found] == [
        ("pbx", 0.0, 1),
        ("pbx", 2.0, 1),
        ("ani", 10.0, 1),
        ("ani", 1500.0, 1),
    ]
    assert found[0]["message"] == MESSAGES[0][3]
    assert trace["findings"] == [
        "200 OK (INVITE, SDP) to pbx was not acknowledged",
        "486 Busy Here (INVITE) from ani was not acknowledged",
    ]


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


def test_a_call_is_written_for_wireshark(terminal: Terminal) -> None:
    write_call(terminal)
    write_messages(terminal)
    file = terminal.folder / "call.pcap"
    assert terminal.run("trace", CALL, "--pcap", str(file)).stdout == f"{file}: 4 messages\n"
    with file.open("rb") as written:
        packets = dpkt.pcap.Reader(written).readpkts()
    assert [dpkt.ip.IP(data).data.data.decode() for _, data in packets] == [text for *_, text in MESSAGES]


def test_of_a_call_without_messages_there_is_no_capture(terminal: Terminal) -> None:
    write_call(terminal)
    file = terminal.folder / "call.pcap"
    said = terminal.run("trace", CALL, "--pcap", str(file), code=1).stderr
    assert said == f'the SIP messages of call "{CALL}" are not kept (any more)\n'
    assert not file.exists()


def test_without_a_call_it_is_asked_which(terminal: Terminal) -> None:
    said = terminal.run("trace", code=1).stderr
    assert said == "which call? Give its id, as in CDRs and live calls, or --live\n"
