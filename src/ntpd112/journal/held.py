"""What the journal and the trace have of a call under legal hold: a file for each such call, so that both can
forget it as any other. Written whole, for its owner's eyes only."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ntpd112.journal import codec
from ntpd112.journal.events import JournalEvent
from ntpd112.journal.ids import is_call_id


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """`messages`: SIP messages as the trace has them, plain."""

    call_id: str
    events: list[msgspec.Raw]
    messages: list[dict[str, Any]]


class HeldCalls:
    """Methods raise OSError, and ValueError for a file that cannot be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(
        self, call_id: str, events: Sequence[JournalEvent], messages: Sequence[Mapping[str, Any]]
    ) -> None:
        """What is there already stays, unless this is more: journal and trace do not reach back for ever."""
        before = self.load(call_id)
        kept = before or Held(call_id=call_id, events=[], messages=[])
        whole = Held(
            call_id=call_id,
            events=max(kept.events, [msgspec.Raw(codec.encode(event)) for event in events], key=len),
            messages=max(kept.messages, [dict(message) for message in messages], key=len),
        )
        if whole != before:
            self._write(whole)

    def events(self, call_id: str) -> list[JournalEvent]:
        held = self.load(call_id)
        return [codec.decode(bytes(event)) for event in held.events] if held else []

    def load(self, call_id: str) -> Held | None:
        """None: there is nothing of this call."""
        if not is_call_id(call_id):  # it comes from outside: never a path
            return None
        try:
            return msgspec.json.decode(self._file(call_id).read_bytes(), type=Held)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            raise ValueError(f'"{self._file(call_id)}": {error}') from error

    def remove(self, call_id: str) -> None:
        self._file(call_id).unlink(missing_ok=True)

    def _file(self, call_id: str) -> Path:
        return self.folder / f"{call_id}.json"

    def _write(self, held: Held) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        number, name = tempfile.mkstemp(dir=self.folder)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(msgspec.json.encode(held))
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self._file(held.call_id))
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
