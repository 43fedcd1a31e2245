"""Digest authentication: what phones answer, and answers that must not be good (again)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntpd112.sip import digest
from ntpd112.sip.digest import (
    MAX_CREDENTIALS,
    NONCE_S,
    DigestServer,
    Verdict,
    answer_challenge,
    make_credentials,
    parse_digest,
)

from .samples import register

REALM = "112.example"
USERS = {"op1": make_credentials("op1", REALM, "rahasia")}
URI = "sip:112.example"


def server(secret: bytes = b"s" * 16) -> DigestServer:
    return DigestServer(REALM, secret)


def answer(challenges: list[str], user: str = "op1", password: str = "rahasia", count: int = 1) -> str:
    text = answer_challenge(
        challenges, method="REGISTER", uri=URI, user=user, password=password, cnonce="c", count=count
    )
    assert text is not None
    return text


def check(server: DigestServer, *headers: str, now: float = 1.0) -> tuple[Verdict, str]:
    request = register(1, *[f"Authorization: {header}" for header in headers])
    return server.check(request, USERS.get, now)


class TestVectors:
    def test_rfc_7616_sha_256_and_md5(self) -> None:
        """RFC 7616 §3.9.1, whose method is GET."""
        params = {
            "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            "uri": "/dir/index.html",
            "qop": "auth",
            "nc": "00000001",
            "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        }
        known = make_credentials("Mufasa", "http-auth@example.org", "Circle of Life")
        sha256 = digest._response("SHA-256", known.ha1_sha256, params, "GET")
        assert sha256 == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        md5 = digest._response("MD5", known.ha1_md5, params, "GET")
        assert md5 == "8ca523f5e9506fed4657c9700eebdbec"

    def test_rfc_2069_without_qop(self) -> None:
        """RFC 2617 §3.2.2.1 gives MD5(A1) of this user; the response without qop is that of old phones."""
        known = make_credentials("Mufasa", "testrealm@host.com", "Circle Of Life")
        assert known.ha1_md5 == "939e7578ed9e3c518a452acee763bce9"
        params = {"nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093", "uri": "/dir/index.html"}
        assert digest._response("MD5", known.ha1_md5, params, "GET") == "670fd8c2df070c60b045671b8b24ff02"


class TestChallenge:
    def test_sha_256_comes_first_and_md5_last(self) -> None:
        first, second = server().challenges(1.0, user_agent="Linphone")
        assert 'realm="112.example"' in first
        assert "algorithm=SHA-256" in first
        assert "algorithm=MD5" in second
        assert "stale" not in first + second

    def test_a_program_without_a_name_gets_md5_first(self) -> None:
        first, second = server().challenges(1.0)
        assert "algorithm=MD5" in first
        assert "algorithm=SHA-256" in second

    def test_no_nonce_comes_twice(self) -> None:
        one = server()
        assert one.challenges(1.0) != one.challenges(1.0)


class TestRight:
    @pytest.mark.parametrize("which", [slice(None), slice(0, 1), slice(1, 2)])
    def test_either_algorithm(self, which: slice) -> None:
        one = server()
        assert check(one, answer(one.challenges(1.0)[which])) == (Verdict.RIGHT, "op1")

    def test_a_phone_that_knows_no_qop_and_names_no_algorithm(self) -> None:
        one = server()
        plain = one.challenges(1.0)[1].replace(', qop="auth"', "")
        header = answer([plain]).replace(", algorithm=MD5", "")
        assert "qop" not in header
        assert check(one, header) == (Verdict.RIGHT, "op1")

    def test_the_same_nonce_with_a_higher_count(self) -> None:
        one = server()
        challenges = one.challenges(1.0)
        assert check(one, answer(challenges, count=1))[0] is Verdict.RIGHT
        assert check(one, answer(challenges, count=5))[0] is Verdict.RIGHT

    def test_among_credentials_for_other_realms_and_schemes(self) -> None:
        one = server()
        header = answer(one.challenges(1.0))
        other = answer(DigestServer("other", b"x").challenges(1.0))
        assert check(one, "Bearer abc", other, header)[0] is Verdict.RIGHT


class TestMissing:
    @pytest.mark.parametrize(
        "header", ["Basic b3AxOnJhaGFzaWE=", "Digest", "", "Digest " + "x" * (MAX_CREDENTIALS + 1)]
    )
    def test_no_digest_credentials(self, header: str) -> None:
        assert check(server(), header) == (Verdict.MISSING, "")

    def test_another_realm(self) -> None:
        assert check(server(), answer(DigestServer("other", b"s" * 16).challenges(1.0)))[0] is Verdict.MISSING


class TestStale:
    def test_a_nonce_that_is_too_old(self) -> None:
        one = server()
        header = answer(one.challenges(1.0))
        assert check(one, header, now=1.1 + NONCE_S) == (Verdict.STALE, "op1")
        assert "stale=true" in one.challenges(1.0, stale=True)[0]

    @pytest.mark.parametrize("count", [1, 2])
    def test_a_count_that_was_used(self, count: int) -> None:
        """What was overheard cannot be sent again."""
        one = server()
        challenges = one.challenges(1.0)
        assert check(one, answer(challenges, count=2))[0] is Verdict.RIGHT
        assert check(one, answer(challenges, count=count))[0] is Verdict.STALE

    def test_an_answer_without_count_is_good_once(self) -> None:
        one = server()
        header = answer([one.challenges(1.0)[1].replace(', qop="auth"', "")])
        assert check(one, header)[0] is Verdict.RIGHT
        assert check(one, header)[0] is Verdict.STALE

    def test_a_nonce_of_another_process(self) -> None:
        assert check(server(), answer(server(b"other secret 1234").challenges(1.0)))[0] is Verdict.STALE

    def test_a_nonce_made_younger(self) -> None:
        one = server()
        header = answer(one.challenges(1.0))
        assert check(one, header.replace('nonce="3e8-', 'nonce="fffff-'))[0] is Verdict.STALE

    def test_what_was_forgotten_does_not_become_good_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(digest, "MAX_NONCES", 3)
        one = server()
        headers = [answer(one.challenges(now)) for now in (1.0, 2.0, 3.0, 4.0)]
        for header in headers:
            assert check(one, header, now=5.0)[0] is Verdict.RIGHT
        assert len(one._counts) == 3
        assert check(one, headers[0], now=5.0)[0] is Verdict.STALE


class TestWrong:
    def test_password_or_user(self) -> None:
        one = server()
        assert check(one, answer(one.challenges(1.0), password="salah"))[0] is Verdict.WRONG
        assert check(one, answer(one.challenges(1.0), user="op9"))[0] is Verdict.WRONG

    def test_a_failed_answer_does_not_use_up_the_nonce(self) -> None:
        """Else anybody could make the phones' answers stale."""
        one = server()
        challenges = one.challenges(1.0)
        assert check(one, answer(challenges, password="salah"))[0] is Verdict.WRONG
        assert check(one, answer(challenges))[0] is Verdict.RIGHT

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("nc=00000001", "nc=1"),
            ("nc=00000001", "nc=00000002"),
            ("qop=auth", "qop=auth-int"),
            ("algorithm=SHA-256", "algorithm=SHA-1"),
            ("algorithm=SHA-256", "algorithm=MD5"),
            ('cnonce="c"', 'cnonce="d"'),
            ('response="', 'response="é'),
            (f'uri="{URI}"', 'uri="sip:else"'),
        ],
    )
    def test_anything_changed(self, old: str, new: str) -> None:
        one = server()
        header = answer(one.challenges(1.0))
        assert old in header
        assert check(one, header.replace(old, new))[0] is Verdict.WRONG

    def test_the_method_counts(self) -> None:
        one = server()
        request = register(1, f"Authorization: {answer(one.challenges(1.0))}")
        request.method = "INVITE"
        assert one.check(request, USERS.get, 1.0)[0] is Verdict.WRONG


class TestClient:
    def test_challenges_that_cannot_be_answered(self) -> None:
        one = 'Digest realm="r", nonce="n", algorithm=SHA-512-256'
        two = 'Digest realm="r", nonce="n", qop="auth-int"'
        for challenges in ([], ["Basic realm=x"], [one], [two], ['Digest realm="r"']):
            assert (
                answer_challenge(challenges, method="BYE", uri="u", user="a", password="b", cnonce="c")
                is None
            )

    def test_opaque_and_quotes_go_back_as_they_came(self) -> None:
        header = answer(['Digest realm="a\\"b, c", nonce="n", opaque="o\\\\p"'])
        params = parse_digest(header)
        assert params is not None
        assert (params["realm"], params["opaque"]) == ('a"b, c', "o\\p")


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=80))
def test_whatever_the_header_holds_nothing_is_raised(text: str) -> None:
    one = server()
    nonce = one.challenges(1.0)[0].partition('nonce="')[2].partition('"')[0]
    assert check(one, text)[0] is not Verdict.RIGHT
    header = f'Digest realm="{REALM}", username="op1", nonce="{nonce}", response="x", {text}'
    assert check(one, header)[0] is not Verdict.RIGHT
