"""Why calls end: Reason headers (RFC 3326), and Q.850 causes for SIP codes (RFC 3398 §8.2.6.1)."""

from __future__ import annotations

from .events import Cause
from .message import Message, Response
from .uri import split_outside_quotes

MAX_TEXT = 100
"Characters of a peer's reason text that are kept."

_Q850 = {
    400: 41,
    401: 21,
    402: 21,
    403: 21,
    404: 1,
    405: 63,
    406: 79,
    407: 21,
    408: 102,
    410: 22,
    413: 127,
    414: 127,
    415: 79,
    416: 127,
    420: 127,
    421: 127,
    423: 127,
    480: 18,
    481: 41,
    482: 25,
    483: 25,
    484: 28,
    485: 1,
    486: 17,
    487: 16,
    488: 88,
    500: 41,
    501: 79,
    502: 38,
    503: 41,
    504: 102,
    505: 127,
    513: 127,
    600: 17,
    603: 21,
    604: 1,
    606: 88,
}


def q850_of(code: int) -> int:
    """The Q.850 cause that a SIP code stands for; 31 (normal, unspecified) for codes without one."""
    return 16 if code < 300 else _Q850.get(code, 31)


def cause_of(message: Message, code: int) -> Cause:
    """The cause that a BYE (`code` 0), CANCEL (487) or failure response states. A response's
    own code stands, its Reason only adds to it (RFC 3326 §2)."""
    open_code = not isinstance(message, Response)
    sip_code, q850, text = code, 0, ""
    for value in message.all("reason"):
        for part in split_outside_quotes(value, ","):
            protocol, _, params = part.partition(";")
            number, said = _params(params)
            text = text or said
            if protocol.strip().upper() == "Q.850" and number is not None and 0 < number < 128:
                q850 = number
            elif protocol.strip().upper() == "SIP" and open_code and number and 200 <= number < 700:
                sip_code = number
    return Cause(sip_code, q850 or q850_of(sip_code), text)


def reason_headers(cause: Cause) -> dict[str, list[str]]:
    """The Reason header for a BYE, CANCEL or response that ends a call because of `cause`."""
    text = ""
    if cause.text:
        escaped = cause.text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", " ").replace("\n", " ")
        text = f';text="{escaped}"'
    values = [f"Q.850;cause={cause.q850}{text}"] if cause.q850 else []
    if cause.sip_code:
        values.append(f"SIP;cause={cause.sip_code}{text}")
    return {"reason": values} if values else {}


def _params(params: str) -> tuple[int | None, str]:
    number, text = None, ""
    for part in split_outside_quotes(params, ";"):
        name, _, value = part.partition("=")
        name, value = name.strip().lower(), value.strip()
        if name == "cause" and value.isascii() and value.isdigit() and len(value) < 5:
            number = int(value)
        elif name == "text":
            text = value.strip('"')[:MAX_TEXT]
    return number, text
