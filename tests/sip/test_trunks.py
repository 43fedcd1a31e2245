"""Who may send calls, how many, and who still answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ntpd112.sip import trunks as trunks_module
from ntpd112.sip.events import TrunkState
from ntpd112.sip.liveness import ANSWER_S, RETRY_S
from ntpd112.sip.session_policy import SessionPolicy
from ntpd112.sip.trunks import Trunk, Trunks, TrunkSpec

PBX = TrunkSpec("pbx", ["127.0.0.1", "10.1.0.0/24", "2001:db8::/32"], max_calls=2, options_s=60.0)


def only(trunks: Trunks) -> Trunk:
    [trunk] = trunks
    return trunk


class TestMatch:
    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "10.1.0.0", "10.1.0.255", "2001:db8::5", "::ffff:10.1.0.9"]
    )
    def test_addresses_of_the_trunk(self, host: str) -> None:
        trunk = Trunks([PBX]).match(host)
        assert trunk is not None
        assert trunk.name == "pbx"

    @pytest.mark.parametrize("host", ["127.0.0.2", "10.1.1.0", "2001:db9::5", "pbx", "", "10.1.0", "::1"])
    def test_others(self, host: str) -> None:
        assert Trunks([PBX]).match(host) is None

    def test_the_most_specific_network_wins(self) -> None:
        trunks = Trunks([TrunkSpec("all", ["0.0.0.0/0"], 1), TrunkSpec("one", ["10.0.0.1"], 1)])
        assert [trunk.name for host in ("10.0.0.1", "10.0.0.2") if (trunk := trunks.match(host))] == [
            "one",
            "all",
        ]

    def test_remembered_sources_are_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trunks_module, "MAX_SOURCES", 4)
        trunks = Trunks([PBX])
        for number in range(20):
            trunks.match(f"192.0.2.{number}")
            assert len(trunks._by_host) <= 4

    def test_a_wrong_peer_is_named(self) -> None:
        with pytest.raises(
            ValueError, match=r"trunk 'pbx': peer '10\.1\.0\.0/33' is not an address or network"
        ):
            Trunks([TrunkSpec("pbx", ["10.1.0.0/33"], 1)])


class TestCalls:
    def test_as_many_as_configured(self) -> None:
        trunk = only(Trunks([PBX]))
        assert [trunk.admit(0.0) for _ in range(3)] == [True, True, False]
        assert trunk.calls == 2
        trunk.release()
        assert trunk.admit(0.0)

    def test_releasing_more_than_was_admitted_is_an_error(self) -> None:
        with pytest.raises(RuntimeError, match="trunk 'pbx'"):
            only(Trunks([PBX])).release()


class TestOptions:
    def test_only_single_addresses_are_asked_and_at_once(self) -> None:
        trunks = Trunks([PBX, TrunkSpec("quiet", ["10.2.0.1"], 1, options_s=0.0)])
        assert trunks.next_timer() == 0.0
        assert [peer.host for peer in trunks.due_options(5.0)] == ["127.0.0.1"]
        assert trunks.due_options(5.0) == []
        assert trunks.next_timer() == 5.0 + ANSWER_S

    def test_up_with_the_first_answer(self) -> None:
        trunks = Trunks([PBX])
        assert only(trunks).up is None
        [peer] = trunks.due_options(5.0)
        trunks.options_result(peer, True, 5.1)
        assert trunks.events() == [TrunkState(only(trunks), True, "127.0.0.1 answers OPTIONS")]
        assert trunks.events() == []
        assert trunks.next_timer() == 65.1

    def test_down_after_several_failures_and_up_again(self) -> None:
        trunks = Trunks([PBX])
        [peer] = trunks.due_options(0.0)
        trunks.handle_timer(ANSWER_S)
        assert (trunks.events(), only(trunks).up) == ([], None)
        assert trunks.next_timer() == ANSWER_S + RETRY_S
        assert trunks.due_options(ANSWER_S + RETRY_S) == [peer]
        trunks.options_result(peer, False, 8.0)
        assert trunks.events() == [TrunkState(only(trunks), False, "127.0.0.1 does not answer OPTIONS")]
        assert (only(trunks).up, only(trunks).since) == (False, 8.0)
        assert trunks.due_options(68.0) == [peer]
        trunks.options_result(peer, True, 68.1)
        assert [event.up for event in trunks.events() if isinstance(event, TrunkState)] == [True]

    def test_a_trunk_is_up_while_one_of_its_peers_answers(self) -> None:
        trunks = Trunks([TrunkSpec("two", ["10.0.0.1", "10.0.0.2"], 1)])
        one, two = trunks.due_options(0.0)
        trunks.options_result(one, True, 0.1)
        trunks.handle_timer(ANSWER_S)
        assert trunks.due_options(ANSWER_S + RETRY_S) == [two]
        trunks.options_result(two, False, 7.0)
        assert only(trunks).up is True
        assert len(trunks.events()) == 1


class TestReload:
    def test_calls_and_health_stay_when_only_the_limit_changes(self) -> None:
        trunks = Trunks([PBX])
        trunk = only(trunks)
        trunk.admit(0.0)
        [peer] = trunks.due_options(0.0)
        trunks.options_result(peer, True, 0.1)
        trunks.configure([TrunkSpec("pbx", PBX.networks, max_calls=1, options_s=60.0)])
        assert only(trunks) is trunk
        assert (trunk.calls, trunk.up, trunk.admit(0.0)) == (1, True, False)

    def test_a_trunk_that_is_gone_takes_no_calls_but_ends_those_it_has(self) -> None:
        trunks = Trunks([PBX])
        trunk = only(trunks)
        trunk.admit(0.0)
        [peer] = trunks.due_options(0.0)
        trunks.configure([])
        assert trunks.match("127.0.0.1") is None
        assert trunks.next_timer() is None
        trunks.options_result(peer, True, 1.0)
        trunk.release()
        assert trunk.calls == 0

    def test_changed_peers_are_asked_anew_and_late_results_of_old_ones_do_not_count(self) -> None:
        trunks = Trunks([PBX])
        [old] = trunks.due_options(0.0)
        trunks.configure([TrunkSpec("pbx", ["10.9.9.9"], 2)])
        trunks.options_result(old, True, 1.0)
        assert (trunks.events(), only(trunks).up) == ([], None)
        assert [peer.host for peer in trunks.due_options(1.0)] == ["10.9.9.9"]

    def test_what_its_sessions_are_like_changes_for_the_next_call(self) -> None:
        trunks = Trunks([PBX])
        trunks.configure([replace(PBX, policy=SessionPolicy(codecs=("PCMU",)))])
        assert only(trunks).policy == SessionPolicy(codecs=("PCMU",))


def test_a_peer_that_stays_is_still_known_to_answer_when_another_comes() -> None:
    """A host name leads to one more address."""
    trunks = Trunks([TrunkSpec("pbx", ["10.1.0.1"], 9, options_s=60.0)])
    (peer,) = trunks.due_options(0.0)
    trunks.options_result(peer, True, 1.0)
    trunks.configure([TrunkSpec("pbx", ["10.1.0.1", "10.1.0.2"], 9, options_s=60.0)])
    assert only(trunks).up is True
    assert [one.host for one in trunks.due_options(2.0)] == ["10.1.0.2"]
