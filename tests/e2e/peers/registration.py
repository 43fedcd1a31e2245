"""Registers a phone that SIPp plays: REGISTER with digest over UDP, from the port SIPp then listens on."""

from __future__ import annotations

import hashlib
import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass

ANSWER_S = 5.0
TRIES = 3


class RegistrationFailed(Exception):
    """The registrar said something else than 200; the message has its answer."""


@dataclass(frozen=True)
class Registrar:
    host: str
    port: int
    realm_host: str
    "What stands behind the @ in the user's address."


def register(
    registrar: Registrar, user: str, password: str, host: str, port: int = 5060, *, expires: int = 300
) -> None:
    """Binds `sip:user@host:port` to the user. Raises RegistrationFailed, TimeoutError."""
    call_id, tag = secrets.token_hex(8), secrets.token_hex(4)

    def request(cseq: int, extra: str) -> bytes:
        lines = (
            f"REGISTER sip:{registrar.realm_host} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{secrets.token_hex(8)};rport",
            f"From: <sip:{user}@{registrar.realm_host}>;tag={tag}",
            f"To: <sip:{user}@{registrar.realm_host}>",
            f"Call-ID: {call_id}",
            f"CSeq: {cseq} REGISTER",
            f"Contact: <sip:{user}@{host}:{port}>",
            "Max-Forwards: 70",
            f"Expires: {expires}",
        )
        return ("\r\n".join(lines) + "\r\n" + extra + "Content-Length: 0\r\n\r\n").encode()

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind((host, port))
        phone.settimeout(ANSWER_S)
        phone.connect((registrar.host, registrar.port))
        challenge = _exchange(phone, request(1, ""))
        if not challenge.startswith("SIP/2.0 401"):
            raise RegistrationFailed(challenge)
        uri = f"sip:{registrar.realm_host}"
        answer = _exchange(phone, request(2, authorization(challenge, "REGISTER", uri, user, password)))
        if not answer.startswith("SIP/2.0 200"):
            raise RegistrationFailed(answer)


def _exchange(phone: socket.socket, request: bytes) -> str:
    for attempt in range(TRIES):
        phone.send(request)
        try:
            return phone.recv(65536).decode()
        except TimeoutError:
            if attempt == TRIES - 1:
                raise
    raise AssertionError("not reached")


def authorization(challenge: str, method: str, uri: str, user: str, password: str) -> str:
    """The header line that answers a 401. RFC 7616: the first challenge that names an algorithm we have (the
    server's favourite comes first)."""
    for line in re.findall(r"(?im)^WWW-Authenticate:\s*Digest (.+?)\r?$", challenge):
        asked = dict(re.findall(r'(\w+)="?([^",]+)"?', line))
        if asked.get("algorithm", "MD5") in ("MD5", "SHA-256"):
            return _digest_header(asked, method, uri, user, password)
    raise RegistrationFailed(f"no challenge to answer in: {challenge}")


def _digest_header(asked: Mapping[str, str], method: str, uri: str, user: str, password: str) -> str:
    algorithm = asked.get("algorithm", "MD5")
    digest = hashlib.md5 if algorithm == "MD5" else hashlib.sha256

    def hashed(text: str) -> str:
        return digest(text.encode()).hexdigest()

    cnonce, count = secrets.token_hex(4), "00000001"
    first = hashed(f"{user}:{asked['realm']}:{password}")
    second = hashed(f"{method}:{uri}")
    response = hashed(f"{first}:{asked['nonce']}:{count}:{cnonce}:auth:{second}")
    fields = (
        f'username="{user}", realm="{asked["realm"]}", nonce="{asked["nonce"]}", uri="{uri}", '
        f'response="{response}", algorithm={algorithm}, qop=auth, nc={count}, cnonce="{cnonce}"'
    )
    opaque = f', opaque="{asked["opaque"]}"' if "opaque" in asked else ""
    return f"Authorization: Digest {fields}{opaque}\r\n"
