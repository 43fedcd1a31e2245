"""Calls to the telephone network: gateways that ask for a password, refuse, or never answer."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from ntpd112.sip.account import Account
from ntpd112.sip.agent import UaConfig
from ntpd112.sip.events import Answered, Cause, Ended, Failed
from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.leg import Leg
from ntpd112.sip.line import Line
from ntpd112.sip.message import Request
from ntpd112.sip.outward import Outward
from ntpd112.sip.parser import parse
from ntpd112.sip.sdp import LocalMedia
from ntpd112.sip.session_policy import SessionPolicy
from ntpd112.sip.target import Target
from ntpd112.sip.trunks import Trunk
from ntpd112.sip.uac_leg import GATEWAY_S
from ntpd112.sip.uri import Uri

from .pair import ALICE, CALLER, MEDIA_A, MEDIA_B, TICK, Side
from .test_leg_calls import BYE

FIRST, SECOND = Address("192.0.2.5", 5060), Address("192.0.2.6", 5060)
ASKS = 'Digest realm="telco.example", nonce="n1", qop="auth"'


class Telco:
    """a calls through two gateways; `silent` ones get nothing and say nothing."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.a = Side(ALICE, UaConfig(policy=SessionPolicy(session_s=0)))
        self.gateways = {
            where: Side(where, UaConfig(policy=SessionPolicy(session_s=0))) for where in (FIRST, SECOND)
        }
        self.silent: set[Address] = set()
        self.terse: set[Address] = set()
        "Whose provisional responses do not come."
        self.sent: list[tuple[Address, Request]] = []
        "Requests of a, and to whom."
        self.passed: list[tuple[Address, int]] = []
        self.trunk = Trunk("telkom", (ip_network("192.0.2.0/24"),), 60, 0)

    def call(self, account: Account | None = None, **line: Any) -> Leg:
        def passed_over(target: Target, cause: Cause, now: float) -> None:
            self.passed.append((target.flow.remote, cause.sip_code))

        one = Line(self.trunk, passed_over, account, **line)
        first, second = (
            Target(Uri("sip", where.host, "110"), Flow("udp", ALICE, where), pinned=False, line=one)
            for where in (FIRST, SECOND)
        )
        target = Target(first.uri, first.flow, pinned=False, line=one, others=(second,))
        leg = self.a.ua.invite(target, caller=CALLER, local=MEDIA_A, now=self.now)
        self.run()
        return leg

    def run(self) -> None:
        while self._from_a() or any(self._to_a(side) for side in self.gateways.values()):
            self.now += TICK
        self.a.gather()

    def _from_a(self) -> bool:
        out = self.a.ua.outgoing()
        for one in out:
            if not one.data.startswith(b"SIP/2.0"):
                request = parse(one.data)
                assert isinstance(request, Request)
                self.sent.append((one.flow.remote, request))
            if one.flow.remote not in self.silent:
                side = self.gateways[one.flow.remote]
                side.ua.receive(one.data, Flow("udp", one.flow.remote, ALICE), self.now)
                side.gather()
        return bool(out)

    def _to_a(self, side: Side) -> bool:
        out = side.ua.outgoing()
        for one in out:
            lost = side.address in self.terse and one.data.startswith(b"SIP/2.0 1")
            if side.address not in self.silent and not lost:
                self.a.ua.receive(one.data, Flow("udp", ALICE, side.address), self.now)
        return bool(out)

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        agents = [self.a.ua, *(side.ua for side in self.gateways.values())]
        while (
            due := min((t for ua in agents if (t := ua.next_timer()) is not None), default=end + 1)
        ) <= end:
            self.now = max(self.now, due)
            for ua in agents:
                ua.handle_timer(self.now)
            self.run()
        self.now = end

    def leg_at(self, where: Address) -> Leg:
        return self.gateways[where].legs[-1]

    def requests(self, where: Address) -> list[str]:
        return [request.method for there, request in self.sent if there == where]

    def invites(self) -> list[Request]:
        return [request for _, request in self.sent if request.method == "INVITE"]

    def assert_nothing_left(self) -> None:
        self.pass_time(300)
        assert self.a.leaks == (0, 0, 0)
        assert self.trunk.calls == 0


def ask(telco: Telco, code: int = 401, challenge: str = ASKS) -> None:
    header = "www-authenticate" if code == 401 else "proxy-authenticate"
    telco.leg_at(FIRST).reject(telco.now, code, {header: challenge})
    telco.run()


# --- the password


@pytest.mark.parametrize("code", [401, 407])
def test_a_gateway_that_asks_for_a_password_gets_the_same_call_again_with_it(code: int) -> None:
    telco = Telco()
    leg = telco.call(Account("surabaya", "rahasia"))
    ask(telco, code)
    telco.leg_at(FIRST).answer(telco.now, MEDIA_B)
    telco.run()
    assert telco.a.events[-1] == Answered(leg)
    assert telco.requests(FIRST) == ["INVITE", "ACK", "INVITE", "ACK"]
    first, second = telco.invites()
    assert (first.call_id, first.get("from")) == (second.call_id, second.get("from"))
    assert (first.cseq[0], second.cseq[0]) == (1, 2)
    header = "authorization" if code == 401 else "proxy-authorization"
    assert 'username="surabaya"' in (second.get(header) or "")
    assert telco.sent[-1][1].get(header) == second.get(header), "the ACK of the 2xx has it too"


def test_a_wrong_password_fails_the_call_and_says_so() -> None:
    telco = Telco()
    leg = telco.call(Account("surabaya", "salah"))
    ask(telco)
    ask(telco, challenge=ASKS.replace("n1", "n2"))
    failed = telco.a.events[-1]
    assert failed == Failed(leg, Cause(401, 21, 'username "surabaya" or its password is wrong'))
    assert len(telco.invites()) == 2
    telco.assert_nothing_left()


def test_a_gateway_that_asks_whom_we_have_no_account_at_is_not_answered() -> None:
    telco = Telco()
    telco.call()
    ask(telco)
    failed = telco.a.events[-1]
    assert isinstance(failed, Failed)
    assert "set username and password" in failed.cause.text
    telco.assert_nothing_left()


def test_a_bye_that_is_asked_for_a_password_is_sent_again_with_it() -> None:
    telco = Telco()
    leg = telco.call(Account("surabaya", "rahasia"))
    telco.leg_at(FIRST).answer(telco.now, MEDIA_B)
    telco.run()
    leg.hang_up(telco.now, BYE)
    (bye,) = telco.a.ua.outgoing()
    refusal = bye.data.replace(b"\r\n\r\n", f"\r\nProxy-Authenticate: {ASKS}\r\n\r\n".encode())
    refusal = b"SIP/2.0 407 Asks\r\n" + refusal.partition(b"\r\n")[2]
    telco.a.ua.receive(refusal, Flow("udp", ALICE, FIRST), telco.now)
    telco.run()
    again = telco.sent[-1][1]
    assert (again.method, again.get("reason")) == ("BYE", parse(bye.data).get("reason"))
    assert again.get("proxy-authorization")
    assert isinstance(telco.gateways[FIRST].events[-1], Ended)
    telco.assert_nothing_left()


# --- the next gateway


def test_a_gateway_that_never_answers_is_passed_over_and_the_second_takes_the_call() -> None:
    telco = Telco()
    telco.silent = {FIRST}
    leg = telco.call()
    telco.pass_time(GATEWAY_S)
    telco.leg_at(SECOND).answer(telco.now, MEDIA_B)
    telco.run()
    assert telco.a.events[-1] == Answered(leg)
    assert telco.passed == [(FIRST, 408)]
    leg.hang_up(telco.now, BYE)
    telco.assert_nothing_left()


@pytest.mark.parametrize("code", [408, 500, 503])
def test_a_gateway_that_cannot_is_passed_over(code: int) -> None:
    telco = Telco()
    leg = telco.call(Account("surabaya", "rahasia"))
    telco.leg_at(FIRST).ring(telco.now)
    telco.leg_at(FIRST).reject(telco.now, code)
    telco.run()
    assert telco.passed == [(FIRST, code)]
    second = telco.invites()[-1]
    assert second.uri == "sip:110@192.0.2.6"
    assert second.to.uri.host == "192.0.2.6"
    telco.leg_at(SECOND).answer(telco.now, MEDIA_B)
    telco.run()
    assert telco.a.events[-1] == Answered(leg)


@pytest.mark.parametrize("code", [404, 486, 603])
def test_what_the_called_one_says_is_no_matter_of_the_gateway(code: int) -> None:
    telco = Telco()
    telco.call()
    telco.leg_at(FIRST).reject(telco.now, code)
    telco.run()
    failed = telco.a.events[-1]
    assert isinstance(failed, Failed)
    assert failed.cause.sip_code == code
    assert len(telco.invites()) == 1
    telco.assert_nothing_left()


def test_when_no_gateway_takes_the_call_the_last_one_says_why() -> None:
    telco = Telco()
    telco.call()
    telco.leg_at(FIRST).reject(telco.now, 503)
    telco.run()
    telco.leg_at(SECOND).reject(telco.now, 500)
    telco.run()
    failed = telco.a.events[-1]
    assert isinstance(failed, Failed)
    assert failed.cause.sip_code == 500
    telco.assert_nothing_left()


def test_credentials_for_one_gateway_are_not_shown_to_the_next() -> None:
    telco = Telco()
    telco.call(Account("surabaya", "rahasia"))
    ask(telco)
    telco.leg_at(FIRST).reject(telco.now, 503)
    telco.run()
    assert "authorization" not in telco.invites()[-1].fields


def test_a_gateway_that_answers_without_ringing_keeps_the_call() -> None:
    telco = Telco()
    telco.terse = {FIRST}
    leg = telco.call()
    telco.leg_at(FIRST).answer(telco.now, MEDIA_B)
    telco.run()
    assert telco.a.events[-1] == Answered(leg)
    telco.pass_time(60)
    assert telco.requests(SECOND) == []
    leg.hang_up(telco.now, BYE)
    telco.run()
    assert telco.requests(FIRST) == ["INVITE", "ACK", "BYE"]
    telco.assert_nothing_left()


def test_a_gateway_that_wakes_up_late_rings_nobody() -> None:
    telco = Telco()
    telco.silent = {FIRST}
    telco.call()
    late = next(bytes(request) for _, request in telco.sent)
    telco.pass_time(GATEWAY_S)
    telco.silent = set()
    telco.gateways[FIRST].ua.receive(late, Flow("udp", FIRST, ALICE), telco.now)
    telco.gateways[FIRST].gather()
    telco.run()
    assert telco.requests(FIRST)[-2:] == ["CANCEL", "ACK"]
    assert isinstance(telco.gateways[FIRST].events[-1], Ended)


def test_a_gateway_that_answers_late_is_hung_up_on() -> None:
    telco = Telco()
    telco.silent = {FIRST}
    telco.call()
    late = next(bytes(request) for _, request in telco.sent)
    telco.pass_time(GATEWAY_S)
    there = telco.gateways[FIRST]
    there.ua.receive(late, Flow("udp", FIRST, ALICE), telco.now)
    there.gather()
    there.ua.outgoing()  # the 100 is lost
    telco.silent = set()
    there.legs[0].answer(telco.now, MEDIA_B)
    telco.run()
    assert telco.requests(FIRST)[-2:] == ["ACK", "BYE"]
    assert isinstance(there.events[-1], Ended)


def test_a_call_that_was_hung_up_goes_to_no_other_gateway() -> None:
    telco = Telco()
    telco.silent = {FIRST}
    leg = telco.call()
    leg.hang_up(telco.now, BYE)
    telco.assert_nothing_left()
    assert telco.requests(SECOND) == []


def test_that_one_gateway_takes_nothing_but_srtp_is_not_held_against_the_next() -> None:
    telco = Telco()
    for trunk in (telco.trunk, *(side.trunk for side in telco.gateways.values())):
        trunk.policy = SessionPolicy(srtp="preferred", session_s=0)
    leg = telco.call()
    for code in (488, 503):
        telco.leg_at(FIRST).reject(telco.now, code)
        telco.run()
    telco.leg_at(SECOND).answer(telco.now, MEDIA_B)
    telco.run()
    assert telco.a.events[-1] == Answered(leg)
    offered = [b"RTP/SAVP" in invite.body for invite in telco.invites()]
    assert offered == [False, True, False]


# --- the number shown


def test_the_number_to_present_is_in_from_and_asserted() -> None:
    telco = Telco()
    telco.call(present="112", domain="telco.example")
    (invite,) = telco.invites()
    assert str(invite.from_.uri) == "sip:112@telco.example"
    assert invite.get("p-asserted-identity") == "<sip:112@telco.example>"


def test_a_number_that_is_withheld_is_in_the_invite_for_the_telco_alone() -> None:
    telco = Telco()
    telco.trunk.outward = Outward(withheld=True)
    telco.call(present="112", domain="telco.example")
    (invite,) = telco.invites()
    assert str(invite.from_.uri) == "sip:anonymous@anonymous.invalid"
    assert (invite.get("p-asserted-identity"), invite.get("privacy")) == ("<sip:112@telco.example>", "id")


def test_without_one_the_called_see_the_caller() -> None:
    telco = Telco()
    telco.call()
    (invite,) = telco.invites()
    assert invite.from_.uri == CALLER.uri
    assert "p-asserted-identity" not in invite.fields


def test_a_call_of_ours_takes_one_of_the_trunks_lines_until_its_end() -> None:
    telco = Telco()
    leg = telco.call()
    assert telco.trunk.calls == 1
    leg.hang_up(telco.now, BYE)
    telco.assert_nothing_left()


# --- both IP versions

THIRD = Address("2001:db8::7", 5060)
OURS_6 = LocalMedia("2001:db8::1", 4600)


def call_by(telco: Telco, *others: Target) -> None:
    telco.gateways[THIRD] = Side(THIRD, UaConfig(policy=SessionPolicy(session_s=0)))
    line = Line(telco.trunk, lambda target, cause, now: None)
    first = Target(Uri("sip", FIRST.host, "110"), Flow("udp", ALICE, FIRST), pinned=False)
    telco.a.ua.invite(replace(first, line=line, others=others), caller=CALLER, local=MEDIA_A, now=telco.now)
    telco.run()


def at(where: Address, local: LocalMedia | None = None) -> Target:
    return Target(Uri("sip", "telkom.example", "110"), Flow("udp", ALICE, where), pinned=False, local=local)


def test_a_gateway_of_the_other_ip_version_is_offered_media_of_its_own_and_the_next_the_first_again() -> None:
    telco = Telco()
    call_by(telco, at(THIRD, OURS_6), at(SECOND))
    telco.leg_at(FIRST).reject(telco.now, 503)
    telco.run()
    telco.leg_at(THIRD).reject(telco.now, 503)
    telco.run()
    offered = [invite.body.partition(b"c=IN ")[2].partition(b"\r\n")[0] for invite in telco.invites()]
    assert offered == [b"IP4 192.0.2.1", b"IP6 2001:db8::1", b"IP4 192.0.2.1"]
    assert [b"m=audio 4600 " in invite.body for invite in telco.invites()] == [False, True, False]
    telco.leg_at(SECOND).answer(telco.now, MEDIA_B)
    telco.run()
    assert isinstance(telco.a.events[-1], Answered)


def test_a_gateway_of_the_other_ip_version_without_media_is_left_out() -> None:
    telco = Telco()
    call_by(telco, at(THIRD), at(SECOND))
    telco.leg_at(FIRST).reject(telco.now, 503)
    telco.run()
    assert telco.requests(THIRD) == []
    assert telco.requests(SECOND) == ["INVITE"]
