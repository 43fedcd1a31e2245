"""Whatever the network does to messages, every leg ends once and nothing is left behind."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from ntpd112.sip.agent import UaConfig
from ntpd112.sip.events import Cause, Ended, Failed, IncomingCall, SipEvent
from ntpd112.sip.leg import Leg
from ntpd112.sip.session_policy import SessionPolicy

from .pair import MEDIA_B, Pair, Side
from .test_agent import PBX, STRANGER, agent, message
from .test_leg_calls import BYE

FATES = st.lists(st.sampled_from(["pass", "pass", "pass", "drop", "twice", "late"]), min_size=1, max_size=40)
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "ring",
                "progress",
                "answer",
                "reject",
                "a hangs up",
                "b hangs up",
                "a holds",
                "b holds",
                "a refers",
                "b tells",
                "b probes",
                "wait",
                "run",
            ]
        ),
        st.sampled_from([0.0, 0.02, 0.7, 5.0, 70.0]),
    ),
    max_size=8,
)
HEADERS = st.sampled_from(
    [None, {"Require": "100rel"}, {"Supported": "timer"}, {"Allow": "INVITE, ACK, BYE"}]
)


DEEDS: dict[str, Callable[[Leg, float], object]] = {
    "ring": lambda leg, now: leg.ring(now),
    "progress": lambda leg, now: leg.progress(now, MEDIA_B),
    "answer": lambda leg, now: leg.answer(now, MEDIA_B),
    "reject": lambda leg, now: leg.reject(now, 486),
    "b hangs up": lambda leg, now: leg.hang_up(now, BYE),
    "b holds": lambda leg, now: leg.modify(now, direction="sendonly"),
    "b tells": lambda leg, now: leg.refer_progress(now, 180 if int(now) % 2 else 200),
    "b probes": lambda leg, now: leg.probe(now),
}


def ends(side: Side) -> list[SipEvent]:
    return [event for event in side.events if isinstance(event, (Ended, Failed))]


def act(pair: Pair, action: str) -> None:
    mine = pair.a.legs[0]
    theirs = pair.b.legs[0] if pair.b.legs else None
    if action == "a hangs up":
        mine.hang_up(pair.now, BYE)
    elif action == "a holds":
        mine.modify(pair.now, direction="sendonly")
    elif action == "a refers" and mine.dialog is not None and theirs is not None:
        theirs.takes_refer = True
        headers = {"refer-to": ["<sip:op2@112.test>"]}
        mine._request(mine.dialog, "REFER", headers, lambda response, now: None, pair.now)
    elif theirs is not None and action in DEEDS:
        DEEDS[action](theirs, pair.now)


POLICIES = st.builds(
    SessionPolicy,
    session_s=st.sampled_from([0, 90]),
    refresher=st.sampled_from(["any", "us", "peer"]),
    reliable=st.sampled_from(["off", "supported", "required"]),
    codecs=st.sampled_from([(), ("PCMA",), ("PCMU", "PCMA")]),
)


@settings(max_examples=120, deadline=None)
@given(FATES, ACTIONS, HEADERS, POLICIES, POLICIES)
def test_every_leg_ends_once_and_nothing_is_left(
    fates: list[str],
    actions: list[tuple[str, float]],
    headers: dict[str, str] | None,
    a: SessionPolicy,
    b: SessionPolicy,
) -> None:
    fate = iter(fates)
    pair = Pair(a=UaConfig(policy=a), b=UaConfig(policy=b), judge=lambda data: next(fate, "pass"))
    pair.invite(headers)
    for action, seconds in actions:
        act(pair, action)
        if action == "run":
            pair.run()
        pair.pass_time(seconds)
    pair.run()
    for leg in (*pair.a.legs, *pair.b.legs):
        leg.hang_up(pair.now, Cause(0))
    pair.settle()
    for side in (pair.a, pair.b):
        assert len(ends(side)) == len(side.legs)
        assert side.leaks == (0, 0, 0)
        assert all(leg.state == "ended" for leg in side.legs)
    assert pair.b.trunk.calls == 0
    for side in (pair.a, pair.b):
        for leg in side.legs:
            own = [event for event in side.events if getattr(event, "leg", None) is leg]
            assert isinstance(own[-1], (Ended, Failed))


@settings(max_examples=60, deadline=None)
@given(FATES)
def test_a_call_over_a_bad_network_is_the_same_on_both_sides(fates: list[str]) -> None:
    """At most a quarter of the messages is lost, so that repetitions make it good."""
    fate = iter(f if f != "drop" or index % 4 == 0 else "pass" for index, f in enumerate(fates))
    pair = Pair(judge=lambda data: next(fate, "pass"))
    mine = pair.invite()
    pair.pass_time(8)
    pair.b.legs[0].answer(pair.now, MEDIA_B)
    pair.pass_time(16)
    assert mine.state == "established"
    assert pair.b.story() == ["IncomingCall", "MediaChanged", "Established"]
    mine.hang_up(pair.now, BYE)
    pair.settle()
    assert pair.b.events[-1] == Ended(pair.b.legs[0], "remote", BYE)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_cut_or_garbled_messages_never_raise_and_leave_no_legs(data: st.DataObject) -> None:
    ua = agent()
    original = bytearray(
        message(data.draw(st.sampled_from(["INVITE", "BYE", "OPTIONS", "CANCEL", "REGISTER"])))
    )
    for _ in range(data.draw(st.integers(0, 8))):
        original[data.draw(st.integers(0, len(original) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(original[: data.draw(st.integers(0, len(original)))])
    for flow in (PBX, STRANGER):
        ua.receive(cut, flow, 0.0)
    for event in ua.events():
        if isinstance(event, IncomingCall):
            event.leg.reject(0.0, 486)
    ua.handle_timer(100.0)
    assert len(ua.core.legs) == len(ua.core.transactions) == 0
