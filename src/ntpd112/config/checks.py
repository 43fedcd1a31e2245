"""What no single key shows: names used twice, numbers served twice, and settings that will surprise."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from .lines import Path
from .models import Config
from .problems import Complaint, shown, where
from .values import listen_url, network, port_range

PORTS_PER_CALL = 4
"RTP and RTCP of the caller's leg and of the operator's."


def cross_checks(given: dict[str, Any]) -> list[Complaint]:
    """On the values as given, so that these are reported along with malformed ones, which are passed over."""
    return [
        *_twice(given, "trunk"),
        *_twice(given, "queue"),
        *_shared_elements(given, "trunk", "peers", "peer"),
        *_shared_elements(given, "queue", "numbers", "number"),
        *_sip_port_in_media_range(given),
        *_missing_prompts(given),
        *_mqtt_without_region(given),
    ]


def warnings_of(config: Config) -> list[str]:
    """What works but is hardly meant."""
    found = []
    if not config.trunk:
        found.append("no [[trunk]]: INVITEs from everywhere get 403, so no call can come in")
    if not config.site.region:
        found.append("[site]: region is not set: CDRs will not say where they are from")
    first, last = config.media.ports
    calls = sum(trunk.max_calls for trunk in config.trunk)
    if calls * PORTS_PER_CALL > last - first + 1:
        found.append(
            f"[media]: ports {first}-{last} are enough for {(last - first + 1) // PORTS_PER_CALL} calls, "
            f"but the trunks' max_calls allow {calls}"
        )
    return found


def _tables(given: dict[str, Any], section: str) -> Iterator[tuple[int, dict[str, Any]]]:
    tables = given.get(section)
    for index, table in enumerate(tables if isinstance(tables, list) else []):
        if isinstance(table, dict):
            yield index, table


def _twice(given: dict[str, Any], section: str) -> Iterator[Complaint]:
    seen = set()
    for index, table in _tables(given, section):
        name = table.get("name")
        if isinstance(name, str) and name in seen:
            yield Complaint((section, index, "name"), f'{section} "{name}": there are two of this name', name)
        elif isinstance(name, str):
            seen.add(name)


def _shared_elements(given: dict[str, Any], section: str, key: str, one: str) -> Iterator[Complaint]:
    """The same peer in two trunks, the same number in two queues: which one was meant?"""
    owners: dict[str, int] = {}
    for index, table in _tables(given, section):
        elements = table.get(key)
        for place, element in enumerate(elements if isinstance(elements, list) else []):
            same = _canonical(element, key)
            owner = owners.setdefault(same, index)
            if owner != index:
                here, there = where((section, index, key), given), where((section, owner, key), given)
                message = f"{here}{one} {shown(element)} is also of {there.removesuffix(': ')}"
                yield Complaint((section, index, key, place), message, element)


def _canonical(element: object, key: str) -> str:
    if key == "peers" and isinstance(element, str):
        try:
            text = network(element)
        except ValueError:
            return element
        return text.removesuffix("/32") if "." in text else text.removesuffix("/128")
    return str(element).lower()


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


def _missing_prompts(given: dict[str, Any]) -> Iterator[Complaint]:
    site = given.get("site")
    language = site.get("language", "id") if isinstance(site, dict) else "id"
    folder = files("ntpd112") / "media" / "prompts" / str(language)
    if not folder.is_dir():
        return
    prompts = sorted(file.name[:-4] for file in folder.iterdir() if file.name.endswith(".wav"))
    for index, table in _tables(given, "queue"):
        name = table.get("announcement", "")
        if isinstance(name, str) and name and name not in prompts:
            path: Path = ("queue", index, "announcement")
            message = f'{where(path, given)}announcement "{name}" is none of {", ".join(prompts)}'
            yield Complaint(path, message, name)


def _mqtt_without_region(given: dict[str, Any]) -> Iterator[Complaint]:
    mqtt, site = given.get("mqtt"), given.get("site")
    region = site.get("region") if isinstance(site, dict) else None
    path: Path = ("mqtt", "url")
    if isinstance(mqtt, dict) and mqtt.get("url") and not region:
        yield Complaint(path, "[mqtt]: url needs [site] region, which the topics carry", mqtt["url"])
