"""A leg in the worker: one peer's RTP, where it comes from, where it goes, what is played to it."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final

import structlog

from . import rtcp, rtp
from .control import RtcpControl, wall_clock
from .dtmf import DtmfReceiver
from .events import AudioBack, Dtmf, Event, Learned, NoAudio, PlayEnded, Quality
from .g711 import FRAME_SAMPLES, LAW_OF_PAYLOAD_TYPE, PAYLOAD_TYPES, SAMPLE_RATE, translate
from .inspection import Inspection
from .learning import Source, SourceLock
from .lines import Lines
from .player import Player, Stream
from .ports import SocketPair
from .protocol import Family, Law, Open, Remote
from .reception import Reception
from .relay import Handler, Sound, relay_untouched, relay_worked

OFFERED_DTMF_TYPE: Final = 101
"What our own offers give telephone events (sip/sdp.py); a peer may send that whatever it wants itself."
SILENCE: Final = b"\xd5" * FRAME_SAMPLES
"20 ms of A-law silence."

log = structlog.get_logger("ntpd112.media")


@dataclass(slots=True)
class Surroundings:
    """What a leg needs of its worker."""

    emit: Callable[[Event], None]
    handle: Callable[[int, Handler], None]
    "Set the handler of a file descriptor."
    no_audio_s: float
    rtcp_interval_s: float
    tick: int = 0


class Leg:
    def __init__(self, command: Open, sockets: SocketPair, around: Surroundings) -> None:
        now = monotonic()
        self.id = command.leg
        self.call_id = ""
        "For the log."
        self.port = command.port
        self.family: Family = command.family
        self.sockets = sockets
        self.lines = Lines(sockets)
        self.law: Law = command.law
        "What the peer is sent."
        self.payload_type = PAYLOAD_TYPES[command.law]
        self.dtmf_payload_type: int | None = None
        self.heard_law: Law = command.law
        "What the peer sent last: it may choose freely between the two."
        self.send = False
        self.lock = SourceLock()
        self.reception = Reception()
        self.stream = Stream()
        self.player = Player()
        self.control = RtcpControl(self.lines, around.rtcp_interval_s, now)
        self.sources: tuple[Leg, ...] = ()
        "Whom it hears."
        self.listeners: tuple[Leg, ...] = ()
        "Who hears it."
        self.relays: tuple[Leg, ...] = ()
        "Of the listeners, those that hear nobody else: they are sent its packets as they come."
        self.taps: tuple[list[Sound], ...] = ()
        "Where else its sound is put: recordings, jitter buffers, the search for a voice."
        self.dropped = 0
        self.unsent = 0
        "Packets the kernel did not take."
        self._around = around
        self._dtmf = DtmfReceiver()
        self.mark_next = True
        "The next packet relayed to here begins something new."
        self.shift = 0
        "Added to the sequence numbers of what is relayed to here."
        self._heard_at = now
        self.counted = 0
        "Packets seen by the housekeeping."
        self._silence_told = False
        self._sent = 0
        "Packets that went to here or should have, at the last housekeeping."
        self._inspection = Inspection(self.id)
        self._idle = False
        "Nothing was sent to here before the last housekeeping."

    @property
    def target(self) -> Source | None:
        """Where its media goes: the learned address, else the signalled one."""
        return self.lock.locked or self.lock.signalled

    @property
    def takes_sound(self) -> bool:
        """It can be sent what it hears of others: no prompt stands before it, and it does not hold us."""
        return self.send and not self.player.name and self.target is not None

    @property
    def mixed(self) -> bool:
        return len(self.sources) > 1

    @property
    def partner(self) -> Leg | None:
        """The other one, if the two hear each other and nobody else."""
        match self.sources:
            case (other,) if other.sources == (self,):
                return other
        return None

    # What signalling and call control want

    def set_remote(self, remote: Remote, now: float) -> None:
        address = socket_address(remote.host, remote.port, self.family)
        if address is None:
            log.warning(
                "media address cannot be used; waiting for packets",
                call_id=self.call_id,
                leg=self.id,
                host=remote.host,
            )
        self.lock.expect(address)
        self.lines.secure(remote.secured)
        self.follow_relay()
        self.control.address = socket_address(remote.host, remote.rtcp_port, self.family)
        self.law, self.payload_type = remote.law, remote.payload_type
        self.dtmf_payload_type = remote.dtmf_payload_type
        self.mark_next = self.mark_next or (remote.send and not self.send)
        self.send = remote.send
        self._heard_at = now
        self.changed()

    def follow_relay(self) -> None:
        """Something else is about to be sent than what another leg says: its numbers go on from there."""
        if not self.mark_next and len(self.sources) == 1 and not self.player.name:
            self.stream.follow(self.sources[0].reception.next - 1 + self.shift)

    def begin_anew(self) -> None:
        """What it is sent from now on is something else than before."""
        self.mark_next = True
        self.stream.begin()
        self.changed()

    def tap(self, tape: list[Sound]) -> None:
        """Its sound is put there too, as it arrives. Who taps takes it out again."""
        self.taps = (*self.taps, tape)
        self._choose_handler()

    def untap(self, tape: list[Sound]) -> None:
        self.taps = tuple(other for other in self.taps if other is not tape)
        self._choose_handler()

    def play(self, name: str, frames: tuple[bytes, ...], loop: bool) -> None:
        self.follow_relay()
        self.player.start(name, frames, loop)
        self.begin_anew()

    def stop_playing(self) -> None:
        self.follow_relay()
        self.player.stop()
        self.begin_anew()

    def changed(self) -> None:
        """Make the handlers fit the present state: its own, and of those whose packets come here."""
        self._choose_handler()
        for source in self.sources:
            source._choose_handler()

    def _choose_handler(self) -> None:
        handler: Handler = self.receive
        if len(self.relays) == 1 and self.lock.locked:
            (peer,) = self.relays
            if peer.takes_sound and not peer.mark_next:
                same = peer.law == self.heard_law and peer.payload_type == PAYLOAD_TYPES[self.heard_law]
                untouched = same and not self.taps and not peer.shift
                make = relay_untouched if untouched else relay_worked
                handler = make(self, peer)
        self._around.handle(self.sockets.rtp.fileno(), handler)

    # What arrives

    def receive(self) -> None:
        """The handler while there is nobody to relay to, or more than one."""
        try:
            data, sender = self.lines.rtp.recvfrom(rtp.MAX_PACKET_BYTES)
        except OSError:
            return
        self.consider(data, sender)

    def receive_rtcp(self) -> None:
        self.control.receive(self.target, monotonic())

    def drop(self) -> None:
        self.dropped += 1

    def consider(self, data: bytes, sender: Source) -> None:
        """A packet that the hot path does not know what to do with."""
        now = monotonic()
        if len(data) >= 2 and data[1] in rtp.RTCP_TYPES:
            if sender == self.lock.locked:
                self.control.take(data, now)
            return
        packet = rtp.parse(data)
        if packet is None or not self._admit(packet, sender):
            self.drop()
            return
        kind = packet.payload_type
        law = LAW_OF_PAYLOAD_TYPE.get(kind)
        if law is not None:
            self.reception.take(packet.ssrc, packet.sequence, packet.timestamp, now)
            if law != self.heard_law:
                self.heard_law = law
                self._choose_handler()
            self._forward(packet, data, law)
            if self.taps:
                sound = translate(data[packet.start : packet.end], law, "PCMA")
                for tape in self.taps:
                    tape.append((now, packet.ssrc, packet.timestamp, packet.marker, sound))
        elif kind == rtp.COMFORT_NOISE:
            self.reception.take(packet.ssrc, packet.sequence, packet.timestamp, now)
            self._forward(packet, data, None)
        elif kind in (self.dtmf_payload_type, OFFERED_DTMF_TYPE):
            self.reception.take(packet.ssrc, packet.sequence, packet.timestamp, now, timed=False)
            self._take_event(packet, data, now)
        else:
            self.drop()

    def _admit(self, packet: rtp.Packet, sender: Source) -> bool:
        before = self.lock.locked
        if not self.lock.admit(sender, packet.ssrc, packet.sequence):
            if before is not None:
                self._inspection.refused(sender)
            return False
        if self.lock.locked != before:
            self._around.emit(Learned(self.id, sender[0], sender[1], self.lock.instead_of()))
            self.changed()
        return True

    def _take_event(self, packet: rtp.Packet, data: bytes, now: float) -> None:
        payload = data[packet.start : packet.end]
        for digit, duration_ms in self._dtmf.feed(packet.ssrc, packet.timestamp, packet.marker, payload, now):
            self._around.emit(Dtmf(self.id, digit, duration_ms))
        for peer in self.relays:
            if peer.takes_sound and peer.dtmf_payload_type is not None:
                peer._send(_shifted(_with_type(data, peer.dtmf_payload_type, packet.marker), peer.shift))

    def _forward(self, packet: rtp.Packet, data: bytes, law: Law | None) -> None:
        """Relay sound (`law`) or comfort noise (None)."""
        for peer in self.relays:
            if peer.takes_sound:
                peer._relayed(packet, data, law)
                if peer.mark_next and law is not None:
                    peer.mark_next = False
                    self._choose_handler()

    def _relayed(self, packet: rtp.Packet, data: bytes, law: Law | None) -> None:
        """Send a packet that another leg received, the first of something with the marker bit."""
        if law is not None:
            sound = translate(data[packet.start : packet.end], law, self.law)
            data = data[: packet.start] + sound + data[packet.end :]
            data = _with_type(data, self.payload_type, packet.marker or self.mark_next)
            if self.mark_next:
                self.shift = self.stream.shift_for(packet.sequence)
        self._send(_shifted(data, self.shift))

    def say(self, frame: bytes, tick: int) -> None:
        """Send 20 ms, in the law that it takes, on the worker's own stream."""
        self._send(self.stream.packet(frame, tick, self.payload_type))

    def _send(self, data: bytes) -> None:
        target = self.target
        if target is not None:
            try:
                self.lines.rtp.sendto(data, target)
            except OSError:
                self.unsent += 1

    # What time brings

    def play_tick(self, tick: int) -> bool:
        """Send the next packet of the prompt; False when nothing is left to play."""
        if not self.player.name:
            return False
        frame = self.player.next_frame()
        if frame is None:
            self._around.emit(PlayEnded(self.id, self.player.name))
            self.stop_playing()
            return False
        if self.send:
            self.say(translate(frame, "PCMA", self.law), tick)
        return True

    def keep_house(self, now: float) -> int:
        """Once a second: silence, lost ends of key presses, RTCP. Returns the packets received since."""
        new = self.reception.packets - self.counted
        self.counted += new
        if new or not self.send:
            self._heard_at = now
            if self._silence_told and new:
                self._silence_told = False
                self._around.emit(AudioBack(self.id))
        self.lock.silent_s = silent_s = now - self._heard_at
        if silent_s >= self._around.no_audio_s and not self._silence_told:
            self._silence_told = True
            self._around.emit(NoAudio(self.id, round(silent_s, 1), never=self.reception.packets == 0))
        heard, lines = self.reception, self.lines
        for problem in self._inspection.second(heard.packets, heard.lost, lines.unauthentic, lines.replayed):
            self._around.emit(problem)
        self._fill_silence()
        for digit, duration_ms in self._dtmf.expire(now):
            self._around.emit(Dtmf(self.id, digit, duration_ms))
        if self.control.due(now):
            ssrc, sender = self._sender(now)
            self.control.send(ssrc, sender, self.reception, now)
        return new

    def _fill_silence(self) -> None:
        """A muted phone sends nothing, and a PBX takes a stream without packets for dead: to who was sent
        nothing for the second time of looking, a packet of silence goes (RFC 6263 §4.1)."""
        sent = self.stream.packets + sum(source.reception.packets for source in self.sources)
        idle, self._idle = self._idle, sent == self._sent and self.takes_sound
        self._sent = sent
        if idle and self._idle:
            self.follow_relay()
            self.say(translate(SILENCE, "PCMA", self.law), self._around.tick)
            self._sent += 1
            self.mark_next = True
            self.changed()

    def _sender(self, now: float) -> tuple[int, rtcp.Sender | None]:
        """The stream that is sent to here at present, for the sender report."""
        srtp = self.lines.srtp
        if srtp is not None and srtp.stream.packets:
            timestamp, packets, ssrc = srtp.stream.timestamp(now), srtp.stream.packets, srtp.stream.ssrc
        elif srtp is not None:
            return srtp.stream.ssrc, None
        elif (self.player.name or self.mixed) and self.stream.packets:
            timestamp, packets = self.stream.timestamp(self._around.tick), self.stream.packets
            ssrc = self.stream.ssrc
        elif len(self.sources) == 1 and self.takes_sound and self.sources[0].reception.received:
            heard = self.sources[0].reception
            ssrc, packets = heard.ssrc, heard.received
            timestamp = int(now * SAMPLE_RATE - heard.transit) if math.isfinite(heard.transit) else 0
        else:
            return self.stream.ssrc, None
        return ssrc, rtcp.Sender(wall_clock(), timestamp, packets, packets * FRAME_SAMPLES)

    def close(self) -> Quality:
        """Close the sockets, after `Hearing.leave`. What was received and reported."""
        self.sockets.close()
        heard, control = self.reception, self.control
        return Quality(
            heard.packets,
            heard.lost,
            round(heard.jitter_ms, 2),
            control.lost,
            control.jitter_ms,
            self.dropped,
            self.lines.unauthentic,
        )


def socket_address(host: str, port: int, family: Family) -> Source | None:
    """As the socket module names the address; None for a host name (nobody may wait for DNS here), the other
    family, or an address that says there is none (`0.0.0.0`, port 0)."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if address.version != family or address.is_unspecified or not 0 < port < 65536:
        return None
    return (str(address), port) if family == 4 else (str(address), port, 0, 0)


def _with_type(data: bytes, payload_type: int, marker: bool) -> bytes:
    return bytes((data[0], payload_type | (0x80 if marker else 0))) + data[2:]


def _shifted(data: bytes, shift: int) -> bytes:
    """The packet with another sequence number."""
    if not shift:
        return data
    number = (int.from_bytes(data[2:4], "big") + shift) & 0xFFFF
    return data[:2] + number.to_bytes(2, "big") + data[4:]
