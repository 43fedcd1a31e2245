"""Addresses, ports and bandwidth that do not go together: a broken file for each rule."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.config.said import load, said

from ntpd112.config import warnings_of

SITE = '[site]\nregion = "35.78"\n'


def trunk(name: str, *peers: str, calls: int = 10) -> str:
    return f'[[trunk]]\nname = "{name}"\nmax_calls = {calls}\npeers = {list(peers)}\n'


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        (
            trunk("pbx", "10.1.0.5") + trunk("telkom", "10.1.0.0/24"),
            'trunk "pbx": peer 10.1.0.5 is inside 10.1.0.0/24 of trunk "telkom": its calls belong to "pbx", '
            "since the smaller network wins",
        ),
        (
            '[media]\nports = "20000-20099"\n' + trunk("a", "10.1.0.5", calls=26),
            "[media]: ports 20000-20099 are enough for 25 calls, but the trunks' max_calls allow 26",
        ),
        (
            '[media]\nports = "20000-20099"\n' + trunk("a", "10.1.0.5") + trunk("b", "10.1.0.6"),
            "[media]: ports 20000-20099 leave too few for third parties (consultation, conference, "
            "the ladder): when the trunks' 20 calls are up, 10 of them can have one",
        ),
        (
            '[media]\nuplink = "2 Mbit/s"\n' + trunk("a", "10.1.0.5", calls=23),
            "[media]: uplink 2 Mbit/s carries 22 calls (87.2 kbit/s each, each way), "
            "but the trunks' max_calls allow 23",
        ),
        (
            '[media]\nuplink = "2 Mbit/s"\n[sip]\nlisten = ["udp://[::]:5060"]\n'
            + trunk("a", "fd00::5", calls=22),
            "[media]: uplink 2 Mbit/s carries 21 calls (95.2 kbit/s each, each way), "
            "but the trunks' max_calls allow 22",
        ),
        (trunk("a", "fd00::5"), 'trunk "a": peer fd00::5 is IPv6, and no URL in [sip] listen is'),
        (
            '[sip]\nlisten = ["udp://127.0.0.1:5060"]\n' + trunk("a", "127.0.0.4", "10.1.0.0/24"),
            'trunk "a": peer 10.1.0.0/24 cannot reach us: [sip] listen has loopback addresses only',
        ),
        (
            '[sip]\nadvertise = "fd00::1"\n' + trunk("a", "10.1.0.5"),
            "[sip]: advertise fd00::1 is IPv6, and no URL in [sip] listen is",
        ),
        (
            '[media]\nadvertise = "127.0.0.1"\n' + trunk("a", "127.0.0.4", "10.1.0.0/24"),
            '[media]: advertise 127.0.0.1 is this machine to everybody, so trunk "a" at 10.1.0.0/24 would '
            "call itself",
        ),
        (
            '[media]\nadvertise = "10.1.0.1"\n' + trunk("a", "8.8.8.8"),
            '[media]: advertise 10.1.0.1 is no public address, which trunk "a" at 8.8.8.8 cannot reach',
        ),
    ],
)
def test_what_will_bite_later_is_a_doubt(tmp_path: Path, text: str, doubt: str) -> None:
    assert warnings_of(load(tmp_path, SITE + text)) == [doubt]


@pytest.mark.parametrize(
    "text",
    [
        trunk("a", "10.1.0.0/24") + trunk("b", "10.1.1.0/24", "10.2.0.1"),
        trunk("a", "10.1.0.0/24", "10.1.0.5"),
        '[media]\nuplink = "2 Mbit/s"\n' + trunk("a", "10.1.0.5", calls=22),
        '[media]\nports = "20000-20059"\n' + trunk("a", "10.1.0.5"),
        '[sip]\nlisten = ["udp://127.0.0.1:5060"]\nadvertise = "127.0.0.1"\n' + trunk("a", "127.0.0.4"),
        '[sip]\nlisten = ["udp://0.0.0.0:5060", "udp://[::]:5060"]\n' + trunk("a", "10.1.0.5", "fd00::5"),
        '[sip]\nadvertise = "203.0.113.9"\n[media]\nadvertise = "10.1.0.1"\n' + trunk("a", "10.1.0.5"),
        '[sip]\nadvertise = "8.8.4.4"\n' + trunk("a", "8.8.8.8"),
    ],
)
def test_what_fits_raises_no_doubt(tmp_path: Path, text: str) -> None:
    assert warnings_of(load(tmp_path, SITE + text)) == []


def test_an_address_that_nobody_can_have_is_refused(tmp_path: Path) -> None:
    text = '[sip]\nadvertise = "0.0.0.0"\n[media]\nadvertise = "224.0.1.75"'
    assert said(tmp_path, text) == [
        'ntpd112.toml:2: [sip]: advertise "0.0.0.0" says no address: write the one that others reach us at',
        'ntpd112.toml:4: [media]: advertise "224.0.1.75" is a multicast address, which no machine '
        "has for its own",
    ]
