"""Calls by gateways of both IP versions: each is offered media of its own version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ntpd112.media import NoPorts
from ntpd112.sip.sdp import LocalMedia
from ntpd112.sip.target import Target

from .context import log


def with_media(target: Target, local_at: Callable[[str], LocalMedia]) -> Target:
    """`target` with media for those gateways after the first that are of the other IP version. `local_at`:
    where we receive what comes to an address of ours; where it raises NoPorts, they are left out."""
    if not target.others:
        return target
    others = tuple(_of_version(target.ip_version, one, local_at) for one in target.others)
    return replace(target, others=others)


def _of_version(version: int, other: Target, local_at: Callable[[str], LocalMedia]) -> Target:
    if other.ip_version == version:
        return other
    try:
        return replace(other, local=local_at(other.flow.local.host))
    except NoPorts as problem:
        log.warning("a gateway is left out", gateway=str(other.uri), reason=str(problem))
        return other
