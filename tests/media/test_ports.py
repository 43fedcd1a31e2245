"""The pool of port pairs."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from ntpd112.media.ports import PortPool

FIRST = 42100


@pytest.fixture
def pool() -> Iterator[PortPool]:
    pool = PortPool(4, "127.0.0.1", FIRST, FIRST + 9, start_at=0, quarantine_s=2.0)
    yield pool
    pool.close()


def take_and_give_back(pool: PortPool, port: int, now: float) -> None:
    pair = pool.take(port)
    assert pair is not None
    pair.close()
    pool.give_back(port, now)


def test_rtp_is_even_and_rtcp_follows(pool: PortPool) -> None:
    ports = pool.bind(2, now=0.0)
    assert ports == [FIRST, FIRST + 2]
    pair = pool.take(FIRST)
    assert pair is not None
    assert [sock.getsockname()[1] for sock in pair] == [FIRST, FIRST + 1]
    pair.close()
    assert pool.take(FIRST) is None


def test_odd_range_uses_whole_pairs_only() -> None:
    pool = PortPool(4, "127.0.0.1", FIRST + 1, FIRST + 6, start_at=0, quarantine_s=0.0)
    assert pool.bind(10, now=0.0) == [FIRST + 2, FIRST + 4]
    pool.close()


def test_exhausted_range_gives_what_it_has(pool: PortPool) -> None:
    assert len(pool.bind(50, now=0.0)) == 5
    assert pool.bind(1, now=0.0) == []
    assert pool.bound == 5


def test_port_given_back_rests_before_it_is_bound_again(pool: PortPool) -> None:
    pool.bind(5, now=0.0)
    take_and_give_back(pool, FIRST + 4, now=10.0)
    assert pool.bind(1, now=11.9) == []
    assert pool.bind(1, now=12.0) == [FIRST + 4]


def test_longest_unused_comes_first(pool: PortPool) -> None:
    take_and_give_back(pool, pool.bind(1, now=0.0)[0], now=0.0)
    assert pool.bind(5, now=100.0) == [FIRST + 2, FIRST + 4, FIRST + 6, FIRST + 8, FIRST]


def test_worker_after_a_lost_one_goes_on_where_that_stopped() -> None:
    pool = PortPool(4, "127.0.0.1", FIRST, FIRST + 9, start_at=FIRST + 4, quarantine_s=0.0)
    assert pool.bind(5, now=0.0) == [FIRST + 6, FIRST + 8, FIRST, FIRST + 2, FIRST + 4]
    pool.close()


@pytest.mark.parametrize("taken", [FIRST, FIRST + 1], ids=["RTP port", "RTCP port"])
def test_pair_that_another_process_holds_is_skipped_and_tried_again(pool: PortPool, taken: int) -> None:
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.bind(("127.0.0.1", taken))
    assert pool.bind(1, now=0.0) == [FIRST + 2]
    other.close()
    assert sorted(pool.bind(5, now=1.0)) == [FIRST, FIRST + 4, FIRST + 6, FIRST + 8]


def test_address_that_is_not_ours_is_an_error() -> None:
    pool = PortPool(4, "192.0.2.1", FIRST, FIRST + 9, start_at=0, quarantine_s=0.0)
    with pytest.raises(OSError, match="assign"):
        pool.bind(1, now=0.0)


def test_ipv6_ports_are_apart_from_ipv4(pool: PortPool) -> None:
    pool.bind(5, now=0.0)
    other = PortPool(6, "::1", FIRST, FIRST + 9, start_at=0, quarantine_s=0.0)
    assert other.bind(1, now=0.0) == [FIRST]
    other.close()


def test_no_more_than_half_a_second_of_voice_waits_to_be_relayed(pool: PortPool) -> None:
    pool.bind(1, now=0.0)
    pair = pool.take(FIRST)
    assert pair is not None
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for _ in range(100):
        sender.sendto(bytes(172), ("127.0.0.1", FIRST))
    waiting = 0
    while True:
        try:
            pair.rtp.recv(200)
        except BlockingIOError:
            break
        waiting += 1
    assert 5 <= waiting <= 25
    sender.close()
    pair.close()
