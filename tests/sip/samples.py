"""Messages that the tests of sip/ start from, and small changes to them."""

from __future__ import annotations

from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.message import Request
from ntpd112.sip.parser import parse

HERE = Address("192.0.2.10", 5060)
FLOW = Flow("udp", HERE, Address("198.51.100.7", 5062))

INVITE = (
    b"INVITE sip:112@192.0.2.10 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 198.51.100.7:5062;branch=z9hG4bKa1;rport\r\n"
    b'From: "Budi" <sip:081234567890@198.51.100.7>;tag=f1\r\n'
    b"To: <sip:112@192.0.2.10>\r\n"
    b"Call-ID: c1@198.51.100.7\r\n"
    b"CSeq: 1 INVITE\r\n"
    b"Contact: <sip:pbx@198.51.100.7:5062>\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: 5\r\n"
    b"\r\n"
    b"v=0\r\n"
)


def changed(old: bytes, new: bytes, message: bytes = INVITE) -> bytes:
    """`message` with `old`, which must be in it, replaced."""
    assert old in message
    return message.replace(old, new, 1)


def invite(*headers: str, uri: str = "sip:112@192.0.2.10", to: str = "<sip:112@192.0.2.10>") -> Request:
    """The INVITE with more header lines, another Request-URI or To; `From: ...` replaces its From."""
    data = changed(b"sip:112@192.0.2.10 SIP/2.0", f"{uri} SIP/2.0".encode())
    data = changed(b"To: <sip:112@192.0.2.10>", f"To: {to}".encode(), data)
    for header in headers:
        line = header.encode("utf-8", "surrogateescape")
        if header.startswith("From:"):
            data = changed(b'From: "Budi" <sip:081234567890@198.51.100.7>;tag=f1', line, data)
        else:
            data = changed(b"Content-Type", line + b"\r\nContent-Type", data)
    message = parse(data)
    assert isinstance(message, Request)
    return message


def register(
    number: int,
    *headers: str,
    user: str = "op1",
    contact: str | None = "<sip:op1@10.0.0.5:5062>",
    call_id: str = "r1",
) -> Request:
    """A REGISTER with CSeq `number`."""
    lines = [
        "REGISTER sip:112.example SIP/2.0",
        f"Via: SIP/2.0/UDP 198.51.100.7:5062;branch=z9hG4bKr{number}",
        f"From: <sip:{user}@112.example>;tag=f{number}",
        f"To: <sip:{user}@112.example>",
        f"Call-ID: {call_id}",
        f"CSeq: {number} REGISTER",
        *([] if contact is None else [f"Contact: {contact}"]),
        *headers,
    ]
    message = parse("".join(f"{line}\r\n" for line in lines).encode() + b"\r\n")
    assert isinstance(message, Request)
    return message
