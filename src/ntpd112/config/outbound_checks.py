"""What leaves for the telephone network: trunks that lead there, and who names them."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

from .lines import Path
from .models import Config, TrunkConfig
from .problems import Complaint, label, shown, where
from .reach import NUMBER_PLACE, gateway_host, gateway_transport, is_tls, trunk_number
from .tables import elements, listed, tables, text
from .values import ListenUrl, is_host_name, is_network

SECRETS = ("password", "password_file")
FOR_CALLS_OF_OURS = ("numbers_out", "callers_out", "withhold", "present")


def outbound_checks(given: dict[str, Any]) -> Iterator[Complaint]:
    """On the values as given, which may be malformed."""
    yield from _accounts(given)
    yield from _nothing_to_present(given)
    yield from _without_certificate(given)
    yield from _trunks_to_nowhere(given)


def outbound_doubts(config: Config) -> Iterator[str]:
    """Keys without effect, and telcos that send calls to where we register from, which we would refuse."""
    rings = any(queue.answer == "ring" for queue in config.queue)
    for trunk in config.trunk:
        if trunk.early_media == "announce" and not rings:
            yield (f'trunk "{trunk.name}": early_media "announce" needs a queue with answer = "ring"')
        if not trunk.session_timer and not trunk.ask_silent:
            yield (
                f'trunk "{trunk.name}": without session_timer and ask_silent nothing ends a call whose other '
                "side is gone"
            )
        idle = [key for key in FOR_CALLS_OF_OURS if getattr(trunk, key)]
        if idle and not trunk.to and not trunk.register_:
            yield (
                f'trunk "{trunk.name}": {" and ".join(idle)} change calls of ours, and it takes none: that '
                "needs `to`"
            )
        for uri in trunk.register_:
            host = gateway_host(uri)
            if not _is_peer(host, trunk.peers):
                unless = ", unless its addresses are" if is_host_name(host) else ""
                yield (
                    f'trunk "{trunk.name}": its registrar {host} is none of its peers: calls from there get '
                    f"403{unless}; add it to peers"
                )
        yield from _without_socket(trunk, config.sip.listen)


def _without_socket(trunk: TrunkConfig, listen: list[ListenUrl]) -> Iterator[str]:
    """We send from the sockets that we listen with."""
    ours = {url.transport for url in listen}
    for key, uris in (("to", [one.uri for one in trunk.to]), ("register", trunk.register_)):
        for uri in uris:
            transport = gateway_transport(uri)
            if transport and transport not in ours:
                yield (
                    f'trunk "{trunk.name}": {key} "{uri}" goes over {transport.upper()}, and no URL in [sip] '
                    f"listen is {transport}://: nothing can be sent there"
                )


def _is_peer(host: str, peers: list[str]) -> bool:
    if host in peers:
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in ip_network(peer) for peer in peers if is_network(peer))


def _accounts(given: dict[str, Any]) -> Iterator[Complaint]:
    for index, trunk in tables(given, "trunk"):
        name, path = text(trunk, "name"), ("trunk", index)
        secrets = [key for key in SECRETS if trunk.get(key)]
        if len(secrets) == 2:
            message = f'trunk "{name}": password and password_file: give one of them'
            yield Complaint((*path, "password_file"), message, "")
        if trunk.get("register") and not (trunk.get("username") and secrets):
            message = f'trunk "{name}": register needs username, and password or password_file'
            yield Complaint((*path, "register"), message, trunk["register"])
        elif secrets and not trunk.get("username"):
            yield Complaint((*path, secrets[0]), f'trunk "{name}": {secrets[0]} needs a username', "")
        elif trunk.get("username") and not secrets:
            message = f'trunk "{name}": username needs password or password_file'
            yield Complaint((*path, "username"), message, trunk["username"])


def _nothing_to_present(given: dict[str, Any]) -> Iterator[Complaint]:
    for index, trunk in tables(given, "trunk"):
        where_to = trunk.get("present_in")
        if where_to and not trunk.get("present"):
            message = f'trunk "{text(trunk, "name")}": present_in is about `present`: give that too'
            yield Complaint(("trunk", index, "present_in"), message, where_to)


def _without_certificate(given: dict[str, Any]) -> Iterator[Complaint]:
    tls = given.get("tls")
    if isinstance(tls, dict) and tls.get("certificate"):
        return
    for index, trunk in tables(given, "trunk"):
        for key in ("to", "register"):
            for uri in _uris(trunk, key):
                if is_tls(uri):
                    message = f'trunk "{text(trunk, "name")}": {key} "{uri}" needs [tls] certificate and key'
                    yield Complaint(("trunk", index, key), message, uri)


def _uris(table: dict[str, Any], key: str) -> list[str]:
    given = table.get(key)
    listed = given if isinstance(given, list) else [given]
    uris = [one.get("uri") if isinstance(one, dict) else one for one in listed]
    return [one for one in uris if isinstance(one, str)]


def _trunks_to_nowhere(given: dict[str, Any]) -> Iterator[Complaint]:
    out = {text(t, "name") for _, t in tables(given, "trunk") if t.get("to") or t.get("register")}
    for path, to in _named(given):
        try:
            name, _ = trunk_number(to.replace(NUMBER_PLACE, "112"))
        except ValueError:
            continue  # a SIP URI, or reported as malformed
        if name not in out:
            known = listed(out) or "none yet"
            message = (
                f"{where(path, given)}{label(path)} {shown(to)}: "
                f'no trunk "{name}" has `to` or `register` ({known})'
            )
            yield Complaint(path, message, to)


def _named(given: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """All that may name a trunk and a number."""
    for index, destination in tables(given, "destination"):
        for to in _uris(destination, "to"):
            yield ("destination", index, "to"), to
    for index, queue in tables(given, "queue"):
        for place, step in tables(queue, "ladder"):
            yield ("queue", index, "ladder", place, "to"), text(step, "to")
    for section, key in (("callbacks", "to"), ("flood", "call_in")):
        table = given.get(section)
        if isinstance(table, dict):
            for to in [text(table, key)] if key == "to" else map(str, elements(table, key)):
                yield (section, key), to
