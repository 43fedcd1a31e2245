"""SRTP by the book (RFC 3711), apart from the library that the worker uses: an independent witness.

AES-128 in counter mode with HMAC-SHA1, no MKI, key derivation rate 0.
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

TAG_BYTES = {"AES_CM_128_HMAC_SHA1_80": 10, "AES_CM_128_HMAC_SHA1_32": 4}
RTP_HEADER = 12
"Without CSRCs and extension, as all packets of the tests."


class Book:
    """One direction. `master`: 16 bytes of key, 14 of salt; `wraps`: how often the sequence numbers have
    wrapped (ROC, §3.3.1)."""

    def __init__(self, master: bytes, suite: str = "AES_CM_128_HMAC_SHA1_80", wraps: int = 0) -> None:
        self.wraps = wraps
        key, salt = master[:16], master[16:]
        self.tag_bytes = TAG_BYTES[suite]
        self.cipher = derived(key, salt, 0, 16)
        self.auth = derived(key, salt, 1, 20)
        self.salt = derived(key, salt, 2, 14)

    def tag(self, secured: bytes) -> bytes:
        """What authenticates an SRTP packet without its tag (§4.2)."""
        return hmac.new(self.auth, secured + self.wraps.to_bytes(4, "big"), hashlib.sha1).digest()[
            : self.tag_bytes
        ]

    def is_authentic(self, packet: bytes) -> bool:
        body, tag = packet[: -self.tag_bytes], packet[-self.tag_bytes :]
        return hmac.compare_digest(self.tag(body), tag)

    def protect(self, packet: bytes) -> bytes:
        secured = packet[:RTP_HEADER] + self._xor(packet, packet[RTP_HEADER:])
        return secured + self.tag(secured)

    def unprotect(self, packet: bytes) -> bytes:
        """The RTP packet. Raises ValueError if it is not authentic."""
        if not self.is_authentic(packet):
            raise ValueError("tag is wrong")
        return packet[:RTP_HEADER] + self._xor(packet, packet[RTP_HEADER : -self.tag_bytes])

    def _xor(self, packet: bytes, payload: bytes) -> bytes:
        """§4.1.1: IV = salt·2^16 XOR SSRC·2^64 XOR index·2^16."""
        index = self.wraps << 16 | int.from_bytes(packet[2:4], "big")
        ssrc = int.from_bytes(packet[8:12], "big")
        iv = int.from_bytes(self.salt, "big") << 16 ^ ssrc << 64 ^ index << 16
        return keystream(self.cipher, iv, payload)


def derived(key: bytes, salt: bytes, label: int, length: int) -> bytes:
    """A session key (§4.3.1)."""
    x = int.from_bytes(salt, "big") ^ label << 48
    return keystream(key, x << 16, bytes(length))


def keystream(key: bytes, iv: int, data: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.CTR(iv.to_bytes(16, "big"))).encryptor()
    return encryptor.update(data)
