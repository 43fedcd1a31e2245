"""The live view in the terminal: calls, operators, service level, read over REST like any integrator does."""

from __future__ import annotations

from typing import Any

import httpx
from rich.console import Group
from rich.table import Table
from rich.text import Text

ANSWER_GOAL_S = 15.0
"Seconds within which 90 % of calls should be answered (NENA call answering standard)."
STYLES = {
    "ready": "green",
    "ringing": "yellow",
    "talking": "cyan",
    "wrap-up": "blue",
    "break": "magenta",
    "offline": "dim",
    "waiting": "bold red",
    "held": "blue",
}


class View:
    """`refresh` reads the agent, `render` draws what was read, `line` says it in one line."""

    def __init__(self, url: str, key: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=5.0
        )
        self.calls: list[dict[str, Any]] = []
        self.operators: list[dict[str, Any]] = []
        self.cdrs: list[dict[str, Any]] = []

    async def refresh(self) -> None:
        self.calls = await self._items("/calls")
        self.operators = await self._items("/operators")
        self.cdrs = await self._items("/cdrs?limit=200")

    async def close(self) -> None:
        await self._http.aclose()

    async def _items(self, path: str) -> list[dict[str, Any]]:
        answer = await self._http.get(path)
        answer.raise_for_status()
        found: Any = answer.json()
        items: list[dict[str, Any]] = found["items"] if isinstance(found, dict) else found
        return items

    # --- figures

    def counts(self) -> dict[str, int]:
        states = [call["state"] for call in self.calls]
        return {
            "waiting": sum(state in ("waiting", "ringing") for state in states),
            "talking": sum(state in ("talking", "held") for state in states),
            "ended": len(self.cdrs),
            "answered": sum(cdr["disposition"] == "answered" for cdr in self.cdrs),
        }

    def service_level(self) -> str:
        """Share of the last calls answered within the goal, of all but those that ended by our fault."""
        if not self.cdrs:
            return "no call has ended yet"
        quick = sum(cdr["disposition"] == "answered" and cdr["wait_s"] <= ANSWER_GOAL_S for cdr in self.cdrs)
        share = 100 * quick / len(self.cdrs)
        return f"{share:.0f} % of the last {len(self.cdrs)} calls answered within {ANSWER_GOAL_S:.0f} s"

    # --- drawing

    def line(self) -> str:
        """For a terminal that cannot be redrawn, and for logs."""
        counts = self.counts()
        ready = sum(operator["state"] == "ready" for operator in self.operators)
        return (
            f"waiting {counts['waiting']}  talking {counts['talking']}  operators ready {ready}"
            f"  ended {counts['ended']} (answered {counts['answered']})  {self.service_level()}"
        )

    def render(self) -> Group:
        counts = self.counts()
        head = Text(
            f" 112  waiting {counts['waiting']}   talking {counts['talking']}   ended {counts['ended']}   ",
            style="bold",
        )
        head.append(self.service_level(), style="green")
        return Group(head, self._calls_table(), self._operators_table())

    def _calls_table(self) -> Table:
        table = Table(title="calls", title_justify="left", expand=True)
        for column in ("caller", "dialled", "queue", "state", "operator"):
            table.add_column(column)
        table.add_column("waited", justify="right")
        for call in sorted(self.calls, key=lambda call: str(call["created_at"]))[:20]:
            state = call["state"]
            table.add_row(
                call["caller"] or "anonymous",
                call["dialled"],
                call["queue"],
                Text(state, style=STYLES.get(state, "")),
                call["operator"] or "",
                f"{call['waiting_s']:.0f} s",
            )
        return table

    def _operators_table(self) -> Table:
        table = Table(title="operators", title_justify="left", expand=True)
        for column in ("id", "name", "skills", "state", "reason"):
            table.add_column(column)
        for operator in self.operators:
            state = operator["state"]
            skills = " ".join(f"{skill}={level}" for skill, level in operator["skills"].items())
            row = (operator["id"], operator["name"], skills)
            table.add_row(*row, Text(state, style=STYLES.get(state, "")), operator["reason"])
        return table
