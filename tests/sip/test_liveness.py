"""The clock of OPTIONS questions."""

from __future__ import annotations

from math import inf

from ntpd112.sip.liveness import ANSWER_S, FAILURES_TO_DEAD, FIRST_S, RETRY_S, Liveness


def test_answers_keep_it_alive_at_the_interval() -> None:
    peer = Liveness.starting(30.0, now=0.0)
    assert peer.due_at == FIRST_S
    peer.ask(FIRST_S)
    assert peer.due_at == FIRST_S + ANSWER_S
    peer.heard(1.1)
    assert (peer.alive, peer.due_at) == (True, 31.1)


def test_one_known_to_answer_is_not_asked_anew_for_registering_again() -> None:
    assert Liveness.starting(30.0, now=0.0, answers=True).due_at == 30.0


def test_one_that_never_answered_is_believed_but_asked_seldom() -> None:
    peer = Liveness.starting(30.0, now=0.0)
    for _ in range(2 * FAILURES_TO_DEAD):
        peer.ask(100.0)
        peer.missed(100.0)
    assert (peer.alive, peer.due_at) == (True, 130.0)
    peer.heard(200.0)
    for _ in range(FAILURES_TO_DEAD):
        peer.ask(300.0)
        peer.missed(300.0)
    assert not peer.alive


def test_one_failure_is_asked_again_soon_and_several_make_it_dead() -> None:
    peer = Liveness.starting(30.0, now=0.0, answers=True)
    for failure in range(1, FAILURES_TO_DEAD + 1):
        assert peer.alive
        peer.ask(100.0)
        peer.missed(100.0)
        assert peer.due_at == 100.0 + (RETRY_S if failure < FAILURES_TO_DEAD else 30.0)
    assert not peer.alive
    peer.heard(200.0)
    assert (peer.alive, peer.failures) == (True, 0)


def test_a_failure_reported_twice_counts_once() -> None:
    """Once when the answer is overdue, once more when the transaction ends."""
    peer = Liveness.starting(30.0, now=0.0)
    peer.ask(30.0)
    peer.missed(34.0)
    peer.missed(62.0)
    assert (peer.failures, peer.due_at) == (1, 34.0 + RETRY_S)


def test_never_asked_is_always_alive() -> None:
    peer = Liveness.starting(0.0, now=5.0)
    assert (peer.alive, peer.due_at) == (True, inf)
    peer.heard(6.0)
    assert peer.due_at == inf


def test_a_doubted_phone_is_asked_at_once_and_one_silence_makes_it_dead() -> None:
    phone = Liveness.starting(30.0, now=0.0, answers=True)
    phone.doubt(7.0)
    assert phone.due_at == 7.0
    phone.ask(7.0)
    phone.doubt(8.0)
    assert phone.due_at == 7.0 + ANSWER_S, "a question that is out is waited for"
    phone.missed(11.0)
    assert not phone.alive


def test_doubting_a_phone_that_is_never_asked_changes_nothing() -> None:
    phone = Liveness.starting(0, now=0.0)
    phone.doubt(7.0)
    assert (phone.alive, phone.due_at) == (True, inf)
