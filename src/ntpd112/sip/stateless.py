"""Answers without a transaction (RFC 3261 §8.2.7): for what must cost next to nothing, above all INVITEs
from sources that are no trunk. The To tag comes from the request itself, so retransmissions get the
same answer."""

from __future__ import annotations

import hashlib

from .flow import Flow, Outgoing
from .message import Request, Response
from .reply import reply, tag_of
from .transactions import reply_flow
from .uri import SipSyntaxError, split_outside_quotes
from .via import Via

MAX_VIAS = 30
"Via lines that are copied into a refusal."
_NEEDED = {b"via": b"via", b"from": b"from", b"to": b"to", b"call-id": b"call-id", b"cseq": b"cseq"}
_NEEDED |= {b"v": b"via", b"f": b"from", b"t": b"to", b"i": b"call-id"}
_USUAL = {b"Via": b"via", b"From": b"from", b"To": b"to", b"Call-ID": b"call-id", b"CSeq": b"cseq"}


class Stateless:
    """`secret` makes tags that nobody can foretell."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def tag(self, call_id: bytes, branch: bytes) -> str:
        return hashlib.blake2b(call_id + b"\0" + branch, key=self._secret, digest_size=8).hexdigest()

    def response(self, request: Request, code: int, phrase: str | None = None) -> Response:
        fields = request.fields
        call_id = fields["call-id"][0].encode("utf-8", "surrogateescape")
        branch = request.via.branch or ""
        return reply(request, code, phrase, self.tag(call_id, branch.encode("utf-8", "surrogateescape")))

    def refuse_invite(self, data: bytes, flow: Flow) -> Outgoing | None:
        """403 for the bytes of an INVITE that would begin a dialog, without parsing it. None: it is within a
        dialog, or not plain enough for this and must be parsed."""
        found: dict[bytes, bytes] = {}
        vias: list[bytes] = []
        for line in data.partition(b"\r\n\r\n")[0].split(b"\n")[1:]:
            name, _, value = line.partition(b":")
            if name[:1] in (b" ", b"\t"):
                return None
            kind = _USUAL.get(name) or (_NEEDED.get(name.strip().lower()) if len(name) < 12 else None)
            if kind is None:
                continue
            if kind == b"via":
                vias.append(value.strip())
            elif kind in found:
                return None
            else:
                found[kind] = value.strip()
        if not vias or len(vias) > MAX_VIAS or len(found) != 4:
            return None
        to = found[b"to"].decode("utf-8", "surrogateescape")
        if tag_of(to) is not None:
            return None
        try:
            text, via = stamp(vias[0].decode("utf-8", "surrogateescape"), flow)
        except SipSyntaxError:
            return None
        tag = self.tag(found[b"call-id"], (via.branch or "").encode("utf-8", "surrogateescape"))
        vias[0] = text.encode("utf-8", "surrogateescape")
        lines = [b"SIP/2.0 403 Forbidden", *[b"Via: " + one for one in vias]]
        lines += [b"From: " + found[b"from"], b"To: " + found[b"to"] + b";tag=" + tag.encode()]
        lines += [b"Call-ID: " + found[b"call-id"], b"CSeq: " + found[b"cseq"], b"Content-Length: 0\r\n\r\n"]
        return Outgoing(reply_flow(flow, via), b"\r\n".join(lines))


def stamp(text: str, flow: Flow) -> tuple[str, Via]:
    """A topmost Via line with `received` and `rport` (RFC 3261 §18.2.1, RFC 3581 §4), and its first value."""
    parts = split_outside_quotes(text, ",") if "," in text else [text]
    via = Via.parse(parts[0])
    remote = flow.remote
    if "rport" not in via.params and via.host == remote.host:
        return text, via
    via = via.received_from(remote.host, remote.port)
    return ",".join([str(via), *parts[1:]]), via
