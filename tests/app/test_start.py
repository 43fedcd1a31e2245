"""What keeps the agent from starting is said by name, and leaves nothing open behind."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from ntpd112.app import StartError, run
from ntpd112.app.upkeep import unwritable
from ntpd112.config import load_config
from ntpd112.journal import Journal

FIRST_PORT = 47000


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "ntpd112.toml"
    file.write_text(
        f"""[sip]
listen = ["udp://127.0.0.1:0"]
[http]
listen = "127.0.0.1:0"
[media]
ports = "{FIRST_PORT}-{FIRST_PORT + 99}"
[[trunk]]
name = "pbx"
peers = ["127.0.0.1"]
""",
        "utf-8",
    )
    return file


def start(config: Path, **environment: str) -> str:
    """What it says instead of starting."""
    variables = {f"NTPD112_{name}": value for name, value in environment.items()}
    with pytest.raises(StartError) as raised:
        run(load_config(config, variables))
    Journal(config.parent / "ntpd112-journal.db").close()  # nothing holds it any more
    return str(raised.value)


def test_a_taken_sip_port_is_named(config: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        url = f"udp://127.0.0.1:{other.getsockname()[1]}"
        assert start(config, SIP__LISTEN=f'["{url}"]') == f"[sip] listen {url}: Address already in use"


def test_a_taken_http_port_is_named(config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        assert start(config, HTTP__LISTEN=address).startswith(f'[http] listen "{address}": ')


def test_a_database_that_is_away_is_named_without_its_password(config: Path) -> None:
    said = start(config, DATABASE__URL="postgresql+asyncpg://user:hidden@127.0.0.1:1/x")
    assert said.startswith("database postgresql+asyncpg://user:***@127.0.0.1:1/x: ")


def test_a_journal_of_another_agent_is_named(config: Path) -> None:
    file = config.parent / "ntpd112-journal.db"
    journal = Journal(file)
    try:
        with pytest.raises(StartError, match=str(file)):
            run(load_config(config, {}))
    finally:
        journal.close()


def test_a_recordings_folder_is_made_or_its_problem_said(tmp_path: Path) -> None:
    assert unwritable(tmp_path / "new" / "recordings") == ""
    assert (tmp_path / "new" / "recordings").is_dir()
    (tmp_path / "file").touch()
    assert unwritable(tmp_path / "file") == "File exists"
    assert unwritable(tmp_path / "file" / "recordings") == "Not a directory"
