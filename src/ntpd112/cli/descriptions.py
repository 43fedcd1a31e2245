"""What the session descriptions and addresses of a call's messages give away: no codec in common, an address
that the other side cannot reach (RFC 3264, RFC 1918, RFC 6598). Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple

from ntpd112.sip.capture import Captured
from ntpd112.sip.sdp import SdpError, SessionDescription, Stream, parse_sdp

from .findings import OPPOSITE, label, said

_SDP = re.compile(r"(?:^|\n)(v=0\r?\n(?:[a-z]=[^\r\n]*(?:\r?\n|$))*)")
_CONTACT = re.compile(
    r"\r\n(?:contact|m)[ \t]*:[^\r\n]*?sips?:(?:[^@>\s]*@)?(\[[^\]]*\]|[^:;>\s]*)", re.IGNORECASE
)
_STATIC = {"0": "PCMU", "3": "GSM", "4": "G723", "8": "PCMA", "9": "G722", "13": "CN", "18": "G729"}
"Payload types that need no rtpmap (RFC 3551 §6)."
_G711 = {"PCMA", "PCMU"}
_INSIDE = [
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
    )
]
"Nobody on the other side of a NAT reaches these."
UNACCEPTABLE = frozenset({415, 488, 606})


class Media(NamedTuple):
    """Where a message says that sound shall be sent, and as what."""

    host: str
    port: int
    protocol: str
    codecs: list[str]
    keys: bool = False
    "Of SRTP."


def media_of(message: str) -> Media | None:
    """None: it has no session description with sound, or none that can be read."""
    description = _description(message)
    stream = next((one for one in description.streams if one.kind == "audio"), None) if description else None
    if description is None or stream is None:
        return None
    codecs = [_codec(stream, payload) for payload in stream.formats]
    host, keys = stream.address or description.address or "", bool(stream.cryptos or stream.unusable)
    return Media(host, stream.port, stream.protocol, codecs, keys)


def description_findings(messages: Sequence[Captured], who: Callable[[Captured], str]) -> list[str]:
    """In words, in the order of the messages, each once. `who` names the other side of a message."""
    found = [*_codec_findings(messages, who), *_address_findings(messages, who)]
    return list(dict.fromkeys(found))


def _codec_findings(messages: Sequence[Captured], who: Callable[[Captured], str]) -> Iterator[str]:
    offers = _offers(messages)
    for one in messages:
        what, media = said(one.message), media_of(one.message)
        if what.code in UNACCEPTABLE and what.method == "INVITE":
            way = OPPOSITE[one.direction]
            offer, again = (offers.get((one.sip_call_id, way, what.cseq + more)) for more in (0, 1))
            if again is None or offer is None or again.protocol == offer.protocol:
                yield _refused(offer, one, who(one))
        elif what.code >= 200 and media is not None and not media.port:
            yield f"{label(one.message)} {_way(one)} {who(one)} refuses the sound (port 0)"


def _offers(messages: Sequence[Captured]) -> dict[tuple[str, str, int], Media]:
    """By SIP Call-ID, direction and number in CSeq."""
    requests = [(one, said(one.message)) for one in messages]
    return {
        (one.sip_call_id, one.direction, what.cseq): media
        for one, what in requests
        if not what.code and (media := media_of(one.message)) is not None
    }


def _refused(offer: Media | None, answer: Captured, who: str) -> str:
    """By `answer`. With G.711 on offer it can only be how the sound is to be secured."""
    whose = f"{who} offers" if answer.direction == "out" else f"{who} does not take what we offer:"
    answered = label(answer.message)
    if offer is None:
        return f"no codec in common ({answered}): {whose} something that was not kept"
    asked = f"{whose} {', '.join(offer.codecs)} as {offer.protocol}"
    if _G711.intersection(offer.codecs):
        keys = "with" if offer.keys else "without"
        return (
            f"no agreement on SRTP ({answered}): {asked} {keys} keys; `srtp` of the trunk or of [registrar] "
            "has to go with what the other side has"
        )
    return f"no codec in common ({answered}): {asked}; G.711 (PCMA, PCMU) has to be allowed"


def _address_findings(messages: Sequence[Captured], who: Callable[[Captured], str]) -> Iterator[str]:
    """An address of the inside, told to or by somebody on the outside."""
    for one in messages:
        if _inside(one.remote.rpartition(":")[0]) is not False:
            continue
        named, media = f"{label(one.message)} {_way(one)} {who(one)}", media_of(one.message)
        if media is not None and _inside(media.host):
            yield f"SDP of {named} has the private address {media.host}: " + (
                f"{who(one)} cannot send sound there; set `[media] advertise`"
                if one.direction == "out"
                else "a NAT is between; sound can only be sent back to where its sound comes from"
            )
        contact = _CONTACT.search(one.message.partition("\r\n\r\n")[0])
        if contact and said(one.message).method == "INVITE" and _inside(contact[1].strip("[]")):
            yield f"Contact of {named} has the private address {contact[1]}: " + (
                f"ACK and BYE of {who(one)} may not reach us; set `[sip] advertise`"
                if one.direction == "out"
                else "our ACK, BYE and re-INVITE may not reach it; its NAT or SBC has to rewrite it"
            )


def _way(one: Captured) -> str:
    return "to" if one.direction == "out" else "from"


def _description(message: str) -> SessionDescription | None:
    found = _SDP.search(message.partition("\r\n\r\n")[2])
    try:
        return parse_sdp(found[1].encode("utf-8", "surrogateescape")) if found else None
    except SdpError:
        return None


def _codec(stream: Stream, payload: str) -> str:
    name = stream.encodings.get(payload, "").partition("/")[0]
    return name or _STATIC.get(payload, f"payload type {payload}")


def _inside(host: str) -> bool | None:
    """None: no address, or one that means none (an old way to hold)."""
    try:
        address: IPv4Address | IPv6Address = ip_address(host.strip("[]"))
    except ValueError:
        return None
    return None if address.is_unspecified else any(address in network for network in _INSIDE)
