"""The hot path: one packet in, the same packet out. Everything unusual goes to `Leg.consider`.

A handler is made anew whenever something about the two legs changes, with all that it needs in closure
variables, so that a packet costs two system calls and little more. It also keeps the reception statistics of
the common case (see `Reception`); `bench/relay.py` measures it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Final

from .g711 import ALAW_TO_ULAW, PAYLOAD_TYPES, SAMPLE_RATE, ULAW_TO_ALAW
from .protocol import Law
from .reception import MAX_TRANSIT_STEP
from .rtp import HEADER, MAX_PACKET_BYTES

if TYPE_CHECKING:
    from .leg import Leg

Handler = Callable[[], None]
Sound = tuple[float, int, int, bool, bytes]
"""A packet's sound as it arrived: monotonic seconds, SSRC, RTP timestamp, marker bit, A-law bytes. A plain
tuple, for it is made in the hot path."""
_RATE = float(SAMPLE_RATE)
_SMOOTHING = 1 / 16
"RFC 3550 §6.4.1."
_TRANSLATIONS: Final[dict[tuple[Law, Law], bytes | None]] = {
    ("PCMA", "PCMA"): None,
    ("PCMA", "PCMU"): ALAW_TO_ULAW,
    ("PCMU", "PCMA"): ULAW_TO_ALAW,
    ("PCMU", "PCMU"): None,
}
_unpack_word = struct.Struct(">HHII").unpack_from
"The first 16 bits (version, flags, payload type) are compared as one number."


def relay_untouched(leg: Leg, peer: Leg) -> Handler:
    """For a locked leg whose peer takes the same law and payload type, and that nothing else listens to."""
    receive, send, consider = leg.lines.rtp.recvfrom, peer.lines.rtp.sendto, leg.consider
    source, target = leg.lock.locked, peer.target
    reception, unpack, clock = leg.reception, _unpack_word, monotonic
    expected, limit = 0x8000 | PAYLOAD_TYPES[leg.heard_law], MAX_TRANSIT_STEP
    assert target is not None

    def relay() -> None:
        try:
            data, sender = receive(MAX_PACKET_BYTES)
        except OSError:
            return
        try:
            word, sequence, timestamp, ssrc = unpack(data)
        except struct.error:
            leg.drop()
            return
        if sequence == reception.next and word == expected and sender == source and ssrc == reception.ssrc:
            reception.next = sequence + 1
            reception.received += 1
            transit = clock() * _RATE - timestamp
            step = transit - reception.transit
            reception.transit = transit
            if -limit < step < limit:
                reception.jitter += ((step if step > 0 else -step) - reception.jitter) * _SMOOTHING
            try:
                send(data, target)
            except OSError:
                peer.unsent += 1
        else:
            consider(data, sender)

    return relay


def relay_worked(leg: Leg, peer: Leg) -> Handler:
    """As above, for a packet that is also recorded or mixed, or changes its law, payload type or sequence
    number on the way."""
    receive, send, consider = leg.lines.rtp.recvfrom, peer.lines.rtp.sendto, leg.consider
    source, target = leg.lock.locked, peer.target
    reception, unpack, clock = leg.reception, HEADER.unpack_from, monotonic
    law, wanted = leg.heard_law, peer.law
    taps = [tape.append for tape in leg.taps]
    heard_type = PAYLOAD_TYPES[law]
    head = bytes((0x80, peer.payload_type))
    limit = MAX_TRANSIT_STEP
    table = _TRANSLATIONS[law, wanted]
    shift = peer.shift
    untouched = law == wanted and heard_type == peer.payload_type and not shift
    assert target is not None

    def relay() -> None:
        try:
            data, sender = receive(MAX_PACKET_BYTES)
        except OSError:
            return
        try:
            first, kind, sequence, timestamp, ssrc = unpack(data)
        except struct.error:
            leg.drop()
            return
        if (
            sequence != reception.next
            or kind != heard_type
            or first != 0x80
            or sender != source
            or ssrc != reception.ssrc
        ):
            consider(data, sender)
            return
        now = clock()
        sound = data[12:]
        reception.next = sequence + 1
        reception.received += 1
        transit = now * _RATE - timestamp
        step = transit - reception.transit
        reception.transit = transit
        if -limit < step < limit:
            reception.jitter += ((step if step > 0 else -step) - reception.jitter) * _SMOOTHING
        try:
            if untouched:
                send(data, target)
            else:
                number = (sequence + shift & 0xFFFF).to_bytes(2, "big")
                send(head + number + data[4:12] + sound.translate(table), target)
        except OSError:
            peer.unsent += 1
        if taps:
            heard = (now, ssrc, timestamp, False, sound if law == "PCMA" else sound.translate(ULAW_TO_ALAW))
            for tap in taps:
                tap(heard)

    return relay
