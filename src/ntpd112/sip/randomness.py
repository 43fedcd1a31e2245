"""Where a user agent takes what nobody may guess from, unless tests give it something else."""

from __future__ import annotations

import secrets

from .crypto_attribute import KEY_BYTES


def random_token() -> str:
    return secrets.token_hex(10)


def random_key() -> bytes:
    """Master key and salt for SRTP."""
    return secrets.token_bytes(KEY_BYTES)
