"""Events as JSON and back: one encoder and one decoder for all of them."""

from __future__ import annotations

import msgspec

from ntpd112.journal.events import JournalEvent

_encoder = msgspec.json.Encoder(enc_hook=str)
_decoder: msgspec.json.Decoder[JournalEvent] = msgspec.json.Decoder(JournalEvent)

Unreadable = msgspec.MsgspecError
"Raised by `decode` for what is no event of ours."


def encode(event: JournalEvent) -> bytes:
    """JSON on one line. Text that is no Unicode (bytes of a peer that were never UTF-8) is written with
    `?`."""
    try:
        return _encoder.encode(event)
    except (UnicodeEncodeError, TypeError, ValueError, RecursionError):
        return _encoder.encode(_cleaned(msgspec.structs.asdict(event), event, depth=0))


def decode(data: bytes | str) -> JournalEvent:
    """Raises Unreadable."""
    return _decoder.decode(data)


_DEPTH = 8
"Levels of nesting that a cleaned value keeps; what a location holds needs four."


def _cleaned(value: object, event: JournalEvent | None, depth: int) -> object:
    if event is not None and isinstance(value, dict):
        tagged = {"type": event.__struct_config__.tag, **value}
        return {key: _cleaned(item, None, 1) for key, item in tagged.items()}
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict) and depth < _DEPTH:
        return {
            str(_cleaned(str(key), None, depth)): _cleaned(v, None, depth + 1) for key, v in value.items()
        }
    if isinstance(value, list | tuple) and depth < _DEPTH:
        return [_cleaned(item, None, depth + 1) for item in value]
    return (
        value
        if value is None or isinstance(value, bool | int | float)
        else str(_cleaned(repr(value), None, 0))
    )
