"""A SIP peer by hand, for what SIPp cannot say: two messages in a row when an answer may come between, the
same message twice, a request before the answer to the other side's."""

from __future__ import annotations

import re
import socket
import time

from .scenario import SDP
from .waiting import PATIENCE_S


class Raw:
    """One UDP socket. `call_id` and `tag` are of its one call."""

    def __init__(self, host: str, target: str, port: int = 0) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, port))
        host, bound = self._socket.getsockname()
        self.address = f"{host}:{bound}"
        name, _, number = target.partition(":")
        self._target = (name, int(number))
        self.target = target
        self.seen: list[str] = []
        "The messages received, oldest first."

    def close(self) -> None:
        self._socket.close()

    def send(self, message: str) -> None:
        self._socket.sendto(message.encode(), self._target)

    def expect(self, name: str, within_s: float = PATIENCE_S) -> str:
        """The next message of that name (`BYE`, `200 INVITE`); others that come before are only noted."""
        deadline = time.monotonic() + within_s
        while (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                message = self._socket.recv(65536).decode()
            except TimeoutError:
                break
            self.seen.append(message)
            if name_of(message) == name:
                return message
        raise AssertionError(f"no {name} came; there was {self.names()}")

    def names(self) -> list[str]:
        return [name_of(message) for message in self.seen]

    def description(self) -> str:
        """An SDP that speaks G.711 at a port where nobody listens."""
        host = self.address.partition(":")[0]
        known = {"[local_ip_type]": "4", "[media_ip_type]": "4", "[media_port]": "6000"}
        text = SDP.replace("[local_ip]", host).replace("[media_ip]", host)
        for word, value in known.items():
            text = text.replace(word, value)
        return text.replace("\n", "\r\n")

    def request(self, method: str, cseq: int, *, to: str = "", uri: str = "", body: str = "") -> str:
        """A request of the calling side; `to` and `uri` are those of the dialog once there is one. CANCEL has
        the branch of its INVITE."""
        branch = "invite" if method == "CANCEL" else method.lower()
        lines = [
            f"{method} {uri or f'sip:112@{self.target}'} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.address};branch=z9hG4bK{self.address}{branch}{cseq}",
            f"From: <sip:08123456789@{self.address}>;tag=raw",
            f"To: {to or f'<sip:112@{self.target}>'}",
            f"Call-ID: raw-{self.address}",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:raw@{self.address}>",
            "Max-Forwards: 70",
        ]
        return with_body(lines, body)

    def request_back(self, method: str, cseq: int, invite: str) -> str:
        """A request of the called side in the dialog that `invite` and our answers to it began."""
        contact = re.search(r"<([^>]*)>", header(invite, "Contact"))
        assert contact, f"no Contact in {invite}"
        lines = [
            f"{method} {contact.group(1)} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.address};branch=z9hG4bK{self.address}{method.lower()}{cseq}",
            f"From: {header(invite, 'To')};tag=raw",
            f"To: {header(invite, 'From')}",
            f"Call-ID: {header(invite, 'Call-ID')}",
            f"CSeq: {cseq} {method}",
            "Max-Forwards: 70",
        ]
        return with_body(lines, "")

    def answer(self, request: str, code: int, phrase: str, body: str = "") -> str:
        """A response to a request that came."""
        to = header(request, "To")
        lines = [
            f"SIP/2.0 {code} {phrase}",
            *(f"Via: {via}" for via in re.findall(r"(?im)^Via: (.*?)\r?$", request)),
            f"From: {header(request, 'From')}",
            f"To: {to}" + ("" if ";tag=" in to else ";tag=raw"),
            f"Call-ID: {header(request, 'Call-ID')}",
            f"CSeq: {header(request, 'CSeq')}",
            f"Contact: <sip:raw@{self.address}>",
        ]
        return with_body(lines, body)


def with_body(lines: list[str], body: str) -> str:
    if body:
        lines = [*lines, "Content-Type: application/sdp"]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body])


def header(message: str, name: str) -> str:
    found = re.search(rf"(?im)^{name}: (.*?)\r?$", message)
    assert found, f"no {name} in {message}"
    return found.group(1)


def name_of(message: str) -> str:
    """`INVITE` for a request, `200 INVITE` for a response."""
    first, second = message.split(" ", 2)[:2]
    return f"{second} {header(message, 'CSeq').split()[1]}" if first == "SIP/2.0" else first
