"""API keys made, listed and withdrawn."""

from datetime import UTC, datetime, timedelta

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


@pytest.mark.parametrize(
    ("expires", "end"),
    [
        ("2100-01-31", datetime(2100, 1, 31, 17, tzinfo=UTC)),  # midnight in Surabaya
        ("90d", datetime.now(UTC) + timedelta(days=90)),
    ],
)
def test_a_key_can_end_after_a_time_or_with_a_day_of_the_site(
    terminal: Terminal, expires: str, end: datetime
) -> None:
    terminal.run("apikey", "add", "a", "--scope", "admin", "--expires", expires)
    (key,) = terminal.json("apikey", "list")
    assert abs(datetime.fromisoformat(key["expires_at"]) - end) < timedelta(hours=1)
    assert (key["last_used_at"], key["last_address"]) == (None, None)


@pytest.mark.parametrize(
    ("expires", "said"),
    [
        ("soon", '--expires "soon" is neither a time such as 90d nor a day such as 2027-01-31\n'),
        ("", '--expires "" is neither a time such as 90d nor a day such as 2027-01-31\n'),
        ("9999-12-31", '--expires "9999-12-31" is neither a time such as 90d nor a day such as 2027-01-31\n'),
        (
            "2020-01-01",
            'API key "a": its end 2020-01-02 00:00:00+07:00 is over, or more than a century away\n',
        ),
    ],
)
def test_an_end_that_is_none_is_refused(terminal: Terminal, expires: str, said: str) -> None:
    assert terminal.run("apikey", "add", "a", "--scope", "admin", "--expires", expires, code=1).stderr == said
    assert terminal.json("apikey", "list") == []
