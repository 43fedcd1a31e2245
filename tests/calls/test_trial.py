"""Test calls over a trunk: what is written down of them, when they end, and that callers come first."""

from __future__ import annotations

import pytest
from tests.calls.town import AGENT, MAX_CALLS, PBX, POLICE, Town

from ntpd112.calls.trial import MAX_IN_PERIOD, PERIOD_S, RING_S, SILENCE_S
from ntpd112.calls.trial_views import TrialView, UnknownTrial
from ntpd112.calls.views import StateConflict, UnknownTrunk, Unreachable
from ntpd112.media.events import Learned, Quality, Voice
from ntpd112.sip.crypto_attribute import SrtpPolicy
from ntpd112.sip.events import Cause
from ntpd112.sip.flow import Flow
from ntpd112.sip.gateways import Entry
from ntpd112.sip.leg import Leg
from ntpd112.sip.outbound import Outbound, OutboundSpec
from ntpd112.sip.session_policy import SessionPolicy

NUMBER = "02150000000"
GATEWAYS = (f"sip:{PBX.host}", f"sip:{POLICE.host}")
ENTRIES = tuple(Entry(uri, place) for place, uri in enumerate(GATEWAYS))
LISTEN_S = 8.0
WELL = Quality(400, 0, 1.5, 0, 2.0)


class Line:
    """A town whose PBX is a telco's gateway; another gateway is beside it."""

    def __init__(self) -> None:
        self.town = Town()
        self.town.context.outbound = Outbound(self.town.ua, self.town.trunks)
        self.town.context.outbound.configure(
            [OutboundSpec("pbx", ENTRIES, present="0318411112", options_s=0)],
            self.town.now,
        )
        self.id = ""

    def begin(self, to: str = NUMBER, gateway: str = "") -> TrialView:
        view = self.town.centre.trials.begin("pbx", to, gateway, LISTEN_S, "api:rina")
        self.id = view.id
        self.town.run()
        return view

    def view(self) -> TrialView:
        return self.town.centre.trials.trial("pbx", self.id)

    def rung(self) -> Leg:
        """The telco's side of it."""
        (leg,) = self.town.pbx.ringing()
        return leg

    def ring(self, after_s: float = 0.5) -> Leg:
        leg = self.rung()
        self.town.pass_time(after_s)
        leg.ring(self.town.now)
        self.town.run()
        return leg

    def answer(self, leg: Leg) -> None:
        leg.answer(self.town.now, self.town.pbx.local)
        self.town.run()

    def sound_comes(self, host: str = PBX.host, port: int = 4000) -> None:
        (media,) = [leg for leg in self.town.media.legs if not leg.closed]
        media.quality = WELL
        self.town.media.pending += [Learned(media.id, host, port), Voice(media.id, 300)]
        self.town.run()

    def says(self, about: str) -> str:
        return next(f"{one.verdict}: {one.says}" for one in self.view().findings if one.about == about)


@pytest.fixture
def line() -> Line:
    return Line()


def test_a_call_that_is_answered_heard_and_ended_is_fine(line: Line) -> None:
    begun = line.begin()
    assert (begun.state, begun.fine, begun.gateway, begun.way) == (
        "calling",
        None,
        GATEWAYS[0],
        f"udp {PBX.host}:5060",
    )
    leg = line.ring()
    assert line.view().state == "ringing"
    line.answer(leg)
    assert line.view().state == "talking"
    assert line.town.media.legs[0].hears == "beep test-call"
    line.sound_comes()
    line.town.pass_time(LISTEN_S)
    assert leg.state == "ended"
    found = line.view()
    assert (found.state, found.fine) == ("over", True)
    facts = found.facts
    assert (facts.code, facts.codec, facts.dtmf, facts.packets, facts.their_lost) == (
        200,
        "PCMA",
        True,
        400,
        0,
    )
    assert (facts.session_s, facts.refresher, facts.bye_code, facts.ended_by) == (1800, "they", 200, "we")
    assert facts.shown.startswith("sip:0318411112@")
    assert facts.ringing_ms is not None
    assert facts.answered_ms is not None
    assert 500 <= facts.ringing_ms <= facts.answered_ms
    assert line.says("heard") == "fine: speech"


def test_it_is_no_call_of_the_centre_and_takes_one_line_until_its_end(line: Line) -> None:
    line.begin()
    line.answer(line.ring())
    assert line.town.trunk.calls == 1
    assert list(line.town.centre.calls()) == []
    line.town.pass_time(LISTEN_S)
    assert line.town.trunk.calls == 0
    assert line.town.journal == [], "nothing of it is in the journal, so no CDR is made of it"
    assert line.town.media.open_legs() == 0


def test_sound_before_the_answer_and_a_reliable_183_are_noticed(line: Line) -> None:
    line.begin()
    leg = line.rung()
    leg.progress(line.town.now, line.town.pbx.local)
    line.town.run()
    line.sound_comes()
    line.answer(leg)
    line.town.pass_time(LISTEN_S)
    facts = line.view().facts
    assert (facts.early_media, facts.reliable, facts.codec) == (True, True, "PCMA")
    assert "the first before the answer" in line.says("sound from there")


@pytest.mark.parametrize(("theirs", "secured"), [("preferred", True), ("off", False)])
def test_whether_sound_is_secured_is_told(line: Line, theirs: SrtpPolicy, secured: bool) -> None:
    line.town.trunk.policy = SessionPolicy(srtp="preferred")
    (telco,) = line.town.pbx.ua._trunks
    telco.policy = SessionPolicy(srtp=theirs)
    line.begin()
    line.answer(line.ring())
    line.sound_comes()
    line.town.pass_time(LISTEN_S)
    assert bool(line.view().facts.secured) is secured
    assert line.says("SRTP").startswith("fine: AES_CM_128" if secured else "note: plain RTP, though")


def test_a_refusal_is_told_with_its_likely_cause_and_the_telcos_own_words(line: Line) -> None:
    line.begin()
    line.rung().reject(line.town.now, 403, {"reason": 'Q.850;cause=21;text="CLI not allowed"'})
    line.town.run()
    assert line.view().fine is False
    assert line.says("answer").startswith("bad: 403 Forbidden: it refuses us: our source address")
    assert 'It says Reason "Q.850;cause=21;text="CLI not allowed""' in line.says("answer")


def test_what_a_telco_says_changes_no_terminal(line: Line) -> None:
    line.begin()
    colours = {"server": "SBC\x1b[31m", "reason": "Q.850\x1b]0;x\x07", "warning": "399 sbc \x1b[2J"}
    line.rung().reject(line.town.now, 403, colours)
    line.town.run()
    facts = line.view().facts
    said = (facts.agent, facts.reason, facts.warning, line.says("answer"))
    assert all(text and "\x1b" not in text and "\x07" not in text for text in said)


def test_a_gateway_that_says_nothing_at_all_is_given_up_soon(line: Line) -> None:
    line.town.pbx.on = False
    line.begin()
    line.town.pass_time(SILENCE_S)
    assert line.view().state == "over"
    assert line.says("answer").startswith("bad: not one answer, not even 100")


def test_a_number_that_rings_and_rings_is_let_go(line: Line) -> None:
    line.begin()
    leg = line.ring()
    line.town.pass_time(RING_S)
    assert leg.state == "ended"
    assert line.says("answer").startswith("bad: it rang, and nobody picked up")


def test_no_sound_from_there_is_one_way_audio(line: Line) -> None:
    line.begin()
    line.answer(line.ring())
    line.town.media.legs[0].quality = Quality(0, 0, 0.0)
    line.town.pass_time(LISTEN_S)
    assert line.view().fine is False
    assert line.says("sound from there").startswith("bad: not one RTP packet came: a firewall")
    assert line.says("sound to there").startswith("note: it sent no RTCP")


def test_sound_from_another_address_than_the_sdp_says_is_noted(line: Line) -> None:
    line.begin()
    line.answer(line.ring())
    line.sound_comes("203.0.113.9", 4000)
    line.town.pass_time(LISTEN_S)
    assert line.view().fine
    assert line.says("its address").startswith(
        f"note: its SDP says {PBX.host}:4000, sound comes from 203.0.113.9:4000"
    )


def test_a_bye_without_answer_is_bad(line: Line) -> None:
    line.begin()
    line.answer(line.ring())
    line.sound_comes()
    line.town.pbx.on = False
    line.town.pass_time(LISTEN_S + 10)
    assert line.view().state == "over"
    assert line.says("hanging up").startswith("bad: our BYE was not answered")


def test_who_hangs_up_first_is_told(line: Line) -> None:
    line.begin()
    leg = line.ring()
    line.answer(leg)
    line.sound_comes()
    leg.hang_up(line.town.now, Cause(200, 16, "Normal"))
    line.town.run()
    assert line.view().fine
    assert line.says("hanging up").startswith('note: it hung up first (Reason "Normal")')


def test_another_gateway_can_be_chosen_and_no_other_is_asked_then(line: Line) -> None:
    assert line.begin(gateway=GATEWAYS[1]).way == f"udp {POLICE.host}:5060"
    (leg,) = line.town.police.ringing()
    leg.reject(line.town.now, 503)
    line.town.run()
    assert line.view().state == "over"
    assert line.town.pbx.ringing() == []
    assert "no line free" in line.says("answer")


def test_a_gateway_that_is_none_is_named_with_those_there_are(line: Line) -> None:
    with pytest.raises(
        Unreachable, match=r'is no gateway of trunk "pbx": there are sip:192.0.2.1, sip:192.0.2.40'
    ):
        line.begin(gateway="sip:192.0.2.77")


def test_a_gateway_that_we_have_no_socket_for_is_named(line: Line) -> None:
    line.town.ua.set_flow_to(
        lambda transport, remote: Flow("udp", AGENT, remote) if remote.host == PBX.host else None
    )
    with pytest.raises(Unreachable, match=r'no socket of ours leads to gateway "sip:192.0.2.40"'):
        line.begin(gateway=GATEWAYS[1])


def test_a_trunk_in_maintenance_can_be_tested(line: Line) -> None:
    line.town.centre.set_maintenance("pbx", True, "api:rina", "new cable")
    line.begin()
    assert line.rung().state == "calling"


def test_the_last_line_is_for_callers(line: Line) -> None:
    line.town.trunk.calls = MAX_CALLS - 1
    with pytest.raises(Unreachable, match="5 of 6 calls: its last lines are for callers"):
        line.begin()


def test_a_test_call_gives_way_when_the_trunk_fills_up(line: Line) -> None:
    line.begin()
    leg = line.ring()
    line.answer(leg)
    line.town.trunk.calls = MAX_CALLS
    line.town.pass_time(1.5)
    assert leg.state == "ended"
    assert line.says("hanging up") == "bad: given up: the trunk's lines are needed by callers"


def test_one_at_a_time(line: Line) -> None:
    line.begin()
    with pytest.raises(StateConflict, match=r'on trunk "pbx" by api:rina goes on'):
        line.begin()


def test_not_more_than_ten_in_five_minutes(line: Line) -> None:
    for _ in range(MAX_IN_PERIOD):
        line.begin()
        line.rung().reject(line.town.now, 486)
        line.town.run()
    with pytest.raises(StateConflict, match="10 test calls in 5 minutes"):
        line.begin()
    line.town.pass_time(PERIOD_S)
    line.begin()


def test_a_number_of_ours_is_not_rung(line: Line) -> None:
    with pytest.raises(
        Unreachable, match='112 is a number of queue "112": that would ring our own operators'
    ):
        line.begin(to="112")


def test_a_person_can_end_it(line: Line) -> None:
    line.begin()
    leg = line.ring()
    line.town.centre.trials.give_up("pbx", line.id)
    line.town.run()
    assert leg.state == "ended"
    assert line.says("answer").startswith("bad: given up by who asked for it")


def test_when_the_agent_stops_it_ends(line: Line) -> None:
    line.begin()
    leg = line.ring()
    line.answer(leg)
    line.town.control.stop(line.town.now)
    line.town.run()
    assert leg.state == "ended"


def test_a_lost_media_worker_ends_it(line: Line) -> None:
    line.begin()
    leg = line.ring()
    line.answer(leg)
    line.town.media.lose_worker()
    line.town.run()
    assert leg.state == "ended"
    assert "the media worker was lost" in line.says("hanging up")


def test_trunks_and_test_calls_that_are_not_there_are_named(line: Line) -> None:
    with pytest.raises(UnknownTrunk, match='no trunk has the name "telkom"'):
        line.town.centre.trials.begin("telkom", NUMBER, "", LISTEN_S, "api:rina")
    with pytest.raises(UnknownTrial, match='trunk "pbx" has no test call x'):
        line.town.centre.trials.trial("pbx", "x")
