"""Which queues no operator can serve, as `ntpd112 check` says it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.terminal import CONFIG, Terminal
from tests.config.said import load

from ntpd112.calls.unserved import unserved

SITE = '[site]\nregion = "35.78"\n[[trunk]]\nname = "pbx"\npeers = ["127.0.0.1"]\n'
QUEUE = '[[queue]]\nname = "112"\nnumbers = ["112"]\n'
STEP = '[[queue.ladder]]\nafter = "20s"\n'
NOT_LOOKED = "not looked at: whether operators can serve each queue"


@pytest.mark.parametrize(
    ("text", "operators", "said"),
    [
        (
            SITE + QUEUE + "skills = { medical = 3 }\n",
            [{"medical": 2}, {}],
            'queue "112": no operator can ever take its calls: they ask for medical 3 and keep out reserve, '
            "supervisor",
        ),
        (
            SITE + QUEUE,
            [{"supervisor": 1}],
            'queue "112": no operator can ever take its calls: they keep out reserve, supervisor',
        ),
        (
            SITE + QUEUE + "roles = []\nskills = { medical = 3 }\n" + STEP + "any = true\n",
            [{}],
            'queue "112": no operator can take its calls before ladder step 1, after 20 s: '
            "they ask for medical 3",
        ),
        (
            SITE + QUEUE + STEP + 'include = ["reserve"]\n',
            [{"reserve": 1}],
            'queue "112": no operator can take its calls before ladder step 1, after 20 s: '
            "they keep out reserve, supervisor",
        ),
        (
            SITE + QUEUE + 'roles = []\n[[number]]\nnumber = "112"\nskills = { english = 1 }\n',
            [{}],
            'queue "112", number "112": no operator can ever take its calls: they ask for english 1',
        ),
        (
            SITE + "skills = { sea = 2 }\n" + QUEUE + "roles = []\nskills = { english = 1 }\n",
            [{"english": 5}, {"sea": 9}],
            'queue "112", trunk "pbx": no operator can ever take its calls: they ask for english 1, sea 2',
        ),
        (SITE + QUEUE, [], 'there are no operators: `ntpd112 operator add ID --name "NAME"` makes one'),
    ],
)
def test_calls_that_no_operator_can_take_are_named(
    tmp_path: Path, text: str, operators: list[dict[str, int]], said: str
) -> None:
    assert unserved(load(tmp_path, text), operators) == [said]


@pytest.mark.parametrize(
    ("text", "operators"),
    [
        (SITE + QUEUE, [{}]),
        (SITE + QUEUE + "skills = { medical = 3 }\n", [{"medical": 3}]),
        (SITE + QUEUE + "skills = { reserve = 1 }\n", [{"reserve": 1}]),
        (SITE + QUEUE + "prefer = { english = 9 }\n", [{}]),
        (SITE + "skills = { sea = 2 }\n" + QUEUE, [{"sea": 2}]),
    ],
)
def test_one_operator_who_fits_is_enough(tmp_path: Path, text: str, operators: list[dict[str, int]]) -> None:
    assert unserved(load(tmp_path, text), operators) == []


def test_what_a_queue_lacks_is_not_said_again_of_its_numbers_and_trunks(tmp_path: Path) -> None:
    text = SITE + "skills = { sea = 2 }\n" + QUEUE + "skills = { medical = 1 }\n"
    text += '[[number]]\nnumber = "112"\nskills = { english = 1 }\n'
    (said,) = unserved(load(tmp_path, text), [{}])
    assert said.startswith('queue "112": ')


def test_check_reads_the_operators(terminal: Terminal) -> None:
    terminal.config.write_text(CONFIG.replace('numbers = ["112"]', 'numbers = ["112"]\nskills = { sea = 1 }'))
    terminal.run("operator", "add", "budi", "--name", "Budi", "--skill", "sea=1")
    assert terminal.run("check").stdout.splitlines()[-1] == f"{terminal.config}: nothing wrong"
    terminal.run("operator", "remove", "budi")
    terminal.run("operator", "add", "siti", "--name", "Siti")
    *_, warning, last = terminal.run("check").stdout.splitlines()
    assert warning.startswith('warning: queue "112": no operator can ever take its calls: they ask for sea 1')
    assert last == f"{terminal.config}: no errors"


def test_check_says_that_it_could_not_look(terminal: Terminal) -> None:
    output = terminal.run("check").stdout.splitlines()
    assert output[-2] == f"{NOT_LOOKED} (there is no database yet)"
    assert not (terminal.folder / "ntpd112.db").exists()
    away = '[database]\nurl = "postgresql+asyncpg://me:secret@127.0.0.1:1/x"\n'
    terminal.config.write_text(away + CONFIG)
    assert terminal.run("check").stdout.splitlines()[-2].startswith(f"{NOT_LOOKED} (database postgresql")
    assert "secret" not in terminal.run("check").stdout
    reason = terminal.json("check")["operators_not_looked_at"]
    assert reason.startswith("database postgresql+asyncpg://me:***@127.0.0.1:1/x: ")


def test_check_leaves_a_database_of_another_version_alone(terminal: Terminal) -> None:
    (terminal.folder / "ntpd112.db").touch()
    assert "`ntpd112 database status`" in terminal.json("check")["operators_not_looked_at"]
