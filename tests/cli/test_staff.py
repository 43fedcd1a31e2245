"""ntpd112 staff: operators needed, with what one less and one more would give."""

import pytest
from tests.cli.terminal import Terminal
from typer.testing import CliRunner

from ntpd112.cli import app
from ntpd112.queue.erlang import operators_needed, staffing

LOAD = ["staff", "--calls-per-hour", "120", "--talk", "90s"]


def test_it_says_how_many_are_needed_and_what_their_neighbours_give() -> None:
    lines = CliRunner().invoke(app, [*LOAD, "--level", "90/15"]).stdout.splitlines()
    needed = operators_needed(120, 90, 0.9, 15)
    assert lines[0] == "120 calls an hour of 90 s: 3.0 operators busy on average"
    assert f"Erlang C, callers wait for ever: {needed.operators} operators" in lines
    rows = [line.split()[:2] for line in lines[-3:]]
    assert rows == [
        [str(operators), f"{staffing(operators, 120, 90, 15).service_level:.1%}"]
        for operators in (needed.operators - 1, needed.operators, needed.operators + 1)
    ]


def test_the_level_is_90_within_15_unless_another_is_asked_for() -> None:
    assert (
        CliRunner().invoke(app, LOAD).stdout == CliRunner().invoke(app, [*LOAD, "--level", "90/15s"]).stdout
    )
    assert "within 20 s" in CliRunner().invoke(app, [*LOAD, "--level", "95/20"]).stdout


def test_patience_adds_erlang_a(terminal: Terminal) -> None:
    found = terminal.json(*LOAD, "--patience", "1m")
    assert (found["load_erlang"], found["patience_s"], found["level"], found["within_s"]) == (3, 60, 0.9, 15)
    needed = operators_needed(120, 90, 0.9, 15, 60)
    assert found["erlang_a"]["operators"] == needed.operators
    assert found["erlang_a"]["table"][1]["abandoned"] == needed.abandoned
    assert "erlang_a" not in terminal.json(*LOAD)


def test_a_wait_without_end_is_null_for_programs_and_said_in_words(terminal: Terminal) -> None:
    few = ["staff", "--calls-per-hour", "40", "--talk", "90s", "--level", "1/15"]
    assert terminal.json(*few)["erlang_c"]["table"][0]["mean_wait_s"] is None
    assert "ever longer" in terminal.run(*few).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--level", "90"], 'is not PERCENT/SECONDS such as "90/15"'),
        (["--level", "100/15"], "is not PERCENT/SECONDS"),
        (["--level", "nan/15"], "is not PERCENT/SECONDS"),
        (["--patience", "long"], "is not a duration"),
    ],
)
def test_what_cannot_be_read_is_said_with_what_is_expected(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, [*LOAD, *arguments], terminal_width=300)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_load_that_nobody_can_answer_is_one_line() -> None:
    result = CliRunner().invoke(app, ["staff", "--calls-per-hour", "0", "--talk", "90s"])
    assert (result.exit_code, result.stderr) == (1, "calls_per_hour: 0.0 is not above 0\n")
