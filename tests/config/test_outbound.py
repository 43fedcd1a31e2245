"""Trunks that lead out: what their keys need, and who may name them."""

from pathlib import Path

import pytest
from tests.config.said import load, said

from ntpd112.config import HttpAddress, trunk_number, warnings_of
from ntpd112.config.gateways import GatewayConfig

TRUNK = '[[trunk]]\nname = "telkom"\npeers = ["10.1.0.5"]\n'
ACCOUNT = 'username = "sby"\npassword = "rahasia"\n'


def test_a_trunk_that_registers_and_leads_out(tmp_path: Path) -> None:
    text = f"""{TRUNK}{ACCOUNT}to = "sip:10.1.0.5"
register = ["sip:10.1.0.5", "sip:10.1.0.6:5070;transport=tcp"]
register_expires = "10m"
domain = "IMS.telkom.example"
present = "+62318411112"
[callbacks]
to = "trunk:telkom/0{{number}}"
[flood]
call_in = ["trunk:telkom/0811"]
[[destination]]
name = "police"
to = ["trunk:telkom/110", "sip:110@10.1.0.9"]
[[queue]]
name = "112"
[[queue.ladder]]
after = "20s"
to = "trunk:telkom/110"
"""
    config = load(tmp_path, text)
    (trunk,) = config.trunk
    assert trunk.to == [GatewayConfig(uri="sip:10.1.0.5")]
    assert (trunk.register_expires, trunk.domain) == (600.0, "ims.telkom.example")
    assert len(trunk.register_) == 2
    assert trunk_number(config.destination[0].to[0]) == ("telkom", "110")


def test_the_password_file_is_taken_from_the_folder_of_the_configuration(tmp_path: Path) -> None:
    text = f'{TRUNK}to = "sip:10.1.0.5"\nusername = "sby"\npassword_file = "telco"\n'
    assert load(tmp_path, text).trunk[0].password_file == tmp_path / "telco"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (
            f'{TRUNK}register = "sip:10.1.0.5"',
            '4: trunk "telkom": register needs username, and password or password_file',
        ),
        (
            f'{TRUNK}to = "sip:10.1.0.5"\npresent_in = "from"',
            '5: trunk "telkom": present_in is about `present`: give that too',
        ),
        (
            f'{TRUNK}numbers_out = [{{ from = "0*", to = "urn:*" }}]',
            '4: trunk "telkom": number out 1: to "urn:*" is no telephone number, nor one with a "*" in it',
        ),
        (
            f'{TRUNK}callers_out = [{{ from = "*", to = "0*" }}, {{ from = "08*", to = "1" }}]',
            '4: trunk "telkom": caller out 2: from "08*" is never reached: "*" before it takes all',
        ),
        (
            f'{TRUNK}session_timer = "5m"\nsession_min = "10m"',
            "session_timer is below session_min: we would ask for what we refuse",
        ),
        (f'{TRUNK}password = "x"', '4: trunk "telkom": password needs a username'),
        (f'{TRUNK}username = "x"', '4: trunk "telkom": username needs password or password_file'),
        (
            f'{TRUNK}{ACCOUNT}password_file = "telco"',
            '6: trunk "telkom": password and password_file: give one of them',
        ),
        (
            f'{TRUNK}to = "sips:10.1.0.5"',
            '4: trunk "telkom": to "sips:10.1.0.5" needs [tls] certificate and key',
        ),
        (f'{TRUNK}present = "Surabaya"', 'trunk "telkom": present "Surabaya" is no telephone number'),
        (f'{TRUNK}domain = "a b"', 'trunk "telkom": domain "a b" is no domain such as'),
        (
            f'{TRUNK}to = ["sip:10.1.0.5", "sip:10.1.0.300"]',
            '4: trunk "telkom": to 2: uri "sip:10.1.0.300" has the host "10.1.0.300", which is not an IP',
        ),
        (
            f'{TRUNK}to = {{ uri = "sips:sbc.telkom.example", weight = 1 }}',
            '4: trunk "telkom": to "sips:sbc.telkom.example" needs [tls] certificate and key',
        ),
        (f'{TRUNK}to = [{{ uri = "sip:a.example", weight = -1 }}]', "to 1: weight -1 is not 0 or more"),
        (f'{TRUNK}to = [{{ url = "sip:a.example" }}]', 'to 1: unknown key "url"; did you mean "uri"?'),
        (
            '[[destination]]\nname = "police"\nto = "sip:110@sbc.telkom.example"',
            "which is not an IP address",
        ),
        ('[dns]\nservers = ["ns.example"]', 'is not the address of a name server such as "10.1.0.53"'),
        (
            f'{TRUNK}[callbacks]\nto = "trunk:telkom/{{number}}"',
            '5: [callbacks]: to "trunk:telkom/{number}": no trunk "telkom" has `to` or `register` (none yet)',
        ),
        (
            f'{TRUNK}to = "sip:10.1.0.5"\n[[destination]]\nname = "a"\nto = "trunk:indosat/110"',
            'destination "a": to "trunk:indosat/110": no trunk "indosat" has `to` or `register` ("telkom")',
        ),
        (
            '[[queue]]\nname = "112"\n[[queue.ladder]]\nafter = "9s"\nto = "trunk:telkom/110"',
            'queue "112": ladder step 1: to "trunk:telkom/110": no trunk "telkom"',
        ),
        (
            '[flood]\ncall_in = ["trunk:telkom/0811"]',
            '[flood]: call_in "trunk:telkom/0811": no trunk "telkom"',
        ),
        (
            '[flood]\ncall_in = ["trunk:telkom"]',
            'does not name a trunk and a number: write "trunk:NAME/NUMBER"',
        ),
    ],
)
def test_what_does_not_go_together_is_said(tmp_path: Path, text: str, wrong: str) -> None:
    assert any(wrong in one for one in said(tmp_path, text)), said(tmp_path, text)


def test_a_registrar_whose_calls_would_be_refused_is_doubted(tmp_path: Path) -> None:
    config = load(tmp_path, f'{TRUNK}{ACCOUNT}register = ["sip:10.1.0.5", "sip:10.1.0.6"]')
    (doubt,) = [one for one in warnings_of(config) if "registrar" in one]
    assert doubt.startswith('trunk "telkom": its registrar 10.1.0.6 is none of its peers: calls from there')


def test_host_names_and_weights_in_a_trunk(tmp_path: Path) -> None:
    text = f"""[dns]
servers = ["10.1.0.53", "[2001:db8::53]:5353"]
ttl = "1s..5m"
[[trunk]]
name = "telkom"
peers = ["SBC.telkom.example", "10.1.0.0/24"]
{ACCOUNT}to = [{{ uri = "sip:a.telkom.example", priority = 1, weight = 70 }}, "sip:b.telkom.example:5070"]
register = "sip:sbc.telkom.example"
"""
    config = load(tmp_path, text)
    assert config.dns.servers == [HttpAddress("10.1.0.53", 53), HttpAddress("2001:db8::53", 5353)]
    (trunk,) = config.trunk
    assert trunk.peers == ["sbc.telkom.example", "10.1.0.0/24"]
    assert trunk.to == [
        GatewayConfig(uri="sip:a.telkom.example", priority=1, weight=70),
        GatewayConfig(uri="sip:b.telkom.example:5070"),
    ]
    assert not [doubt for doubt in warnings_of(config) if "registrar" in doubt]


def test_keys_about_calls_of_ours_on_a_trunk_that_takes_none_are_warned_of(tmp_path: Path) -> None:
    text = f'{TRUNK}present = "112"\nwithhold = true\n'
    (warning,) = [one for one in warnings_of(load(tmp_path, text)) if "change calls of ours" in one]
    assert warning.startswith('trunk "telkom": withhold and present change calls of ours, and it takes none')


@pytest.mark.parametrize(("answer", "warned"), [("announce", 1), ("ring", 0)])
def test_announcements_before_an_answer_where_every_queue_answers_are_warned_of(
    tmp_path: Path, answer: str, warned: int
) -> None:
    text = f'{TRUNK}early_media = "announce"\n[[queue]]\nname = "112"\nanswer = "{answer}"\n'
    about = [one for one in warnings_of(load(tmp_path, text)) if "early_media" in one]
    said = 'trunk "telkom": early_media "announce" needs a queue with answer = "ring"'
    assert about == [said] * warned


@pytest.mark.parametrize(("keys", "warned"), [("", 1), ("ask_silent = true", 0)])
def test_a_trunk_on_which_nothing_finds_who_vanished_is_warned_of(
    tmp_path: Path, keys: str, warned: int
) -> None:
    text = f'{TRUNK}session_timer = "0s"\n{keys or "ask_silent = false"}\n'
    about = [one for one in warnings_of(load(tmp_path, text)) if "is gone" in one]
    assert len(about) == warned


@pytest.mark.parametrize(
    ("uri", "transport"),
    [
        ("sip:10.1.0.5", ""),
        ("sip:10.1.0.5;transport=TCP", "TCP"),
        ("sip:sbc.telkom.example", ""),
        ("sip:sbc.telkom.example;transport=tcp", "TCP"),
    ],
)
def test_a_gateway_by_a_transport_that_we_do_not_listen_with_is_doubted(
    tmp_path: Path, uri: str, transport: str
) -> None:
    text = f'[sip]\nlisten = ["udp://0.0.0.0:5060"]\n{TRUNK}to = "{uri}"'
    doubts = [one for one in warnings_of(load(tmp_path, text)) if "nothing can be sent" in one]
    said = f'trunk "telkom": to "{uri}" goes over {transport}, and no URL in [sip] listen is tcp://'
    assert [one.removesuffix(": nothing can be sent there") for one in doubts] == [said] * bool(transport)


def test_a_registrar_by_name_may_have_its_addresses_among_the_peers(tmp_path: Path) -> None:
    config = load(tmp_path, f'{TRUNK}{ACCOUNT}register = "sip:ims.telkom.example"')
    (doubt,) = [one for one in warnings_of(config) if "registrar" in one]
    assert "calls from there get 403, unless its addresses are; add it to peers" in doubt
