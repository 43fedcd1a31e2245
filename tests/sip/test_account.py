"""What we answer when a telco asks for our password."""

from __future__ import annotations

import pytest

from ntpd112.sip.account import MAX_ANSWERS, MAX_NONCES, Account, Answers, Refused
from ntpd112.sip.digest import DigestServer, Verdict, make_credentials, parse_digest
from ntpd112.sip.message import Request, Response

USERS = {"surabaya": make_credentials("surabaya", "telco.example", "rahasia")}
TELCO = DigestServer("telco.example", b"s" * 16)


def account(password: str = "rahasia") -> Account:
    return Account("surabaya", password)


def answers(account: Account | None) -> Answers:
    return Answers(account, lambda: "cnonce")


def invite() -> Request:
    return Request("INVITE", "sip:110@192.0.2.2", fields={"cseq": ["1 INVITE"]})


def asks(*challenges: str, code: int = 401) -> Response:
    header = "www-authenticate" if code == 401 else "proxy-authenticate"
    return Response(code=code, phrase="Asks", fields={header: list(challenges)})


def challenge(nonce: str, more: str = "") -> str:
    return f'Digest realm="telco.example", nonce="{nonce}", qop="auth"{more}'


def test_a_challenge_is_answered_with_what_the_server_takes_for_right() -> None:
    given = answers(account())
    request = invite()
    given.take(asks(*TELCO.challenges(1.0)), request)
    request.fields.update(given.headers)
    assert TELCO.check(request, USERS.get, 1.0) == (Verdict.RIGHT, "surabaya")
    (value,) = given.headers["authorization"]
    params = parse_digest(value)
    assert params is not None
    assert (params["algorithm"], params["uri"], params["nc"]) == ("SHA-256", request.uri, "00000001")


def test_a_server_that_knows_md5_only_gets_md5() -> None:
    given = answers(account())
    given.take(asks(challenge("n")), invite())
    assert "algorithm=MD5" in given.headers["authorization"][0]


def test_a_proxy_and_the_server_behind_it_each_get_an_answer() -> None:
    given = answers(account())
    given.take(asks(challenge("a"), code=407), invite())
    given.take(asks(challenge("b")), invite())
    assert list(given.headers) == ["proxy-authorization", "authorization"]


def test_who_is_asked_again_with_another_nonce_has_the_wrong_password() -> None:
    given = answers(account("salah"))
    given.take(asks(challenge("a")), invite())
    with pytest.raises(Refused, match='username "surabaya" or its password is wrong'):
        given.take(asks(challenge("b")), invite())


def test_a_nonce_that_was_stale_is_no_wrong_password() -> None:
    given = answers(account())
    given.take(asks(challenge("a")), invite())
    given.take(asks(challenge("b", ", stale=true")), invite())
    assert 'nonce="b"' in given.headers["authorization"][0]


def test_a_server_whose_nonces_are_always_stale_is_given_up() -> None:
    given = answers(account())
    for number in range(MAX_ANSWERS):
        given.take(asks(challenge(str(number), ", stale=true")), invite())
    with pytest.raises(Refused, match="4 times"):
        given.take(asks(challenge("z", ", stale=true")), invite())


def test_the_count_of_a_nonce_rises_from_request_to_request() -> None:
    who = account()
    for count in ("00000001", "00000002"):
        given = answers(who)
        given.take(asks(challenge("same")), invite())
        assert f"nc={count}" in given.headers["authorization"][0]


def test_nonces_are_not_remembered_without_end() -> None:
    who = account()
    for number in range(2 * MAX_NONCES):
        who.count(str(number))
    assert len(who._counts) == MAX_NONCES


def test_without_an_account_the_reason_says_what_to_set() -> None:
    with pytest.raises(Refused, match="set username and password"):
        answers(None).take(asks(challenge("a")), invite())


@pytest.mark.parametrize(
    "unknown",
    ['Basic realm="x"', 'Digest realm="x", nonce="n", qop="auth-int"', 'Digest realm="x", algorithm=X'],
)
def test_a_challenge_that_nobody_understands_is_named(unknown: str) -> None:
    with pytest.raises(Refused, match="no challenge that we know"):
        answers(account()).take(asks(unknown), invite())


def test_a_password_is_not_shown_where_an_account_is() -> None:
    assert "rahasia" not in repr(account())
