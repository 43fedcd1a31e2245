"""What programs and people show: 256 random bits, of which only the SHA-256 is kept.

A plain hash is enough for random bits (there is nothing to guess), and looking a hash up tells an attacker's
clock nothing about them.
"""

from __future__ import annotations

import hashlib
import secrets

PREFIX = "ntpd112_"
"So that a key that leaked into a repository or log is recognised."
SESSION_PREFIX = "ntpd112_session_"
RANDOM_BYTES = 32


def new_token(prefix: str) -> str:
    return prefix + secrets.token_urlsafe(RANDOM_BYTES)


def digest(token: str) -> str:
    """64 hex digits."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
