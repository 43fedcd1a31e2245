"""Why a request could not be sent, or no connection made for it, in words with the likely cause. Pure."""

from __future__ import annotations

_TLS = (
    ("certificate has expired", "its certificate has expired: its operators have to renew it"),
    ("certificate is not yet valid", "its certificate is not valid yet: is the clock right, here and there?"),
    ("certificate revoked", "its certificate was revoked"),
    (
        "mismatch",
        "its certificate is for another name than the one we call: `to` and `register` have to name it as "
        "the certificate does, or it needs another certificate",
    ),
    (
        "self-signed certificate",
        "its certificate is signed by nobody we trust: put the authority that issued it into `[tls] ca`",
    ),
    (
        "issuer certificate",
        "its certificate is signed by nobody we trust, or it does not send the certificates between: put the "
        "authority that issued it into `[tls] ca`",
    ),
    ("certificate required", "it wants a certificate of ours and does not take the one of `[tls]`"),
    ("alert unknown ca", "it does not trust who issued our certificate: its operators need that authority"),
    ("alert certificate expired", "it says that our certificate has expired: renew it"),
    ("alert certificate revoked", "it says that our certificate was revoked"),
    ("alert bad certificate", "it refuses our certificate"),
    ("alert unsupported certificate", "it cannot use our certificate: is it one for clients too?"),
    ("alert certificate unknown", "it refuses our certificate"),
    ("alert access denied", "it takes our certificate for genuine and does not let it in"),
    (
        "alert handshake failure",
        "it and we have no cipher in common, or it wants another certificate of ours",
    ),
    ("protocol version", "it has no TLS 1.2 or 1.3: its software is too old"),
    ("unsupported protocol", "it has no TLS 1.2 or 1.3: its software is too old"),
    ("wrong version number", "what answers there speaks no TLS: it is a port for plain SIP"),
    ("http request", "what answers there speaks no TLS"),
    (
        "eof",
        "it broke off the handshake: it speaks no TLS there, or wants another certificate of ours",
    ),
    (
        "reset by peer",
        "it broke off the handshake: it speaks no TLS there, or wants another certificate of ours",
    ),
    (
        "closed without an answer",
        "it took the connection and closed it without an answer: it may not take our certificate or address",
    ),
    (
        "not there within",
        "a firewall drops it, or what listens there speaks no TLS and waits for us",
    ),
)
"What OpenSSL and we say of a handshake, in the order in which it is looked for."
_TCP = (
    ("refused", "nobody listens at that port, or a firewall refuses it"),
    ("no route", "this machine has no route there, or a firewall refuses it"),
    ("unreachable", "this machine has no route there"),
    ("not there within", "the machine is off, or a firewall drops it"),
    ("assign requested address", "our address in `[sip] listen` cannot reach it"),
    ("reset by peer", "it broke off: a firewall, or it does not let our address in"),
    ("closed without an answer", "it closed without an answer: it may not let our address in"),
)


def unasked(transport: str, reason: str) -> str:
    """A request could not be sent. `reason`: as the system or OpenSSL says it."""
    if transport == "udp":
        return (
            "cannot be sent: this machine has no route there, or the peer's machine has nobody at that port"
        )
    said = reason.lower()
    table = _TCP if transport == "tcp" else (*_TCP[:3], *_TLS, *_TCP[3:])
    cause = next((words for mark, words in table if mark in said), "")
    return f"no connection by {transport.upper()} ({reason})" + (f": {cause}" if cause else "")
