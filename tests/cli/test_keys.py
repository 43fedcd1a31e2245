"""API keys made, listed and withdrawn."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.cli.terminal import Terminal

from ntpd112.access import Principal
from ntpd112.access.keys import KeyStore


def found(terminal: Terminal, key: str) -> Principal | None:
    async def find(engine: AsyncEngine) -> Principal | None:
        store = KeyStore(engine)
        await store.refresh()
        return store.find(key)

    return terminal.database(find)


def test_add_prints_the_key_alone_on_standard_output_and_it_works(terminal: Terminal) -> None:
    result = terminal.run("apikey", "add", "reporting", "--scope", "cdr:read", "--scope", "calls:read")
    key = found(terminal, result.stdout.strip())
    assert key is not None
    assert (key.name, sorted(key.scopes)) == ("reporting", ["calls:read", "cdr:read"])
    assert result.stderr == 'This is the key "reporting"; it is not shown again.\n'


@pytest.mark.parametrize(
    ("name", "scope", "said"),
    [
        ("a b", "admin", 'API key name "a b" is not'),
        ("a", "everything", 'API key "a": "everything" is no scope'),
    ],
)
def test_what_is_wrong_is_said(terminal: Terminal, name: str, scope: str, said: str) -> None:
    assert terminal.run("apikey", "add", name, "--scope", scope, code=1).stderr.startswith(said)


def test_a_name_is_used_once(terminal: Terminal) -> None:
    terminal.run("apikey", "add", "a", "--scope", "admin")
    assert (
        'API key "a" was made before' in terminal.run("apikey", "add", "a", "--scope", "admin", code=1).stderr
    )


def test_a_withdrawn_key_works_no_more_and_stays_listed(terminal: Terminal) -> None:
    key = terminal.run("apikey", "add", "a", "--scope", "admin").stdout.strip()
    (before,) = terminal.json("apikey", "list")
    assert (before["name"], before["scopes"], before["revoked_at"]) == ("a", ["admin"], None)
    terminal.run("apikey", "revoke", "a")
    assert found(terminal, key) is None
    (after,) = terminal.json("apikey", "list")
    assert after["revoked_at"] is not None
    assert terminal.run("apikey", "list").stdout.count("20") >= 2
    said = terminal.run("apikey", "revoke", "a", code=1).stderr
    assert said == 'there is no valid API key "a"; `ntpd112 apikey list` shows all\n'
