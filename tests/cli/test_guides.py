"""The configuration files that the guides print: `ntpd112 check` finds nothing wrong with them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.cli.terminal import Terminal

GUIDES = Path(__file__).parents[2] / "docs" / "guides"


def toml(page: str) -> list[str]:
    """The blocks of a guide, also those in a list."""
    found = re.findall(r"^( *)```toml\n(.*?)^ *```$", (GUIDES / page).read_text(), re.MULTILINE | re.DOTALL)
    return [text for _, text in found]


WHOLE, REGISTERING = toml("telco.md")


@pytest.mark.parametrize(
    "file",
    [
        WHOLE,
        WHOLE.replace("# advertise", "advertise"),
        WHOLE + REGISTERING,
        WHOLE.replace(WHOLE[WHOLE.index("[[trunk]]") : WHOLE.index("[[queue]]")], toml("kamailio.md")[0]),
        *toml("asterisk.md"),
    ],
    ids=["telco", "behind a NAT", "registering", "kamailio", "asterisk"],
)
def test_nothing_is_wrong_with_it(terminal: Terminal, file: str) -> None:
    (terminal.folder / "indosat-password").write_text("rahasia\n")
    (terminal.folder / "indosat-password").chmod(0o600)
    terminal.config.write_text(file)
    assert "nothing wrong" in terminal.run("check").stdout
