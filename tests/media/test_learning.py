"""The source lock: whom a leg listens to."""

from hypothesis import given
from hypothesis import strategies as st

from ntpd112.media.learning import MAX_CANDIDATES, PROBATION_PACKETS, RELEARN_SILENCE_S, SourceLock

SIGNALLED = ("192.0.2.1", 4000)
NATTED = ("198.51.100.7", 61000)
STRANGER = ("203.0.113.9", 999)


def lock_expecting(address: tuple[str, int] | None = SIGNALLED) -> SourceLock:
    lock = SourceLock()
    lock.expect(address)
    return lock


def send(lock: SourceLock, source: tuple[str, int], count: int, first: int = 0, ssrc: int = 1) -> list[bool]:
    return [lock.admit(source, ssrc, first + n & 0xFFFF) for n in range(count)]


def test_nobody_is_heard_before_signalling() -> None:
    lock = SourceLock()
    assert not any(send(lock, NATTED, 50))


def test_signalled_address_is_trusted_at_once() -> None:
    lock = lock_expecting()
    assert lock.admit(SIGNALLED, 1, 1)
    assert lock.locked == SIGNALLED


def test_other_address_is_learned_after_a_probation() -> None:
    lock = lock_expecting()
    heard = send(lock, NATTED, PROBATION_PACKETS, first=65534)
    assert heard == [False] * (PROBATION_PACKETS - 1) + [True]
    assert lock.locked == NATTED


def test_gap_or_other_ssrc_starts_the_probation_anew() -> None:
    lock = lock_expecting()
    send(lock, NATTED, PROBATION_PACKETS - 1)
    assert not lock.admit(NATTED, 1, 500)
    send(lock, NATTED, PROBATION_PACKETS - 2, first=501)
    assert not lock.admit(NATTED, 2, 501 + PROBATION_PACKETS - 2)
    assert lock.locked is None


def test_once_locked_no_other_source_is_heard() -> None:
    lock = lock_expecting()
    lock.admit(SIGNALLED, 1, 1)
    assert not any(send(lock, STRANGER, 100))
    assert lock.locked == SIGNALLED


def test_signalled_address_takes_over_from_a_learned_one() -> None:
    """Who sent first from elsewhere was a stray or an intruder."""
    lock = lock_expecting()
    send(lock, STRANGER, PROBATION_PACKETS)
    assert lock.admit(SIGNALLED, 1, 1)
    assert not lock.admit(STRANGER, 1, 100)


def test_silent_source_can_be_followed_to_another_port() -> None:
    lock = lock_expecting()
    send(lock, NATTED, PROBATION_PACKETS)
    lock.silent_s = RELEARN_SILENCE_S
    moved = (NATTED[0], 61001)
    assert send(lock, moved, PROBATION_PACKETS)[-1]
    assert lock.locked == moved
    assert lock.silent_s == 0


def test_new_signalled_address_is_learned_anew_the_same_keeps_the_lock() -> None:
    lock = lock_expecting()
    send(lock, NATTED, PROBATION_PACKETS)
    lock.expect(SIGNALLED)
    assert lock.locked == NATTED
    lock.expect(("192.0.2.1", 5000))
    assert lock.locked is None
    assert not lock.admit(NATTED, 1, 90)


def test_unusable_address_leaves_only_probation() -> None:
    lock = lock_expecting(None)
    assert send(lock, NATTED, PROBATION_PACKETS)[-1]


def test_flood_of_strangers_does_not_prevent_learning() -> None:
    """One stranger's packet between every two of the peer's, each from another port."""
    lock = lock_expecting()
    heard = []
    for n in range(PROBATION_PACKETS):
        heard.append(lock.admit(NATTED, 1, n))
        lock.admit(("203.0.113.9", 1000 + n), 5, n)
    assert heard[-1]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 2), st.integers(0, 9)), max_size=200))
def test_candidates_are_bounded_and_only_the_locked_is_heard(packets: list[tuple[int, int, int]]) -> None:
    lock = lock_expecting()
    for port, ssrc, sequence in packets:
        source = ("203.0.113.9", port)
        heard = lock.admit(source, ssrc, sequence)
        assert heard == (lock.locked == source)
        assert len(lock._candidates) <= MAX_CANDIDATES
