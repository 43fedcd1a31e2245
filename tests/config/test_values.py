from collections.abc import Callable

import pytest

from ntpd112.config import reach, values
from ntpd112.config.values import HttpAddress, ListenUrl


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("15s", 15.0),
        ("500ms", 0.5),
        ("2m", 120.0),
        ("1h", 3600.0),
        ("1d", 86400.0),
        ("0s", 0.0),
        ("1.5s", 1.5),
    ],
)
def test_durations_become_seconds(text: str, seconds: float) -> None:
    assert values.duration(text) == seconds


def test_a_plain_number_is_seconds() -> None:
    assert values.duration(15) == 15.0


@pytest.mark.parametrize("value", ["", "15", "s", "-1s", "1 fortnight", -1, True, None, "15s 3s"])
def test_what_is_no_duration_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="is not a duration such as"):
        values.duration(value)


@pytest.mark.parametrize(("text", "a_second"), [("50/s", 50.0), ("90 / m", 1.5), ("0/s", 0.0), (50.0, 50.0)])
def test_rates_are_by_the_second(text: object, a_second: float) -> None:
    assert values.rate(text) == a_second


@pytest.mark.parametrize("value", ["", "50", "50/d", "-1/s", "/s", 50, -1.0, True, None])
def test_what_is_no_rate_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="is not a rate such as"):
        values.rate(value)


def test_ranges() -> None:
    assert values.duration_range("60s..1h") == (60.0, 3600.0)
    assert values.port_range("20000-29999") == (20000, 29999)
    assert values.duration_range((60.0, 3600.0)) == (60.0, 3600.0)
    assert values.port_range((20000, 29999)) == (20000, 29999)


@pytest.mark.parametrize("text", ["60s", "1h..60s", "0s..1h", "..", ""])
def test_what_is_no_range_of_durations_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^is not a "):
        values.duration_range(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("20000", "is not a port range"),
        ("a-b", "is not a port range"),
        ("1-2-3", "is not a port range"),
        ("29999-20000", "rising ports"),
        ("20000-20000", "rising ports"),
        ("80-100", "from 1024"),
        ("20000-70000", "to 65535"),
        ("20001-29999", "start with 20002"),
    ],
)
def test_port_ranges_that_cannot_work_are_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        values.port_range(text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("udp://0.0.0.0:5060", ListenUrl("udp", "0.0.0.0", 5060)),
        ("tcp://[::]:5061", ListenUrl("tcp", "::", 5061)),
        ("udp://127.0.0.1:0", ListenUrl("udp", "127.0.0.1", 0)),
        ("tls://0.0.0.0:5061", ListenUrl("tls", "0.0.0.0", 5061)),
    ],
)
def test_listen_urls_are_read_and_printed_back(text: str, url: ListenUrl) -> None:
    assert values.listen_url(text) == url
    assert str(url) == text
    assert values.listen_url(tuple(url)) == url


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0:5060",
        "sctp://0.0.0.0:5060",
        "udp://0.0.0.0",
        "udp://host:5060",
        "udp://::1:5060",
        "udp://1.2.3.4:99999",
    ],
)
def test_what_is_no_listen_url_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a listen URL such as"):
        values.listen_url(text)


def test_the_http_address_keeps_ipv6_readable() -> None:
    assert values.http_address("[::1]:8112") == HttpAddress("::1", 8112)
    assert str(HttpAddress("::1", 8112)) == "[::1]:8112"
    with pytest.raises(ValueError, match="is not an address and port"):
        values.http_address("8112")


@pytest.mark.parametrize(
    ("text", "peer"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("10.1.0.0/24", "10.1.0.0/24"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[::1]", "::1"),
        ("fd00::/8", "fd00::/8"),
    ],
)
def test_peers_are_addresses_or_networks(text: str, peer: str) -> None:
    assert values.network(text) == peer


@pytest.mark.parametrize(
    ("parse", "text", "said"),
    [
        (values.network, "10.1.0.0/33", "is not an address or network"),
        (values.network, "pbx.example", "is not an address or network"),
        (values.network, "10.1.0.5/24", 'write "10.1.0.0/24"'),
        (values.address, "example.org", "is not an IP address"),
        (values.own_address, "0.0.0.0", "says no address"),
        (values.own_address, "[::]", "says no address"),
        (values.own_address, "224.0.1.75", "is a multicast address"),
        (values.database_url, "mysql://localhost/x", "sqlite.aiosqlite://"),
        (values.database_url, "ntpd112.db", "postgresql.asyncpg://"),
        (values.database_url, "sqlite+aiosqlite://", "names no file"),
        (values.mqtt_url, "127.0.0.1:1883", "is not a broker URL"),
        (values.mqtt_url, "http://127.0.0.1", "is not a broker URL"),
        (values.mqtt_url, "mqtt://user:secret@h", "set username and password_file"),
        (values.mqtt_url, "mqtt://h/topic", "more than a host and a port"),
        (values.mqtt_url, "mqtt://h:70000", "a port that is not from 1 to 65535"),
        (values.mqtt_url, "mqtt://h:0", "a port that is not from 1 to 65535"),
        (reach.sip_uri, "110@10.1.0.5", "is not a SIP URI such as"),
        (reach.sip_uri, "tel:110", "is not a SIP URI such as"),
        (reach.sip_uri, "sip:a b@10.1.0.5", "is not a SIP URI such as"),
        (reach.sip_uri, "sip:110@10.1.0.5?Subject=x", "is not a SIP URI such as"),
        (reach.sip_uri, "sip:110@10.1.0.5:0", "port 0, which is not from 1 to 65535"),
        (reach.sip_uri, "sip:110@10.1.0.5:70000", "port 70000"),
        (reach.sip_uri, "sip:110@pbx", 'host "pbx", which is not an IP address'),
        (reach.sip_uri, "sip:110@[::g]", "is not an IP address"),
        (reach.reach_for, "sip:0@{number}", "does not say where the number goes"),
        (reach.reach_for, "sip:{number}@pbx", "is not an IP address"),
        (values.keys, "", "is not made of a telephone's keys"),
        (values.keys, "12a", "is not made of a telephone's keys"),
    ],
)
def test_what_is_refused_and_what_is_said(parse: Callable[[str], str], text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse(text)


@pytest.mark.parametrize(
    ("text", "code_point"),
    [("ef", 46), ("CS3", 24), ("af11", 10), ("af41", 34), ("af43", 38), ("none", 0), (0, 0), (63, 63)],
)
def test_code_points(text: object, code_point: int) -> None:
    assert values.dscp(text) == code_point


@pytest.mark.parametrize("text", ["cs8", "af14", "46", "", -1, 64, True, 4.0])
def test_what_is_no_code_point_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"is not .none., .ef., "):
        values.dscp(text)


@pytest.mark.parametrize(
    ("text", "bits"), [("100 Mbit/s", 100e6), ("512kbit/s", 512e3), ("1.5 Gbit/s", 1.5e9)]
)
def test_bit_rates(text: str, bits: float) -> None:
    assert values.bit_rate(text) == bits


@pytest.mark.parametrize("text", ["100", "100 MB/s", "0 Mbit/s", "-1 Mbit/s", True, 0.0])
def test_what_is_no_bit_rate_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="is not a bit rate such as"):
        values.bit_rate(text)


@pytest.mark.parametrize("url", ["sqlite+aiosqlite:///x.db", "postgresql+asyncpg://u:p@h/d"])
def test_supported_databases(url: str) -> None:
    assert values.database_url(url) == url


@pytest.mark.parametrize(
    "uri",
    ["sip:10.1.0.5", "sip:110@10.1.0.5:5062", "sip:110@[::1]:5060;transport=tcp", "SIP:+62;x=y@1.2.3.4;lr"],
)
def test_sip_uris_stay_as_they_are(uri: str) -> None:
    assert reach.sip_uri(uri) == uri


def test_a_call_back_s_uri_has_a_place_for_the_number() -> None:
    assert reach.reach_for("sip:0{number}@10.1.0.5") == "sip:0{number}@10.1.0.5"


def test_a_homer_server_is_told_over_udp_at_an_address() -> None:
    assert values.hep_url("udp://10.1.0.9:9060") == ListenUrl("udp", "10.1.0.9", 9060)


@pytest.mark.parametrize(
    "value", ["10.1.0.9:9060", "tcp://10.1.0.9:9060", "udp://homer:9060", "udp://::1:0", 5]
)
def test_what_is_no_hep_address_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="is not a HEP address such as"):
        values.hep_url(value)


@pytest.mark.parametrize(("text", "seconds"), [("0s", 0), ("90s", 90), ("30m", 1800), ("24h", 86_400)])
def test_a_session_interval_is_none_or_as_long_as_rfc_4028_allows(text: str, seconds: float) -> None:
    assert values.session_interval(text) == seconds


@pytest.mark.parametrize("text", ["89s", "25h"])
def test_any_other_session_interval_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r'from "90s" \(RFC 4028\) to "24h"'):
        values.session_interval(text)


def test_a_list_that_names_something_twice_is_refused() -> None:
    assert values.each_once(["pcmu", "pcma"]) == ["pcmu", "pcma"]
    with pytest.raises(ValueError, match="twice"):
        values.each_once(["pcma", "pcma"])
