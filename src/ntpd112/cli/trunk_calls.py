"""A test call over a trunk, followed while it goes on, and what came of it as a table."""

from __future__ import annotations

import sys
import time
from typing import Any
from urllib.parse import quote

from ntpd112.config import Config

from .running import ask

LOOK_S = 0.3
"How often we ask how it goes."
MARKS = {"fine": "ok", "note": "-", "bad": "!"}


def make_test_call(settings: Config, trunk: str, body: dict[str, Any]) -> dict[str, Any]:
    """The finished test call, as the agent has it. Tells on stderr how it goes; interrupted, it is ended."""
    path = f"/trunks/{quote(trunk, safe='')}/test-calls"
    trial: dict[str, Any] = ask(settings, "POST", path, body)
    path = f"{path}/{trial['id']}"
    told = ""
    try:
        while True:
            if trial["state"] != told:
                told = trial["state"]
                print(_progress(trial, body["listen_s"]), file=sys.stderr, flush=True)
            if told == "over":
                return trial
            time.sleep(LOOK_S)
            trial = ask(settings, "GET", path)
    except KeyboardInterrupt:
        ask(settings, "DELETE", path)
        raise


def _progress(trial: dict[str, Any], listen_s: float) -> str:
    match trial["state"]:
        case "calling":
            return f"calling {trial['to']} by {trial['gateway']} ({trial['way']})"
        case "ringing":
            return "it rings"
        case "talking":
            return f"answered: listening for {listen_s:g} s"
        case "ending":
            return "hanging up"
    return f"over; its messages: ntpd112 trace {trial['id']}"


def show_test_call(trial: dict[str, Any]) -> None:
    print(f"test call to {trial['to']} by {trial['gateway']} ({trial['way']})")
    width = max((len(found["about"]) for found in trial["findings"]), default=0)
    for found in trial["findings"]:
        print(f"{MARKS[found['verdict']]:<2} {found['about']:<{width}}  {found['says']}")
