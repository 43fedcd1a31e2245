"""What a log line looks like to whoever reads it at night, or to a collector."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from ntpd112 import loglines
from ntpd112.app.logs import set_up_logging
from ntpd112.config import LogConfig


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leaves the process's logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def line(form: str, **said: Any) -> str:
    for step in [*loglines.processors(form), loglines.renderer(form)]:
        said = step(None, "warning", said)  # type: ignore[assignment]
    return str(said)


def test_a_line_for_people_has_the_call_first_and_then_what_was_said_in_that_order() -> None:
    text = line("console", event="call over", reason="No ACK", by="system", call_id="01JD")
    assert " ".join(text.split()[1:]) == "[warning ] call over call_id=01JD reason='No ACK' by=system"


def test_what_is_empty_is_left_out_for_people() -> None:
    assert "reason" not in line("console", event="call over", call_id="01JD", reason="")


def test_a_line_for_a_collector_is_json_with_a_time_that_has_its_zone() -> None:
    found = json.loads(line("json", event="call over", call_id="01JD", reason=""))
    assert datetime.fromisoformat(found.pop("timestamp")).tzinfo is not None
    assert found == {"event": "call over", "call_id": "01JD", "reason": "", "level": "warning"}


WORDS = st.text("aÅ9 ='\"\\-/:", max_size=8)
VALUES = WORDS | st.integers() | st.floats() | st.none() | st.booleans() | st.lists(WORDS, max_size=2)


@given(st.text("abc ", max_size=50), st.dictionaries(st.text("abcd_", min_size=1), VALUES, max_size=4))
def test_a_line_without_colours_is_what_structlog_makes_of_it(event: str, said: dict[str, Any]) -> None:
    head = {"timestamp": "2026-01-02T03:04:05.678+07:00", "level": "info", "event": event}
    console = structlog.dev.ConsoleRenderer(colors=False, pad_event_to=loglines.EVENT_WIDTH, sort_keys=False)
    plain = loglines.renderer("console")
    assert plain(None, "info", {**head, **said}) == console(None, "info", {**head, **said})


@pytest.mark.parametrize("sent", ["a\nb", "\x1b[2J", "a\u2028b", "a\rb", "a=b"])
def test_what_a_peer_sent_neither_begins_a_line_nor_moves_the_cursor(sent: str) -> None:
    text = line("console", event="call refused", caller=sent)
    assert text.isprintable()
    assert text.endswith(f"caller={sent!r}")


def test_a_line_with_an_exception_has_its_traceback() -> None:
    try:
        raise ValueError("odd")
    except ValueError:
        text = line("console", event="a timer failed", exc_info=True)
    assert "a timer failed" in text.splitlines()[0]
    assert text.rstrip().endswith("ValueError: odd")


def test_a_line_of_the_standard_library_has_the_call_too(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogConfig(format="json"))
    logging.getLogger("ntpd112.sip").warning("SIP message to %s", "pbx", extra={"call_id": "01JD", "odd": 1})
    found = json.loads(capsys.readouterr().err)
    assert (found["event"], found["call_id"], found["level"]) == ("SIP message to pbx", "01JD", "warning")
    assert "odd" not in found


@pytest.mark.parametrize(("number", "shown"), [("+62811234567", "*********567"), ("112", "112"), ("", "")])
def test_of_a_caller_s_number_the_end_is_shown(number: str, shown: str) -> None:
    assert loglines.masked(number) == shown
