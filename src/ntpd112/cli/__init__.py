"""The `ntpd112` command. What it offers is in `commands.py`, `operators.py`, `keys.py`, `trace.py`."""

from .commands import app


def main() -> None:
    app()


__all__ = ["app", "main"]
