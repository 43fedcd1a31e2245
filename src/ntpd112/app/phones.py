"""Registered phones, and operators on break or logged out, over a restart of the agent.

Phones register for up to an hour; without this an agent that was killed would have no operators until they
do so again. Saved to a small file beside the journal within SAVE_S of a change, taken up at the start: each
phone is asked by OPTIONS at once and its operator is ready when it answers. Only UDP phones: a TCP
connection ended with the process, and its phone knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec
import structlog

from ntpd112.cdr.lastknown import write_private
from ntpd112.queue import Acd
from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.registrar import Binding, Registrar

SAVE_S = 1.0
"Seconds between looks for changes: what a kill can lose."
log = structlog.get_logger("ntpd112.phones")


Away = dict[str, str]
"Operator to reason."


class SavedPhone(msgspec.Struct, frozen=True):
    """`expires_at`: epoch seconds."""

    user: str
    contact: str
    local: tuple[str, int]
    remote: tuple[str, int]
    path: list[str]
    call_id: str
    cseq: int
    expires_at: float
    user_agent: str
    answers: bool
    "It has answered OPTIONS."


class Saved(msgspec.Struct, frozen=True):
    phones: list[SavedPhone] = []
    on_break: Away = {}
    logged_out: Away = {}
    "Offline by their own wish, though their phone may be registered."


class PhoneBook:
    """`wall`: monotonic to epoch seconds."""

    def __init__(self, path: Path, registrar: Registrar, acd: Acd, wall: Callable[[float], float]) -> None:
        self._path = path
        self._registrar = registrar
        self._acd = acd
        self._wall = wall
        self._saved: tuple[int, Away, Away] | None = None

    def restore(self, now: float) -> int:
        """Take up what was saved; returns the number of phones. A file that cannot be read costs nothing but
        a warning: the phones will register again."""
        try:
            saved = msgspec.json.decode(self._path.read_bytes(), type=Saved)
            self._restore_state("break", saved.on_break, now)
            self._restore_state("offline", saved.logged_out, now)
            for phone in saved.phones:
                self._restore_phone(phone, now)
        except FileNotFoundError:
            return 0
        except (OSError, ValueError) as problem:
            log.warning("registered phones not taken over; they will register again", reason=str(problem))
            return 0
        return len(self._registrar.all_bindings())

    def _restore_state(self, state: Literal["break", "offline"], away: Away, now: float) -> None:
        for operator, reason in away.items():
            if self._acd.operator(operator) is not None:
                self._acd.request_state(operator, state, now, reason)

    def _restore_phone(self, phone: SavedPhone, now: float) -> None:
        self._registrar.restore(
            phone.user,
            NameAddr.parse(phone.contact),
            Flow("udp", Address(*phone.local), Address(*phone.remote)),
            NameAddr.parse_many(phone.path),
            call_id=phone.call_id,
            cseq=phone.cseq,
            expires_at=now + phone.expires_at - self._wall(now),
            user_agent=phone.user_agent,
            answers=phone.answers,
            now=now,
        )

    async def keep_saved(self) -> None:
        """Save each change, for ever."""
        failing = False
        while True:
            await asyncio.sleep(SAVE_S)
            state = (self._registrar.changes, self._away("break"), self._away("offline"))
            if state == self._saved:
                continue
            try:
                await asyncio.to_thread(write_private, self._path, self._encode(*state[1:]))
            except OSError as problem:
                if not failing:
                    log.error("registered phones cannot be saved", file=str(self._path), reason=str(problem))
                failing = True
                continue
            self._saved, failing = state, False

    def _away(self, state: Literal["break", "offline"]) -> Away:
        """Also who will be so after the call they are in."""
        return {o.id: o.wanted_reason for o in self._acd.operators() if o.wanted == state}

    def _encode(self, on_break: Away, logged_out: Away) -> bytes:
        phones = [self._saved_phone(b) for b in self._registrar.all_bindings() if not b.flow.reliable]
        return msgspec.json.encode(Saved(phones, on_break, logged_out))

    def _saved_phone(self, binding: Binding) -> SavedPhone:
        return SavedPhone(
            user=binding.user,
            contact=str(binding.contact),
            local=binding.flow.local,
            remote=binding.flow.remote,
            path=[str(hop) for hop in binding.path],
            call_id=binding.call_id,
            cseq=binding.cseq,
            expires_at=self._wall(binding.expires_at),
            user_agent=binding.user_agent,
            answers=binding.liveness.answers,
        )
