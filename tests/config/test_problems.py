"""A configuration that is wrong: everything is said at once, with line, key, value and what is expected."""

from pathlib import Path

import pytest
from tests.config.said import problems, said

from ntpd112.config import ConfigErrors, load_config


def hook(**keys: str) -> str:
    """A webhook, right but for these keys."""
    right = {"name": '"a"', "url": '"https://h/x"', "events": '["cdr"]', "secret": '"0123456789abcdef"'}
    return "[[webhook]]\n" + "".join(f"{key} = {value}\n" for key, value in (right | keys).items())


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = """\
[site]
region = "3578"
langauge = "id"
[sip]
realm = 5
listen = ["sctp://0.0.0.0:5061"]
[[trunk]]
name = "pbx"
peers = ["127.0.0.1", "10.1.0.0/33"]
max_calls = 0
[[queue]]
name = "112"
numbers = ["112"]
ring_timeout = "0s"
wrap_up = "ten"
skills = { medical = "x", fire = 0 }
answer = "never"
[[queue]]
numbers = []
[telephone]
"""
    assert said(tmp_path, text) == [
        'ntpd112.toml:2: [site]: region "3578" is not the Kemendagri code of a kabupaten or kota; '
        'the nearest is "35.78" (Kota Surabaya)',
        'ntpd112.toml:3: [site]: unknown key "langauge"; did you mean "language"?',
        "ntpd112.toml:5: [sip]: realm 5 is not text in quotes",
        'ntpd112.toml:6: [sip]: listen URL "sctp://0.0.0.0:5061" is not a listen URL such as '
        '"udp://0.0.0.0:5060", "tcp://[::]:5060" or "tls://0.0.0.0:5061"',
        'ntpd112.toml:9: trunk "pbx": peer "10.1.0.0/33" is not an address or network',
        'ntpd112.toml:10: trunk "pbx": max_calls 0 is not 1 or more',
        'ntpd112.toml:14: queue "112": ring_timeout "0s" is not above 0',
        'ntpd112.toml:15: queue "112": wrap_up "ten" is not a duration such as "15s", "500ms", "2m" or "1h"',
        'ntpd112.toml:16: queue "112": level of skill "medical" "x" is not a whole number',
        'ntpd112.toml:16: queue "112": level of skill "fire" 0 is not 1 or more',
        'ntpd112.toml:17: queue "112": answer "never" is not "announce" or "ring"',
        'ntpd112.toml:18: queue 2: key "name" is missing',
        'ntpd112.toml:20: unknown key "telephone"; known are site, sip, tls, registrar, media, database, '
        "http, dns, trunk, queue, destination, number, shield, flood, callbacks, codes, mqtt, webhook, "
        "journal, audit, retention, trace, log",
    ]


def test_a_problem_carries_its_parts(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, '[http]\n\nlisten = "8112"')
    assert (problem.line, problem.key, problem.value) == (3, "http.listen", "8112")
    assert problem.source == str(tmp_path / "ntpd112.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[[trunk]]\nname = "a"\npeers = ["::1"]\n[[trunk]]\nname = "a"\npeers = ["::2"]',
            'ntpd112.toml:5: trunk "a": there are two of this name',
        ),
        (
            '[[queue]]\nname = "a"\nnumbers = ["1"]\n[[queue]]\nname = "a"\nnumbers = ["2"]',
            'ntpd112.toml:5: queue "a": there are two of this name',
        ),
        (
            '[[queue]]\nname = "a"\nnumbers = ["URN:service:sos"]\n'
            '[[queue]]\nname = "b"\nnumbers = ["1", "urn:service:sos"]',
            'ntpd112.toml:6: queue "b": number "urn:service:sos" is also of queue "a"',
        ),
        (
            '[[trunk]]\nname = "a"\npeers = ["10.0.0.1"]\n[[trunk]]\nname = "b"\npeers = ["10.0.0.1/32"]',
            'ntpd112.toml:6: trunk "b": peer "10.0.0.1/32" is also of trunk "a"',
        ),
        (
            '[[trunk]]\nname = "a"\npeers = ["2001:db8::1"]\n'
            '[[trunk]]\nname = "b"\npeers = ["2001:DB8:0::1"]',
            'ntpd112.toml:6: trunk "b": peer "2001:DB8:0::1" is also of trunk "a"',
        ),
        (
            '[sip]\nlisten = ["udp://0.0.0.0:20002"]',
            'ntpd112.toml:2: [sip]: listen URL "udp://0.0.0.0:20002" takes a port of the media ports '
            "20000-29999",
        ),
        (
            '[mqtt]\nurl = "mqtt://h"',
            "ntpd112.toml:2: [mqtt]: url needs [site] region, which the topics carry",
        ),
        (
            '[mqtt]\nusername = "u"\npassword = "p"\npassword_file = "f"',
            "ntpd112.toml:4: [mqtt]: password and password_file: give one of them",
        ),
        ('[mqtt]\npassword_file = "f"', "ntpd112.toml:2: [mqtt]: password_file needs a username"),
        (
            '[mqtt]\nca = "f"',
            "ntpd112.toml:2: [mqtt]: ca needs a url with mqtts://: nothing is encrypted otherwise",
        ),
        (
            hook(secret='"short"'),
            'ntpd112.toml:5: webhook "a": secret is shorter than 16 characters: '
            "`openssl rand -hex 32` makes one",
        ),
        (
            hook(secret_file='"f"'),
            'ntpd112.toml:6: webhook "a": secret and secret_file: give one of them',
        ),
        (
            hook(url='"http://example.org/x"'),
            'ntpd112.toml:3: webhook "a": url has http:// to an address that is not private, and events '
            "carry caller numbers: use https://, or say insecure = true",
        ),
        (
            hook(queue='"medcal"') + '[[queue]]\nname = "112"\nnumbers = ["112"]',
            'ntpd112.toml:6: webhook "a": queue "medcal" is not the name of a [[queue]]',
        ),
        (
            hook(name='"a/b"'),
            'ntpd112.toml:2: webhook "a/b": name "a/b" is not made of letters, digits, `.`, `_` and `-` '
            "(up to 64, a letter or digit first)",
        ),
        (
            hook(url='"https://user:secret@example.org/"'),
            'ntpd112.toml:3: webhook "a": url "https://***@example.org/" has a user in it: requests are '
            "known by their signature",
        ),
        (
            hook() + hook(),
            'ntpd112.toml:7: webhook "a": there are two of this name',
        ),
        (
            '[database]\nurl = "mysql://root:secret@h/d"',
            'ntpd112.toml:2: [database]: url "mysql://***@h/d" is not a database URL of a supported driver: '
            '"sqlite+aiosqlite://..." or "postgresql+asyncpg://..."',
        ),
        (
            '[site]\ntimezone = "Asia/Surabaya"',
            'ntpd112.toml:2: [site]: timezone "Asia/Surabaya" is not a time zone that this machine knows, '
            'such as "Asia/Jakarta"',
        ),
        ("queue = []", "ntpd112.toml:1: [queue]: queue [] is empty: at least one is needed"),
        ("sip = 1", "ntpd112.toml:1: [sip]: sip 1 is not a table of keys and values"),
        ('[[trunk]]\nname = ""\npeers = ["::1"]', 'ntpd112.toml:2: trunk 1: name "" is empty'),
        (
            '[sip]\nrealm = "a\\"b"',
            'ntpd112.toml:2: [sip]: realm "a\\"b" has quotes, backslashes or control characters, '
            "which no realm may have",
        ),
    ],
)
def test_what_is_said(tmp_path: Path, text: str, message: str) -> None:
    assert said(tmp_path, text) == [message]


def test_a_larger_network_around_another_trunk_s_address_is_meant(tmp_path: Path) -> None:
    file = tmp_path / "ntpd112.toml"
    file.write_text(
        '[[trunk]]\nname = "a"\npeers = ["10.0.0.0/8"]\n[[trunk]]\nname = "b"\npeers = ["10.0.0.1"]',
        encoding="utf-8",
    )
    assert len(load_config(file, {}).trunk) == 2


def test_an_announcement_that_no_prompt_has_is_named_with_those_there_are(tmp_path: Path) -> None:
    (message,) = said(tmp_path, '[[queue]]\nname = "a"\nnumbers = ["1"]\nannouncement = "helo"')
    assert message.startswith('ntpd112.toml:4: queue "a": announcement "helo" is none of ')
    assert "welcome" in message


def test_text_that_is_not_toml_is_reported_with_its_line(tmp_path: Path) -> None:
    assert said(tmp_path, "[sip]\nrealm = no quotes")[0].startswith("ntpd112.toml:2: is not TOML: ")
    assert said(tmp_path, "[sip]\nlisten = [")[0].startswith("ntpd112.toml:2: is not TOML: ")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match=r"missing\.toml: cannot be read: No such file"):
        load_config(tmp_path / "missing.toml", {})
    (tmp_path / "latin1.toml").write_bytes(b'[site]\nname = "\xe9"')
    with pytest.raises(ConfigErrors, match="is not UTF-8 text"):
        load_config(tmp_path / "latin1.toml", {})


def test_a_long_value_is_cut(tmp_path: Path) -> None:
    (message,) = said(tmp_path, f'[registrar]\nkeepalive = "{"9" * 500}"')
    assert len(message) < 200


def test_an_event_that_there_is_not_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    (message,) = said(tmp_path, hook(events='["cdr", "call.endet"]'))
    assert message.startswith(
        'ntpd112.toml:4: webhook "a": event "call.endet" is not an event that there is: '
    )
    assert all(name in message for name in ("cdr", "call.state", "operator.state", "call.ended"))


def test_a_webhook_needs_a_secret_and_no_message_shows_one(tmp_path: Path) -> None:
    (message,) = said(tmp_path, hook(secret="[]"))
    assert "secret or secret_file is missing" in message
    (message,) = said(tmp_path, hook(secret='["0123456789abcdef", "fedcba9876543210", "0123456789fedcba"]'))
    assert "more than 2" in message
    assert "0123456789" not in message


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9/x", "http://10.1.2.3/", "http://[fd00::1]:8/", "http://localhost/", "https://x/"],
)
def test_events_go_unencrypted_to_private_addresses_only(tmp_path: Path, url: str) -> None:
    file = tmp_path / "ntpd112.toml"
    file.write_text(hook(url=f'"{url}"'))
    assert load_config(file, {}).webhook[0].url == url
    file.write_text(hook(url='"http://example.org/"', insecure="true"))
    assert load_config(file, {}).webhook[0].insecure


def test_relative_paths_of_secrets_and_certificates_are_taken_from_the_file_s_folder(tmp_path: Path) -> None:
    file = tmp_path / "ntpd112.toml"
    file.write_text(hook(secret="[]", secret_file='"secrets"', ca='"ca.pem"'))
    made = load_config(file, {}).webhook[0]
    assert (made.secret_file, made.ca) == (tmp_path / "secrets", tmp_path / "ca.pem")
