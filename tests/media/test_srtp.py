"""SRTP: what libsrtp makes of packets is what RFC 3711 says, forged and repeated ones go no further, and what
a secured leg is sent is one stream that never repeats a number."""

from __future__ import annotations

import secrets
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.srtp import Book, derived

from ntpd112.media import rtcp, rtp
from ntpd112.media.onestream import OneStream
from ntpd112.media.protocol import Remote, Secured, Suite
from ntpd112.media.srtp import MAX_SSRCS, Inbound, Refused, Srtp

SUITES: tuple[Suite, ...] = ("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32")
OURS, THEIRS, OTHER = bytes(range(30)), bytes(range(30, 60)), bytes(range(60, 90))
SOUND = bytes(range(160))


def packet(sequence: int, ssrc: int = 0xCAFE, timestamp: int = 0) -> bytes:
    return rtp.header(8, sequence, timestamp, ssrc) + SOUND


def srtp(suite: Suite = SUITES[0]) -> Srtp:
    return Srtp(Secured(suite, OURS, THEIRS))


class TestByTheBook:
    def test_session_keys_are_those_of_the_rfcs_example(self) -> None:
        """RFC 3711 B.3."""
        key = bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139")
        salt = bytes.fromhex("0EC675AD498AFEEBB6960B3AABE6")
        assert derived(key, salt, 0, 16).hex().upper() == "C61E7A93744F39EE10734AFE3FF7A087"
        assert derived(key, salt, 2, 14).hex().upper() == "30CBBC08863D8C85D49DB34A9AE1"
        assert derived(key, salt, 1, 20).hex().upper() == "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"

    @pytest.mark.parametrize("suite", SUITES)
    def test_what_we_send_is_read_by_the_book(self, suite: Suite) -> None:
        sent = srtp(suite).protect(packet(7))
        assert SOUND[:16] not in sent
        assert Book(OURS, suite).unprotect(sent)[12:] == SOUND

    @pytest.mark.parametrize("suite", SUITES)
    def test_what_the_book_secures_is_heard(self, suite: Suite) -> None:
        assert srtp(suite).unprotect(Book(THEIRS, suite).protect(packet(7))) == packet(7)

    def test_a_call_that_outlasts_its_sequence_numbers_goes_on(self) -> None:
        """After 22 minutes, in both directions."""
        ours, theirs = srtp(), (Book(THEIRS), Book(THEIRS, wraps=1))
        for sequence in range(0, 0x10000 + 500, 100):
            wraps, low = divmod(sequence, 0x10000)
            assert ours.unprotect(theirs[wraps].protect(packet(low))) == packet(low)
        for sequence in range(0x10000 + 500):
            sent = ours.protect(packet(sequence & 0xFFFF, timestamp=160 * sequence))
        assert Book(OURS, wraps=1).unprotect(sent)[12:] == SOUND

    @given(st.binary(max_size=200))
    def test_junk_is_refused_whatever_it_is(self, junk: bytes) -> None:
        secured = srtp()
        with pytest.raises(Refused):
            secured.unprotect(junk)
        with pytest.raises(Refused):
            secured.unprotect_rtcp(junk)


class TestRefused:
    def test_any_changed_bit(self) -> None:
        secured = srtp()
        good = Book(THEIRS).protect(packet(1))
        for place in range(2, len(good)):
            with pytest.raises(Refused):
                secured.unprotect(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        assert secured.unauthentic == len(good) - 2
        assert secured.unprotect(good) == packet(1)

    def test_another_key(self) -> None:
        secured = srtp()
        with pytest.raises(Refused):
            secured.unprotect(Book(OTHER).protect(packet(1)))
        assert (secured.unauthentic, secured.replayed) == (1, 0)

    def test_a_packet_that_came_before(self) -> None:
        secured = srtp()
        book = Book(THEIRS)
        for number in (1, 3, 2):
            secured.unprotect(book.protect(packet(number)))
        for number in (1, 2, 3):
            with pytest.raises(Refused, match="replay"):
                secured.unprotect(book.protect(packet(number)))
        assert (secured.unauthentic, secured.replayed) == (0, 3)

    def test_a_packet_too_long_to_secure(self) -> None:
        with pytest.raises(Refused, match="too long"):
            srtp().protect(packet(1) + bytes(1_400))

    def test_more_streams_than_a_peer_has_use_for(self) -> None:
        secured, book = srtp(), Book(THEIRS)
        for ssrc in range(MAX_SSRCS):
            secured.unprotect(book.protect(packet(1, ssrc)))
        with pytest.raises(Refused, match="streams"):
            secured.unprotect(book.protect(packet(1, MAX_SSRCS)))
        assert secured.unprotect(book.protect(packet(2, 5))) == packet(2, 5)


class TestRtcp:
    def test_goes_both_ways_on_either_port(self) -> None:
        ours, theirs = srtp(), Srtp(Secured(SUITES[0], THEIRS, OURS))
        report = rtcp.write_report(0xAA, None, None, "somebody")
        assert report[8:] not in (sent := ours.protect_rtcp(report))
        assert theirs.unprotect_rtcp(sent) == report
        assert theirs.unprotect(ours.protect_rtcp(report)) == report


class TestNewKeys:
    def test_the_same_keys_go_on_with_their_counters(self) -> None:
        secured, book = srtp(), Book(THEIRS)
        secured.unprotect(book.protect(packet(1)))
        secured.rekey(Secured(SUITES[0], OURS, THEIRS))
        with pytest.raises(Refused, match="replay"):
            secured.unprotect(book.protect(packet(1)))

    def test_a_new_key_of_the_peer_is_heard_beside_the_old_until_it_is_used(self) -> None:
        secured, old, new = srtp(), Book(THEIRS), Book(OTHER)
        secured.unprotect(old.protect(packet(1)))
        secured.rekey(Secured(SUITES[0], OURS, OTHER))
        assert secured.unprotect(old.protect(packet(2))) == packet(2)
        assert secured.unprotect(new.protect(packet(3))) == packet(3)
        with pytest.raises(Refused):
            secured.unprotect(old.protect(packet(4)))

    def test_a_new_key_of_ours_is_used_at_once_and_the_stream_goes_on(self) -> None:
        secured = srtp()
        first = Book(OURS).unprotect(secured.protect(packet(1)))
        secured.rekey(Secured(SUITES[0], OTHER, THEIRS))
        second = Book(OTHER).unprotect(secured.protect(packet(2)))
        assert number(second) == number(first) + 1
        assert second[8:12] == first[8:12]

    def test_too_short_a_key_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="30 bytes"):
            Inbound(SUITES[0], bytes(29))

    def test_keys_are_never_shown(self) -> None:
        key = secrets.token_bytes(30)
        remote = Remote(1, "127.0.0.1", 1, 2, "PCMA", 8, None, True, Secured(SUITES[0], key, key))
        assert SUITES[0] in repr(remote)
        assert repr(key)[2:-1] not in repr(remote)


def number(data: bytes) -> int:
    return int.from_bytes(data[2:4], "big")


class TestOneStream:
    @given(
        st.lists(
            st.tuples(
                st.integers(1, 3), st.integers(0, 65_535), st.integers(0, 2**32 - 1), st.integers(1, 40)
            ),
            min_size=1,
            max_size=12,
        )
    )
    def test_whoever_speaks_numbers_follow_each_other_and_time_goes_on(
        self, turns: list[tuple[int, int, int, int]]
    ) -> None:
        """Each turn: how much further in the ring of speakers, from which number and timestamp, how many
        packets."""
        now, ssrc = 0.0, 0
        stream = OneStream(lambda: now)
        sent = []
        for further, sequence, timestamp, packets in turns:
            ssrc = (ssrc + further) % 4
            for n in range(packets):
                now += 0.02
                sent.append(stream.renumbered(packet(sequence + n, ssrc, timestamp + 160 * n)))
        heads = [rtp.parse(data) for data in sent]
        assert all(head is not None and head.ssrc == stream.ssrc for head in heads)
        known = [head for head in heads if head is not None]
        for before, after in pairwise(known):
            assert 0 < (after.timestamp - before.timestamp) & 0xFFFFFFFF < 0x80000000
            assert 0 < (after.sequence - before.sequence) & 0xFFFF < 0x8000

    def test_what_was_lost_or_came_late_stays_so(self) -> None:
        stream = OneStream(lambda: 0.0)
        numbers = [number(stream.renumbered(packet(n, timestamp=160 * n))) for n in (10, 11, 14, 13, 15)]
        assert [n - numbers[0] for n in numbers] == [0, 1, 4, 3, 5]

    def test_a_voice_that_comes_back_is_as_much_later_as_it_was_away(self) -> None:
        now = 100.0
        stream = OneStream(lambda: now)
        first = rtp.parse(stream.renumbered(packet(1, ssrc=1)))
        now = 101.0
        stream.renumbered(packet(40_000, ssrc=2))
        now = 110.0
        back = rtp.parse(stream.renumbered(packet(2, ssrc=1, timestamp=160)))
        assert first is not None
        assert back is not None
        assert back.sequence == first.sequence + 2
        assert back.timestamp == (first.timestamp + 10 * 8_000) & 0xFFFFFFFF
