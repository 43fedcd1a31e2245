"""Likely causes, in words, of a test call that was not answered. Pure."""

from __future__ import annotations

from .trial_views import GivenUp

_PASSWORD = "it asks for a password: `username` and `password_file` of the trunk are missing or wrong"
_NO_BODY = "it takes none of our bodies: it wants another codec than G.711, or SRTP (`srtp`)"
_NO_COMMON_CODEC = (
    "it and we have no codec in common: G.711 (PCMA or PCMU) has to be in its list; or one insists on SRTP "
    "(`srtp`) and the other has none"
)
_REFUSALS = {
    400: "it cannot read our INVITE: look at it by `ntpd112 trace`",
    401: _PASSWORD,
    402: "the line has no credit",
    403: "it refuses us: our source address is not among those it lets in, the number we present is not one "
    "of this line (`present`), or the line may not call this number",
    404: "it does not know the number in this form: try it as 0..., 62... or +62...",
    405: "it takes no calls at this address: is it the gateway for calls?",
    406: _NO_BODY,
    407: _PASSWORD,
    408: "it waited for somebody behind it in vain: its own route is broken, or the called is off",
    410: "the number is not in use any more",
    413: "our INVITE is too large for it: a proxy between adds too much",
    415: _NO_BODY,
    416: "it does not take sip: addresses like ours",
    420: "it wants none of our extensions: its software is very old",
    421: "it insists on an extension that we do not have",
    422: "it wants a longer session interval than we offered twice",
    480: "the number is known, and nobody can be reached there now",
    482: "a loop: its route leads back to itself",
    483: "a loop of proxies: its route leads back to itself",
    484: "digits are missing: it wants the number with area code or country code",
    485: "the number is not clear to it: try it as 0..., 62... or +62...",
    486: "busy: try again, or another number",
    487: "it was ended before anybody picked up",
    488: _NO_COMMON_CODEC,
    500: "it has a fault of its own: ask its operators",
    501: "it takes no INVITE: is it the gateway for calls?",
    502: "what is behind it answered nonsense: ask its operators",
    503: "it has no line free, is overloaded or in maintenance: how many lines does the contract have?",
    504: "what is behind it does not answer: ask its operators",
    513: "our INVITE is too large for it over UDP: try `;transport=tcp`",
    580: "it cannot reserve the bandwidth",
    600: "busy everywhere: try another number",
    603: "it was declined, by a person or by a screening of the number we present (`present`)",
    604: "the number does not exist",
    606: _NO_COMMON_CODEC,
    607: "the called does not want calls from the number we present (`present`)",
    608: "a screening of calls refused the number we present (`present`)",
}
NO_CALL: dict[GivenUp, str] = {
    "silence": "not one answer, not even 100: the gateway is off, a firewall drops it on the way there or "
    "back, or it is silent to who is no peer of its own",
    "no_answer": "it rang, and nobody picked up: choose a number that answers by itself",
    "lines": "given up: the trunk's lines are needed by callers",
    "asked": "given up by who asked for it",
    "stopping": "given up: the agent stops",
    "sound": "given up: the media worker was lost",
}
"Of calls that we ended ourselves."


def refusal_means(code: int) -> str:
    """What is likely behind a final answer from 300 to 699."""
    if code in _REFUSALS:
        return _REFUSALS[code]
    if code < 400:
        return "it sends us elsewhere, which is not followed: name that address in `to`"
    return "ask its operators" if code >= 500 else "it does not take this call from us"
