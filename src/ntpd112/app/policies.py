"""What the configuration says of a queue, as the ACD takes it, and of a trunk, as the user agent does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ntpd112.config import (
    FloodConfig,
    LadderStep,
    NumberRule,
    QueueConfig,
    ShieldConfig,
    TrunkConfig,
    is_network,
    mapped,
)
from ntpd112.queue import LadderStep as AcdStep
from ntpd112.queue import QueuePolicy
from ntpd112.sip.identity import normalise_number
from ntpd112.sip.names import Names
from ntpd112.sip.outward import Outward
from ntpd112.sip.sdp import CodecName
from ntpd112.sip.session_policy import SessionPolicy
from ntpd112.sip.trunks import TrunkSpec

CODECS: dict[str, CodecName] = {"pcma": "PCMA", "pcmu": "PCMU"}


def policy_of(queue: QueueConfig, shield: ShieldConfig, flood: FloodConfig) -> QueuePolicy:
    """The steps keep their numbers, by which call control finds a step's destination. `shield` says how long
    a quiet call waits where the queue screens nobody: then only a caller's record makes calls quiet. `flood`
    says how long a call about the known incident is held back."""
    return QueuePolicy(
        name=queue.name,
        ring_timeout=queue.ring_timeout,
        wrap_up=queue.wrap_up,
        decline_pause=queue.decline_pause,
        strategy=queue.strategy,
        ring_step=queue.ring_step,
        ageing=queue.ageing,
        longest_wait=queue.screening.longest_wait if queue.screening else shield.longest_wait,
        incident_wait=flood.longest_wait,
        max_waiting=queue.max_waiting,
        roles=tuple(queue.roles),
        ladder=tuple(map(_step_of, queue.ladder)),
    )


def _step_of(step: LadderStep) -> AcdStep:
    return AcdStep(
        after=step.after,
        drop=frozenset(step.drop),
        any=step.any,
        include=frozenset(step.include),
        to=bool(step.to),
    )


def trunk_of(trunk: TrunkConfig, names: Names) -> TrunkSpec:
    return TrunkSpec(
        trunk.name,
        list(_networks(trunk.peers, names)),
        max_calls=trunk.max_calls,
        options_s=trunk.options,
        max_rate=trunk.max_rate,
        alarm_at=trunk.alarm_at,
        policy=SessionPolicy(
            srtp=trunk.srtp,
            codecs=tuple(CODECS[law] for law in trunk.codecs),
            session_s=int(trunk.session_timer),
            min_session_s=int(trunk.session_min),
            refresher=trunk.session_refresher,
            reliable=trunk.reliable_provisional,
            early_media=trunk.early_media,
            asks=trunk.ask_silent,
        ),
        outward=Outward(
            called=Translation(tuple(trunk.numbers_out)) if trunk.numbers_out else str,
            caller=Translation(tuple(trunk.callers_out)) if trunk.callers_out else str,
            presented=trunk.present_in,
            withheld=trunk.withhold,
        ),
    )


@dataclass(frozen=True, slots=True)
class Translation:
    """A number as the first rule wants it that fits what was given or its E.164 form; else as it is."""

    rules: tuple[NumberRule, ...]

    def __call__(self, number: str) -> str:
        return mapped(self.rules, (number, normalise_number(number))) or number


def _networks(peers: Iterable[str], names: Names) -> Iterator[str]:
    """Host names as the addresses that they lead to, as far as known; each once."""
    yield from dict.fromkeys(
        one for peer in peers for one in ([peer] if is_network(peer) else names.hosts(peer))
    )
