"""What was wrong with the sound of a call, from its journal, with the likely cause in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ntpd112.journal.events import JournalEvent, MediaProblem
from ntpd112.sip.capture import Captured

from .descriptions import media_of


def sound_findings(
    events: Sequence[JournalEvent], messages: Sequence[Captured], who: Callable[[Captured], str], caller: str
) -> list[str]:
    """In the order of the events. `who` names the other side of a message, `caller` that of the caller's."""
    told = {}
    for one in messages:
        media = media_of(one.message) if one.direction == "out" else None
        if media is not None and media.port:
            told[who(one)] = f" (our SDP: {media.host}:{media.port})"
    found = []
    for event in events:
        if isinstance(event, MediaProblem):
            name = event.name or caller or event.party
            found.append(_said(event, name, told.get(name, "")))
    return found


def _said(problem: MediaProblem, name: str, told: str) -> str:
    match problem.kind:
        case "one_way":
            return (
                f"one-way audio: not one RTP packet came from {name}, while others in the call were heard. "
                "Likely a firewall or a NAT drops its packets, or it cannot reach the address we gave it"
                f"{told}: see `[media] advertise` and `[media] ports`"
            )
        case "no_rtp":
            return (
                f"no sound at all: not one RTP packet came from {name}{told}, nor from anybody else in the "
                "call. Likely a firewall before our `[media] ports`, or `[media] advertise` is wrong"
            )
        case "silence":
            return (
                f"the sound of {name} stopped: the phone was muted and suppresses silence, it lost its "
                "network, or a NAT or firewall forgot the connection"
            )
        case "nat":
            return (
                f"the sound of {name} comes from {problem.source}, where its SDP said {problem.expected}: a "
                "NAT is between. It is heard, and is sent to where it comes from"
            )
        case "stranger":
            return (
                f"RTP from the wrong address: {problem.source} sends sound to the port of {name}, which is "
                "thrown away. Likely an SBC that changed its address without a re-INVITE, or the stream of "
                "an older call"
            )
        case "loss":
            return (
                f"{problem.percent} % of the sound of {name} was lost on its way to us: a line that is too "
                "full, or a bad radio link"
            )
        case "wrong_key":
            return (
                f"sound to the port of {name} is plain, or has another SRTP key than was agreed on, and "
                "is thrown away. Likely the peer does not use the key that it gave, or somebody forges sound"
            )
        case "replay":
            return (
                f"SRTP packets to the port of {name} came before, or have numbers that were used, and are "
                "thrown away. Likely the network doubles packets; if nothing is heard, the peer began "
                "to count anew without a new key; if all is heard, somebody may play old packets again"
            )
