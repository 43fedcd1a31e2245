"""Which key of ours secures what a leg is sent, from one offer and answer to the next (RFC 4568 §7.1)."""

from __future__ import annotations

from collections.abc import Callable

from .crypto_attribute import DEFAULT_SUITE, KEY_BYTES, Crypto, MasterKey, SrtpPolicy, Suite

NewKey = Callable[[], bytes]
"Gives KEY_BYTES random bytes."
OFFERED_TAG = 1
"Of the one line that we offer."


def _no_key() -> bytes:
    raise RuntimeError(f"SRTP is off here: nobody gave a source of {KEY_BYTES} random bytes")


class SrtpKeys:
    """Our key stays as long as the peer's does, so that neither side's packet counters begin anew. When the
    peer takes a new one, so do we: some peers count from zero in both directions then. Another suite and a
    session that was plain in between take a new key too, or a keystream would be used twice."""

    def __init__(self, policy: SrtpPolicy = "off", new_key: NewKey = _no_key) -> None:
        self.policy = policy
        self._new_key = new_key
        self._suite: Suite = DEFAULT_SUITE
        self._ours: MasterKey | None = None
        self._theirs: MasterKey | None = None

    def offer(self) -> Crypto | None:
        """What our next offer says; None: plain."""
        if self.policy == "off":
            return None
        return Crypto(OFFERED_TAG, self._suite, self._key())

    def answer(self, theirs: Crypto) -> Crypto:
        """What we answer to the line of the peer's offer that we take. The same again for the same line."""
        known = self._theirs
        if theirs.suite != self._suite or (known is not None and known != theirs.key):
            self._ours = None
        self._suite, self._theirs = theirs.suite, theirs.key
        return Crypto(theirs.tag, theirs.suite, self._key())

    def agreed(self, theirs: MasterKey | None) -> None:
        """How an exchange ended: secured by this key of the peer's, or plain."""
        self._theirs = theirs
        if theirs is None:
            self._ours, self._suite = None, DEFAULT_SUITE

    def _key(self) -> MasterKey:
        if self._ours is None:
            self._ours = MasterKey(self._new_key())
        return self._ours
