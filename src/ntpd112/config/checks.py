"""What no single key shows: names used twice, numbers served twice, and settings that will surprise.

What concerns queues, their ladders and what is dialled is in `queue_checks.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .lines import Path
from .models import Config
from .network_checks import network_doubts
from .number_checks import number_checks
from .outbound_checks import outbound_checks, outbound_doubts
from .problems import Complaint, shown, where
from .prompts import missing_prompts, prompt_doubts
from .queue_checks import queue_checks, queue_doubts
from .tables import tables
from .tls_checks import srtp_doubts, tls_checks
from .values import listen_url, network, port_range
from .webhook_checks import webhook_checks


def cross_checks(given: dict[str, Any]) -> list[Complaint]:
    """On the values as given, so that these are reported along with malformed ones, which are passed over."""
    return [
        *_twice(given, "trunk"),
        *_twice(given, "queue"),
        *_twice(given, "destination"),
        *_twice(given, "webhook"),
        *_shared_peers(given),
        *queue_checks(given),
        *number_checks(given),
        *_sip_port_in_media_range(given),
        *missing_prompts(given),
        *_mqtt_without_region(given),
        *_mqtt_secrets(given),
        *webhook_checks(given),
        *tls_checks(given),
        *outbound_checks(given),
    ]


def warnings_of(config: Config) -> list[str]:
    """What works but is hardly meant."""
    found = []
    if not config.trunk:
        found.append("no [[trunk]]: INVITEs from everywhere get 403, so no call can come in")
    if not config.site.region:
        found.append("[site]: region is not set: CDRs will not say where they are from")
    return [
        *found,
        *outbound_doubts(config),
        *network_doubts(config),
        *srtp_doubts(config),
        *queue_doubts(config),
        *prompt_doubts(config),
    ]


def _twice(given: dict[str, Any], section: str) -> Iterator[Complaint]:
    seen = set()
    for index, table in tables(given, section):
        name = table.get("name")
        if isinstance(name, str) and name in seen:
            yield Complaint((section, index, "name"), f'{section} "{name}": there are two of this name', name)
        elif isinstance(name, str):
            seen.add(name)


def _shared_peers(given: dict[str, Any]) -> Iterator[Complaint]:
    """The same peer in two trunks: which one was meant?"""
    owners: dict[str, int] = {}
    for index, table in tables(given, "trunk"):
        peers = table.get("peers")
        for place, peer in enumerate(peers if isinstance(peers, list) else []):
            owner = owners.setdefault(_canonical(peer), index)
            if owner != index:
                path: Path = ("trunk", index, "peers", place)
                there = where(("trunk", owner, "peers"), given).removesuffix(": ")
                message = f"{where(path, given)}peer {shown(peer)} is also of {there}"
                yield Complaint(path, message, peer)


def _canonical(peer: object) -> str:
    try:
        text = network(str(peer))
    except ValueError:
        return str(peer)
    return text.removesuffix("/32") if "." in text else text.removesuffix("/128")


def _sip_port_in_media_range(given: dict[str, Any]) -> Iterator[Complaint]:
    media, sip = given.get("media"), given.get("sip")
    try:
        first, last = port_range(
            media["ports"] if isinstance(media, dict) and "ports" in media else (20000, 29999)
        )
        urls = [listen_url(url) for url in (sip["listen"] if isinstance(sip, dict) else [])]
    except (ValueError, KeyError, TypeError):
        return
    for index, url in enumerate(urls):
        if url.transport == "udp" and first <= url.port <= last:
            message = f'[sip]: listen URL "{url}" takes a port of the media ports {first}-{last}'
            yield Complaint(("sip", "listen", index), message, str(url))


def _mqtt_without_region(given: dict[str, Any]) -> Iterator[Complaint]:
    mqtt, site = given.get("mqtt"), given.get("site")
    region = site.get("region") if isinstance(site, dict) else None
    path: Path = ("mqtt", "url")
    if isinstance(mqtt, dict) and mqtt.get("url") and not region:
        yield Complaint(path, "[mqtt]: url needs [site] region, which the topics carry", mqtt["url"])


def _mqtt_secrets(given: dict[str, Any]) -> Iterator[Complaint]:
    mqtt = given.get("mqtt")
    if not isinstance(mqtt, dict):
        return
    if mqtt.get("password") and mqtt.get("password_file"):
        yield Complaint(("mqtt", "password_file"), "[mqtt]: password and password_file: give one of them", "")
    for key in ("password", "password_file"):
        if mqtt.get(key) and not mqtt.get("username"):
            yield Complaint(("mqtt", key), f"[mqtt]: {key} needs a username", "")
    if mqtt.get("ca") and not str(mqtt.get("url", "")).startswith("mqtts:"):
        message = "[mqtt]: ca needs a url with mqtts://: nothing is encrypted otherwise"
        yield Complaint(("mqtt", "ca"), message, mqtt["ca"])
