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
from .learning import Source, SourceLock
from .player import Player
from .ports import SocketPair
from .protocol import Family, Law, Open, Remote
from .reception import Reception
from .recorder import Sound
from .relay import Handler, relay_untouched, relay_worked

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
        self.port = command.port
        self.family: Family = command.family
        self.sockets = sockets
        self.law: Law = command.law
        "What the peer is sent."
        self.payload_type = PAYLOAD_TYPES[command.law]
        self.dtmf_payload_type: int | None = None
        self.heard_law: Law = command.law
        "What the peer sent last: it may choose freely between the two."
        self.send = False
        self.lock = SourceLock()
        self.reception = Reception()
        self.player = Player()
        self.control = RtcpControl(sockets.rtcp, around.rtcp_interval_s, now)
        self.peer: Leg | None = None
        self.tape: list[Sound] | None = None
        "Where its sound is recorded."
        self.dropped = 0
        self.unsent = 0
        "Packets the kernel did not take."
        self._around = around
        self._dtmf = DtmfReceiver()
        self._mark_next = True
        "The next packet relayed to here begins something new."
        self._heard_at = now
        self.counted = 0
        "Packets seen by the housekeeping."
        self._silence_told = False
        self._relayed = 0
        "Packets of the present peer at the last housekeeping."
        self._idle = False
        "Nothing was sent to here before the last housekeeping."

    @property
    def target(self) -> Source | None:
        """Where its media goes: the learned address, else the signalled one."""
        return self.lock.locked or self.lock.signalled

    @property
    def takes_relay(self) -> bool:
        return self.send and not self.player.name and self.target is not None

    # What signalling and call control want

    def set_remote(self, remote: Remote, now: float) -> None:
        address = socket_address(remote.host, remote.port, self.family)
        if address is None:
            log.warning("media address cannot be used; waiting for packets", leg=self.id, host=remote.host)
        self.lock.expect(address)
        self.control.address = socket_address(remote.host, remote.rtcp_port, self.family)
        self.law, self.payload_type = remote.law, remote.payload_type
        self.dtmf_payload_type = remote.dtmf_payload_type
        self._mark_next = self._mark_next or (remote.send and not self.send)
        self.send = remote.send
        self._heard_at = now
        self.changed()

    def join(self, peer: Leg) -> None:
        if peer is self:
            return  # what it says would come back to it
        for leg in (self, peer):
            leg.unjoin()
            leg._mark_next = True
        self.peer, peer.peer = peer, self
        self.changed()

    def unjoin(self) -> None:
        peer, self.peer = self.peer, None
        if peer is not None:
            peer.peer = None
            peer.changed()
            self.changed()

    def play(self, name: str, frames: tuple[bytes, ...], loop: bool) -> None:
        self.player.start(name, frames, loop)
        self.changed()

    def stop_playing(self) -> None:
        self.player.stop()
        self._mark_next = True
        self.changed()

    def changed(self) -> None:
        """Make the handlers fit the present state of both legs."""
        self._choose_handler()
        if self.peer is not None:
            self.peer._choose_handler()

    def _choose_handler(self) -> None:
        peer = self.peer
        handler: Handler = self.receive
        if peer is not None and self.lock.locked and peer.takes_relay and not peer._mark_next:
            same = peer.law == self.heard_law and peer.payload_type == PAYLOAD_TYPES[self.heard_law]
            make = relay_untouched if same and self.tape is None else relay_worked
            handler = make(self, peer)
        self._around.handle(self.sockets.rtp.fileno(), handler)

    # What arrives

    def receive(self) -> None:
        """The handler while there is nobody to relay to."""
        try:
            data, sender = self.sockets.rtp.recvfrom(rtp.MAX_PACKET_BYTES)
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
            if self.tape is not None:
                sound = translate(data[packet.start : packet.end], law, "PCMA")
                self.tape.append((now, packet.ssrc, packet.timestamp, packet.marker, sound))
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
            return False
        if self.lock.locked != before:
            self._around.emit(Learned(self.id, sender[0], sender[1]))
            self.changed()
        return True

    def _take_event(self, packet: rtp.Packet, data: bytes, now: float) -> None:
        payload = data[packet.start : packet.end]
        for digit, duration_ms in self._dtmf.feed(packet.ssrc, packet.timestamp, packet.marker, payload, now):
            self._around.emit(Dtmf(self.id, digit, duration_ms))
        peer = self.peer
        if peer is not None and peer.takes_relay and peer.dtmf_payload_type is not None:
            peer._send(_with_type(data, peer.dtmf_payload_type, packet.marker))

    def _forward(self, packet: rtp.Packet, data: bytes, law: Law | None) -> None:
        """Relay sound (`law`) or comfort noise (None), the first of something with the marker bit."""
        peer = self.peer
        if peer is None or not peer.takes_relay:
            return
        marker = packet.marker or peer._mark_next
        if law is not None:
            sound = translate(data[packet.start : packet.end], law, peer.law)
            data = data[: packet.start] + sound + data[packet.end :]
            data = _with_type(data, peer.payload_type, marker)
        peer._send(data)
        if peer._mark_next and law is not None:
            peer._mark_next = False
            self._choose_handler()

    def _send(self, data: bytes) -> None:
        target = self.target
        if target is not None:
            try:
                self.sockets.rtp.sendto(data, target)
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
            sound = translate(frame, "PCMA", self.law)
            self._send(self.player.packet(sound, tick, self.payload_type))
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
            self._around.emit(NoAudio(self.id, round(silent_s, 1)))
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
        relayed = self.peer.reception.packets if self.peer is not None else 0
        idle, self._idle = self._idle, relayed == self._relayed and self.takes_relay
        self._relayed = relayed
        if idle and self._idle:
            sound = translate(SILENCE, "PCMA", self.law)
            self._send(self.player.packet(sound, self._around.tick, self.payload_type))
            self._mark_next = True
            self.changed()

    def _sender(self, now: float) -> tuple[int, rtcp.Sender | None]:
        """The stream that this leg's peer hears at present, for the sender report."""
        peer = self.peer
        if self.player.name and self.player.packets:
            timestamp, packets = self.player.timestamp(self._around.tick), self.player.packets
            ssrc = self.player.ssrc
        elif peer is not None and self.takes_relay and peer.reception.received:
            heard = peer.reception
            ssrc, packets = heard.ssrc, heard.received
            timestamp = int(now * SAMPLE_RATE - heard.transit) if math.isfinite(heard.transit) else 0
        else:
            return self.player.ssrc, None
        return ssrc, rtcp.Sender(wall_clock(), timestamp, packets, packets * FRAME_SAMPLES)

    def close(self) -> Quality:
        """Close the sockets, after `unjoin`. What was received and reported."""
        self.sockets.close()
        heard, control = self.reception, self.control
        return Quality(
            heard.packets,
            heard.lost,
            round(heard.jitter_ms, 2),
            control.lost,
            control.jitter_ms,
            self.dropped,
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
