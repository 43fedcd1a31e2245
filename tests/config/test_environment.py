"""Environment variables over the file."""

from pathlib import Path

import pytest

from ntpd112.config import ConfigErrors, ListenUrl, load_config


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ntpd112.toml"
    path.write_text(
        '[sip]\nrealm = "of the file"\ndrain = "5s"\n[[trunk]]\nname = "a"\npeers = ["::1"]', "utf-8"
    )
    return path


def test_a_variable_overrides_its_key_and_leaves_the_rest(file: Path) -> None:
    config = load_config(file, {"NTPD112_SIP__REALM": "of the variable", "PATH": "/bin"})
    assert (config.sip.realm, config.sip.drain) == ("of the variable", 5.0)


def test_text_is_taken_as_it_is_even_if_it_looks_like_a_number() -> None:
    config = load_config(None, {"NTPD112_SITE__REGION": "35.10", "NTPD112_SIP__REALM": "112"})
    assert (config.site.region, config.sip.realm) == ("35.10", "112")


def test_numbers_lists_and_arrays_of_tables_are_json(file: Path) -> None:
    config = load_config(
        file,
        {
            "NTPD112_MEDIA__WORKERS": "3",
            "NTPD112_SIP__LISTEN": '["udp://127.0.0.1:5070"]',
            "NTPD112_TRUNK": '[{"name": "b", "peers": ["10.0.0.1"]}]',
            "ntpd112_registrar__keepalive": "10s",
        },
    )
    assert config.media.workers == 3
    assert config.sip.listen == [ListenUrl("udp", "127.0.0.1", 5070)]
    assert [trunk.name for trunk in config.trunk] == ["b"]
    assert config.registrar.keepalive == 10.0


def test_ranges_and_addresses_are_text_as_in_the_file() -> None:
    config = load_config(
        None,
        {
            "NTPD112_HTTP__LISTEN": "0.0.0.0:8112",
            "NTPD112_MEDIA__PORTS": "30000-30999",
            "NTPD112_REGISTRAR__EXPIRES": "60s..2m",
        },
    )
    assert config.http.listen == ("0.0.0.0", 8112)
    assert config.media.ports == (30000, 30999)
    assert config.registrar.expires == (60.0, 120.0)


def test_what_names_the_file_or_is_for_the_container_is_no_key(file: Path) -> None:
    environ = {"NTPD112_CONFIG": str(file), "NTPD112_HEALTH": "http://127.0.0.1:80/healthz"}
    assert load_config(file, environ).sip.realm == "of the file"


def test_wrong_variables_are_named_along_with_what_is_wrong_in_the_file(file: Path) -> None:
    file.write_text("[sip]\ndrain = 'x'", "utf-8")
    environ = {
        "NTPD112_SIP__RELM": "x",
        "NTPD112_SPI__REALM": "x",
        "NTPD112_SIP__LISTEN": "udp://0.0.0.0:5060",
        "NTPD112_MEDIA__WORKERS": "many",
        "NTPD112_QUEUE__0__WRAP_UP": "3s",
    }
    with pytest.raises(ConfigErrors) as caught:
        load_config(file, environ)
    assert [str(problem).removeprefix(f"{file.parent}/") for problem in caught.value.problems] == [
        'ntpd112.toml:2: [sip]: drain "x" is not a duration such as "15s", "500ms", "2m" or "1h"',
        "NTPD112_QUEUE__0__WRAP_UP: cannot be set by parts: give all of them in NTPD112_QUEUE",
        'NTPD112_SIP__RELM: unknown key "relm"; did you mean "realm"?',
        'NTPD112_SPI__REALM: unknown key "spi"; did you mean "sip"?',
        'NTPD112_SIP__LISTEN: [sip]: listen "udp://0.0.0.0:5060" is not a list such as ["a", "b"]',
        'NTPD112_MEDIA__WORKERS: [media]: workers "many" is not a whole number',
    ]
