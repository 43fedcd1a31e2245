"""What a log line looks like to whoever reads it at night, or to a collector."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from ntpd112 import loglines


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
