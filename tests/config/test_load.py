"""A configuration that is right."""

import tomllib
from pathlib import Path

import pytest
from tests.config.said import load

from ntpd112.config import Config, HttpAddress, ListenUrl, find_config, load_config, warnings_of

EXAMPLE = Path(__file__).parents[2] / "ntpd112.example.toml"
INTERFACE = """\
[site]
region = "35.78"                 # Kemendagri code of the kabupaten/kota
name = "Kota Surabaya"
timezone = "Asia/Jakarta"
language = "id"

[sip]
listen = ["udp://0.0.0.0:5060", "tcp://0.0.0.0:5060"]
advertise = "192.0.2.10"         # optional: the address that others reach us at
realm = "112.example.go.id"

[registrar]
expires = "60s..1h"              # what a phone may ask for
keepalive = "30s"                # OPTIONS to registered phones; "0s": none

[media]
ports = "20000-29999"
advertise = "192.0.2.10"         # optional
workers = 1
recordings = "recordings"        # a folder; unset: no recording

[database]
url = "sqlite+aiosqlite:///ntpd112.db"   # or postgresql+asyncpg://...

[http]
listen = "127.0.0.1:8112"

[[trunk]]
name = "pbx"
peers = ["127.0.0.1", "10.1.0.0/24"]     # requests from here belong to this trunk
max_calls = 60
options = "60s"                          # OPTIONS to single-address peers; "0s": none

[[queue]]
name = "112"
numbers = ["112", "urn:service:sos"]     # what callers dial; `urn:service:sos` covers its sub-services
skills = {}                              # required, e.g. { medical = 1 }
priority = 5                             # 0 is most urgent
ring_timeout = "15s"
wrap_up = "10s"

[mqtt]
url = "mqtt://127.0.0.1:1883"            # unset: no MQTT
"""
"The example that other tools are written against. It stays."


def test_the_interface_s_example_gives_these_values(tmp_path: Path) -> None:
    config = load(tmp_path, INTERFACE)
    assert (config.site.region, config.site.name, config.site.timezone) == (
        "35.78",
        "Kota Surabaya",
        "Asia/Jakarta",
    )
    assert config.sip.listen == [ListenUrl("udp", "0.0.0.0", 5060), ListenUrl("tcp", "0.0.0.0", 5060)]
    assert (config.sip.advertise, config.sip.realm) == ("192.0.2.10", "112.example.go.id")
    assert (config.registrar.expires, config.registrar.keepalive) == ((60.0, 3600.0), 30.0)
    assert (config.media.ports, config.media.workers) == ((20000, 29999), 1)
    assert config.http.listen == HttpAddress("127.0.0.1", 8112)
    trunk, queue = config.trunk[0], config.queue[0]
    assert (trunk.name, trunk.peers, trunk.max_calls, trunk.options) == (
        "pbx",
        ["127.0.0.1", "10.1.0.0/24"],
        60,
        60.0,
    )
    assert (queue.name, queue.numbers, queue.skills) == ("112", ["112", "urn:service:sos"], {})
    assert (queue.priority, queue.ring_timeout, queue.wrap_up) == (5, 15.0, 10.0)
    assert (queue.answer, queue.announcement, queue.no_operator) == ("announce", "welcome", "wait")
    assert config.mqtt.url == "mqtt://127.0.0.1:1883"
    assert warnings_of(config) == []


def test_the_shipped_example_is_right_and_shows_every_key_of_the_interface() -> None:
    config = load_config(EXAMPLE, {})
    assert warnings_of(config) == []
    text = EXAMPLE.read_text(encoding="utf-8")
    for section, content in tomllib.loads(INTERFACE).items():
        assert f"[{section}]" in text
        for key in content[0] if isinstance(content, list) else content:
            assert f"\n{key} = " in text or f"\n# {key} = " in text


def test_the_shipped_example_s_defaults_are_the_defaults() -> None:
    example, default = load_config(EXAMPLE, {}), Config()
    unset: dict[str, object] = {"screening": None, "ladder": []}
    assert example.queue[0].model_copy(update=unset) == default.queue[0]
    assert (example.registrar, example.http, example.log) == (default.registrar, default.http, default.log)
    assert (example.sip.listen, example.sip.drain) == (default.sip.listen, default.sip.drain)
    assert (example.media.ports, example.media.workers) == (default.media.ports, default.media.workers)


def test_an_empty_file_works_and_check_says_what_is_missing(tmp_path: Path) -> None:
    config = load(tmp_path, "")
    assert [queue.name for queue in config.queue] == ["112"]
    assert config.sip.listen[0] == ListenUrl("udp", "0.0.0.0", 5060)
    assert [warning.partition(":")[0] for warning in warnings_of(config)] == ["no [[trunk]]", "[site]"]


def test_without_a_file_the_defaults_hold_and_paths_are_of_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_config(None, {}).journal.path == tmp_path / "ntpd112-journal.db"


def test_name_and_time_zone_come_from_the_region_unless_given(tmp_path: Path) -> None:
    site = load(tmp_path, '[site]\nregion = "51.71"').site
    assert (site.name, site.timezone) == ("Kota Denpasar", "Asia/Makassar")
    site = load(tmp_path, '[site]\nregion = "51.71"\nname = "Denpasar 112"\ntimezone = "Asia/Jakarta"').site
    assert (site.name, site.timezone) == ("Denpasar 112", "Asia/Jakarta")


def test_relative_paths_are_of_the_file_s_folder_wherever_one_stands(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        '[media]\nrecordings = "rec"\n[journal]\npath = "j.db"\n[trace]\npath = "/var/t.db"\n'
        '[database]\nurl = "sqlite+aiosqlite:///calls.db"',
    )
    assert config.media.recordings == tmp_path / "rec"
    assert config.journal.path == tmp_path / "j.db"
    assert config.trace.path == Path("/var/t.db")
    assert config.database.url == f"sqlite+aiosqlite:///{tmp_path}/calls.db"


def test_absolute_databases_stay_as_they_are(tmp_path: Path) -> None:
    for url in ("sqlite+aiosqlite:////var/calls.db", "postgresql+asyncpg://u:p@h/d"):
        assert load(tmp_path, f'[database]\nurl = "{url}"').database.url == url


def test_ports_too_few_for_the_calls_are_a_warning(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        '[site]\nregion = "35.78"\n[media]\nports = "20000-20099"\n'
        '[[trunk]]\nname = "a"\npeers = ["127.0.0.1"]',
    )
    assert warnings_of(config) == [
        "[media]: ports 20000-20099 are enough for 25 calls, but the trunks' max_calls allow 60"
    ]


def test_which_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_config(None, {}) is None
    (tmp_path / "ntpd112.toml").touch()
    assert find_config(None, {}) == Path("ntpd112.toml")
    assert find_config(None, {"NTPD112_CONFIG": "/etc/x.toml"}) == Path("/etc/x.toml")
    assert find_config(Path("mine.toml"), {"NTPD112_CONFIG": "/etc/x.toml"}) == Path("mine.toml")
