"""The configuration's queues as the ACD takes them."""

from __future__ import annotations

from typing import get_args

import pytest

from ntpd112.app.policies import policy_of, trunk_of
from ntpd112.config import FloodConfig, LadderStep, QueueConfig, ScreeningConfig, ShieldConfig, TrunkConfig
from ntpd112.config import Strategy as Configured
from ntpd112.config.numbering import OutRule
from ntpd112.queue import LadderStep as AcdStep
from ntpd112.queue import QueuePolicy
from ntpd112.queue.model import Strategy
from ntpd112.sip.locate import Service
from ntpd112.sip.names import Names
from ntpd112.sip.outward import Outward
from ntpd112.sip.session_policy import SessionPolicy
from ntpd112.sip.trunks import TrunkSpec

SHIELD = ShieldConfig(longest_wait=45)
FLOOD = FloodConfig(longest_wait=200)


def test_every_key_arrives_as_it_was_written() -> None:
    queue = QueueConfig(
        name="112",
        strategy="progressive",
        ring_timeout=12,
        ring_step=3,
        wrap_up=7,
        decline_pause=2,
        ageing=20,
        max_waiting=30,
        roles=["reserve"],
        ladder=[
            LadderStep(after=10, drop=["english"], include=["reserve"]),
            LadderStep(after=20, any=True),
            LadderStep(after=60, to="police"),
        ],
    )
    assert policy_of(queue, SHIELD, FLOOD) == QueuePolicy(
        name="112",
        strategy="progressive",
        ring_timeout=12,
        ring_step=3,
        wrap_up=7,
        decline_pause=2,
        ageing=20,
        longest_wait=45,
        incident_wait=200,
        max_waiting=30,
        roles=("reserve",),
        ladder=(
            AcdStep(after=10, drop=frozenset({"english"}), include=frozenset({"reserve"})),
            AcdStep(after=20, any=True),
            AcdStep(after=60, to=True),
        ),
    )


def test_a_queue_that_screens_says_itself_how_long_a_quiet_call_waits() -> None:
    queue = QueueConfig(name="112", screening=ScreeningConfig(longest_wait=20))
    assert policy_of(queue, SHIELD, FLOOD).longest_wait == 20


def test_the_configuration_offers_the_strategies_that_the_acd_has() -> None:
    assert get_args(Configured) == get_args(Strategy)


def test_a_trunk_arrives_as_it_was_written() -> None:
    trunk = TrunkConfig(
        name="pbx",
        peers=["10.1.0.5"],
        max_calls=7,
        options=30,
        max_rate=20.0,
        alarm_at=0.5,
        srtp="preferred",
        codecs=["pcmu", "pcma"],
        session_timer=600,
        session_min=120,
        session_refresher="peer",
        reliable_provisional="off",
        early_media="announce",
        ask_silent=False,
    )
    assert trunk_of(trunk, Names()) == TrunkSpec(
        "pbx",
        ["10.1.0.5"],
        max_calls=7,
        options_s=30.0,
        max_rate=20.0,
        alarm_at=0.5,
        policy=SessionPolicy(
            srtp="preferred",
            codecs=("PCMU", "PCMA"),
            session_s=600,
            min_session_s=120,
            refresher="peer",
            reliable="off",
            early_media="announce",
            asks=False,
        ),
    )


RULES = [OutRule(**{"from": "+62*", "to": "0*"}), OutRule(**{"from": "0351110", "to": "110"})]


@pytest.mark.parametrize(
    ("number", "sent"),
    [("+62812345678", "0812345678"), ("0812345678", "0812345678"), ("62812345678", "0812345678"),
     ("0351110", "110"), ("110", "110"), ("+6591234567", "+6591234567")],
)  # fmt: skip
def test_a_rule_for_what_goes_out_fits_the_number_as_given_or_in_e164(number: str, sent: str) -> None:
    outward = trunk_of(
        TrunkConfig(name="t", peers=["10.1.0.5"], numbers_out=RULES, callers_out=RULES), Names()
    ).outward
    assert (outward.called(number), outward.caller(number)) == (sent, sent)


def test_a_trunk_says_how_its_number_is_presented() -> None:
    trunk = TrunkConfig(name="t", peers=["10.1.0.5"], present="112", present_in="asserted", withhold=True)
    assert trunk_of(trunk, Names()).outward == Outward(presented="asserted", withheld=True)


def test_a_trunk_that_says_nothing_has_the_sessions_of_every_peer() -> None:
    assert trunk_of(TrunkConfig(name="pbx", peers=["10.1.0.5"]), Names()).policy == SessionPolicy()


def test_a_peer_s_name_stands_for_the_addresses_it_leads_to_as_far_as_known() -> None:
    names = Names()
    trunk = TrunkConfig(name="pbx", peers=["10.1.0.5", "SBC.telkom.example"])
    assert trunk_of(trunk, names).networks == ["10.1.0.5"]
    names.learn("sbc.telkom.example", (Service("udp", 5060, "sbc1", ("10.2.0.1", "10.1.0.5")),))
    assert trunk_of(trunk, names).networks == ["10.1.0.5", "10.2.0.1"]
