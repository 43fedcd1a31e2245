"""What keeps the agent from starting is said by name, and leaves nothing open behind."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ntpd112.app import Agent, StartError, run
from ntpd112.app.upkeep import unwritable
from ntpd112.cdr.database import create_engine, migrate
from ntpd112.cdr.directory import Directory, Operator
from ntpd112.config import Config, load_config
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


async def log_of_a_start(config: Config, operator: Operator) -> list[str]:
    engine = create_engine(config.database.url)
    await migrate(engine)
    await Directory(engine).add(operator)
    await engine.dispose()
    agent = Agent(config)
    with capture_logs() as logged:
        await agent.start()
        await agent.stop()
    return [line["event"] for line in logged]


def test_what_no_operator_can_take_is_in_the_log_of_the_start(config: Path) -> None:
    text = config.read_text("utf-8") + '[[queue]]\nname = "112"\nskills = { medical = 3 }\n'
    config.write_text(text, "utf-8")
    budi = Operator(
        id="budi", name="Budi", skills={"medical": 2}, realm="ntpd112", ha1_md5="0" * 32, ha1_sha256="0" * 64
    )
    logged = asyncio.run(log_of_a_start(load_config(config, {}), budi))
    said = 'queue "112": no operator can ever take its calls: they ask for medical 3'
    assert any(line.startswith(said) for line in logged)
