"""`ntpd112 reload`: the running agent reads its configuration again."""

from __future__ import annotations

import json

from .common import ConfigOption, JsonOption, configuration, print_json
from .running import ask


def reload(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let the running agent read its configuration again, without touching calls, and print what changes.

    Ends with 1 and every problem if it refuses; then the old configuration stays in force. Asks the agent
    with the API key in $NTPD112_KEY (scope admin).

    Example: ntpd112 reload
    """
    done = ask(configuration(config), "POST", "/config/reload")
    if as_json:
        print_json(done)
        return
    for change in done["changes"]:
        print(f"{change['path']}: {_shown(change['was'])} -> {_shown(change['now'])}")
    for warning in done["warnings"]:
        print(f"warning: {warning}")
    if not done["changes"]:
        print("nothing has changed")


def _shown(value: object) -> str:
    return "unset" if value is None else json.dumps(value, ensure_ascii=False)
