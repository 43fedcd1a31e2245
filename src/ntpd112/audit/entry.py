"""One line of the audit log, and how it is tied to the one before it. Pure."""

from __future__ import annotations

import hashlib

import msgspec

GENESIS = "0" * 64
"What stands for the hash before the first entry."


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done, or refused."""

    at: float
    "Epoch seconds."
    who: str
    "`api:KEYNAME`, `cli:USER`, `agent`; empty: a request without a valid key."
    address: str = ""
    "Where the request came from; empty: this machine."
    action: str
    "Method and path as in the OpenAPI document (`PUT /operators/{id}/state`), or command (`apikey add`)."
    subject: str = ""
    "What the path or command names: a call's id, an operator's, a number; several with `/` between."
    outcome: str
    "HTTP status; of commands and the agent's own work `done` or `failed`."
    detail: dict[str, object] = {}


class Recorded(Entry, frozen=True, kw_only=True):
    """As it is in the file."""

    seq: int
    "Rises by one, without gaps."
    sha256: str
    "Of the entry before and this one: `digest`."


def digest(previous: str, seq: int, entry: Entry) -> str:
    """Ties an entry to its place: SHA-256, in hex, over the hash of the entry before it and a JSON array of
    `seq` and the entry's fields in the order of the class."""
    fields = [seq, *(getattr(entry, name) for name in Entry.__struct_fields__)]
    return hashlib.sha256(previous.encode() + msgspec.json.encode(fields, order="deterministic")).hexdigest()
