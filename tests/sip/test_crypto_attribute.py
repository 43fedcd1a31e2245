"""a=crypto: what is read of it, what is refused and why, and that a key is never shown."""

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntpd112.sip.crypto_attribute import KEY_BYTES, Crypto, MasterKey, Suite, UnusableCrypto

EXAMPLE = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
"The key in the examples of RFC 4568."
SUITE: Suite = "AES_CM_128_HMAC_SHA1_80"
SUITES: tuple[Suite, ...] = (SUITE, "AES_CM_128_HMAC_SHA1_32")


@given(st.integers(0, 999_999_999), st.sampled_from(SUITES), st.binary(min_size=30, max_size=30))
def test_what_is_written_is_read_again(tag: int, suite: Suite, key: bytes) -> None:
    crypto = Crypto(tag, suite, MasterKey(key))
    assert Crypto.parse(str(crypto)) == crypto


@pytest.mark.parametrize(
    "rest",
    ["", "|2^20", "|1048576", " KDR=0", " WSH=128", " FEC_ORDER=FEC_SRTP", "|2^31 -vendor WSH=64"],
)
def test_lifetime_and_parameters_that_change_nothing_are_passed_over(rest: str) -> None:
    assert Crypto.parse(f"1 {SUITE} inline:{EXAMPLE}{rest}").key == b"wDfvg&T+)xG7@fb5jU,RaA}\\|p0%*#"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (f"1 {SUITE} inline:{EXAMPLE}|2^20|1:32", "MKI"),
        (f"1 {SUITE} inline:{EXAMPLE}|1:4", "MKI"),
        (f"1 {SUITE} inline:{EXAMPLE};inline:{EXAMPLE}", "several keys"),
        (f"1 AES_256_CM_HMAC_SHA1_80 inline:{EXAMPLE}", "AES_256_CM_HMAC_SHA1_80"),
        (f"one {SUITE} inline:{EXAMPLE}", "tag 'one'"),
        (f"1 {SUITE} inline:{EXAMPLE[:-4]}", "27 bytes"),
        (f"1 {SUITE} inline:{EXAMPLE[:-1]}", "base64"),
        (f"1 {SUITE} inline:{EXAMPLE[:-1]}é", "base64"),
        (f"1 {SUITE} uri:{EXAMPLE}", "inline"),
        (f"1 {SUITE} inline:{EXAMPLE} UNENCRYPTED_SRTP", "UNENCRYPTED_SRTP"),
        (f"1 {SUITE} inline:{EXAMPLE} UNAUTHENTICATED_SRTP", "UNAUTHENTICATED_SRTP"),
        (f"1 {SUITE} inline:{EXAMPLE} KDR=24", "KDR=24"),
        (f"1 {SUITE}", "inline"),
        ("", "tag"),
    ],
)
def test_what_cannot_be_used_says_why_without_the_key(value: str, why: str) -> None:
    with pytest.raises(UnusableCrypto) as refused:
        Crypto.parse(value)
    assert why in str(refused.value)
    assert EXAMPLE[:8] not in str(refused.value)


@given(st.text(max_size=200))
def test_anything_else_is_refused_and_no_more(value: str) -> None:
    for text in (value, f"1 {SUITE} {value}", f"1 {SUITE} inline:{value}"):
        with suppress(UnusableCrypto):
            assert len(Crypto.parse(text).key) == KEY_BYTES


def test_keys_are_never_shown() -> None:
    key = MasterKey(b"k" * KEY_BYTES)
    assert "kkk" not in f"{key!r} {key} {Crypto(1, SUITE, key)!r}"
    assert b64encode(key).decode() in str(Crypto(1, SUITE, key))
