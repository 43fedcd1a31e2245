"""Hold and resume, glare, late offers, and what a re-INVITE or UPDATE may not break."""

from __future__ import annotations

import re

import pytest

from ntpd112.sip.events import Ended, MediaChanged
from ntpd112.sip.flow import Outgoing
from ntpd112.sip.message import Request
from ntpd112.sip.modify import ModifiableLeg
from ntpd112.sip.parser import parse
from ntpd112.sip.reply import reply
from ntpd112.sip.sdp import LocalMedia

from .pair import BOB, MEDIA_A, MEDIA_B, Pair, Side, name_of
from .test_leg_calls import BYE, assert_nothing_left, drop_all, drop_first

G729 = b"v=0\r\no=- 9 9 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n"


def established(**options: object) -> tuple[Pair, ModifiableLeg, ModifiableLeg]:
    pair = Pair(**options)  # type: ignore[arg-type]
    mine, theirs = pair.call()
    assert isinstance(mine, ModifiableLeg)
    assert isinstance(theirs, ModifiableLeg)
    pair.take_wire()
    return pair, mine, theirs


def directions(side: Side) -> list[str]:
    return [event.remote.direction for event in side.events if isinstance(event, MediaChanged)]


def with_body(data: bytes, body: bytes) -> bytes:
    """The message with another body."""
    head = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), data.partition(b"\r\n\r\n")[0])
    if body and b"Content-Type" not in head:
        head += b"\r\nContent-Type: application/sdp"
    return head + b"\r\n\r\n" + body


def replace_body(pair: Pair, name: str, body: bytes) -> None:
    """Let what a sends next by that name have another body."""
    core = pair.a.ua.core
    core.outgoing = [
        Outgoing(one.flow, with_body(one.data, body)) if name_of(one.data) == name else one
        for one in core.outgoing
    ]


@pytest.mark.parametrize("holder", ["caller", "called"])
def test_hold_and_resume_by_reinvite(holder: str) -> None:
    pair, mine, theirs = established()
    one, other, held = (mine, theirs, pair.b) if holder == "caller" else (theirs, mine, pair.a)
    assert one.modify(pair.now, direction="sendonly")
    pair.run()
    assert other.remote is not None
    assert other.remote.held
    assert one.modify(pair.now)
    pair.run()
    assert directions(held) == ["sendrecv", "recvonly", "sendrecv"]
    names = [entry.partition(" ")[2] for entry in pair.take_wire()]
    assert names == ["INVITE", "200 INVITE", "ACK"] * 2
    mine.hang_up(pair.now, BYE)
    pair.run()
    assert_nothing_left(pair)


def test_a_change_of_media_raises_the_version_and_keeps_the_session() -> None:
    pair, mine, theirs = established()
    assert mine.modify(pair.now, LocalMedia("192.0.2.1", 4444, session_id=77))
    pair.run()
    assert theirs.remote is not None
    assert theirs.remote.port == 4444
    origins = [line for data in pair.sent for line in data.split(b"\r\n") if line.startswith(b"o=- 11 ")]
    assert origins == [b"o=- 11 1 IN IP4 192.0.2.1", b"o=- 11 2 IN IP4 192.0.2.1"]


def test_a_change_waits_while_another_goes_on() -> None:
    pair, mine, theirs = established()
    assert mine.modify(pair.now, direction="sendonly")
    assert mine.modify(pair.now, LocalMedia("192.0.2.1", 4444), "inactive")
    assert mine.modify(pair.now, direction="recvonly")
    pair.run()
    assert directions(pair.b) == ["sendrecv", "recvonly", "sendonly"]
    assert pair.take_wire() == ["a INVITE", "b 200 INVITE", "a ACK"] * 2
    assert theirs.remote is not None
    assert theirs.remote.port == 4444


def test_a_change_waits_for_a_reinvite_of_the_peer() -> None:
    pair, mine, theirs = established()
    pair.judge = drop_first("ACK")
    assert mine.modify(pair.now, direction="sendonly")
    pair.run()
    assert theirs.modify(pair.now, direction="inactive")
    assert pair.take_wire() == ["a INVITE", "b 200 INVITE", "a ACK!"]
    pair.pass_time(1)
    assert pair.take_wire() == ["b 200 INVITE", "a ACK", "b INVITE", "a 200 INVITE", "b ACK"]
    assert directions(pair.a)[-1] == "inactive"


def test_an_answered_call_may_be_held_before_its_ack_has_come() -> None:
    pair = Pair()
    mine = pair.invite()
    pair.run()
    theirs = pair.b.legs[0]
    theirs.answer(pair.now, MEDIA_B)
    assert theirs.modify(pair.now, direction="sendonly")
    pair.run()
    assert mine.remote is not None
    assert mine.remote.held
    assert pair.b.story() == ["IncomingCall", "MediaChanged", "Established", "MediaChanged"]


def test_a_change_during_the_wait_after_a_glare_is_sent_once_and_says_the_last() -> None:
    pair, mine, theirs = established()
    mine.modify(pair.now, direction="sendonly")
    theirs.modify(pair.now, direction="sendrecv")
    pair.run()
    mine.modify(pair.now, direction="inactive")
    pair.take_wire()
    pair.pass_time(10)
    assert pair.take_wire().count("a INVITE") == 1
    assert directions(pair.b)[-1] == "inactive"


@pytest.mark.parametrize("state", ["calling", "ended"])
def test_a_leg_that_is_not_answered_or_has_ended_cannot_be_changed(state: str) -> None:
    pair = Pair()
    mine = pair.invite()
    pair.run()
    if state == "ended":
        mine.hang_up(pair.now, BYE)
        pair.run()
    assert not mine.modify(pair.now, direction="sendonly")
    assert not pair.b.legs[0].modify(pair.now, direction="sendonly")


@pytest.mark.parametrize("lost", ["INVITE", "200 INVITE", "ACK"])
def test_a_hold_survives_a_lost_message(lost: str) -> None:
    pair, mine, _ = established()
    pair.judge = drop_first(lost)
    mine.modify(pair.now, direction="sendonly")
    pair.pass_time(5)
    assert directions(pair.b) == ["sendrecv", "recvonly"]
    assert pair.b.story().count("Established") == 1
    mine.hang_up(pair.now, BYE)
    pair.run()
    assert_nothing_left(pair)


def test_a_reinvite_whose_200_gets_no_ack_ends_the_call() -> None:
    pair, mine, theirs = established(judge=None)
    pair.judge = drop_all("ACK")
    mine.modify(pair.now, direction="sendonly")
    pair.pass_time(40)
    ended = pair.b.events[-1]
    assert isinstance(ended, Ended)
    assert (ended.leg, ended.by) == (theirs, "lost")
    assert_nothing_left(pair)


def test_glare_is_refused_491_on_both_sides_and_resolved_by_waiting() -> None:
    pair, mine, theirs = established()
    mine.modify(pair.now, direction="sendonly")
    theirs.modify(pair.now, direction="inactive")
    pair.run()
    wire = pair.take_wire()
    assert "a 491 INVITE" in wire
    assert "b 491 INVITE" in wire
    pair.pass_time(10)
    assert mine.remote is not None
    assert theirs.remote is not None
    assert len(directions(pair.a)) == len(directions(pair.b)) == 3
    assert mine.state == theirs.state == "established"
    mine.hang_up(pair.now, BYE)
    pair.run()
    assert_nothing_left(pair)


def test_bye_while_waiting_after_a_glare_ends_everything() -> None:
    pair, mine, theirs = established()
    mine.modify(pair.now, direction="sendonly")
    theirs.modify(pair.now, direction="sendonly")
    pair.run()
    theirs.hang_up(pair.now, BYE)
    pair.run()
    assert_nothing_left(pair)


def test_an_offer_that_cannot_be_met_is_refused_and_the_session_stays() -> None:
    pair, mine, theirs = established()
    before = theirs.remote
    mine.modify(pair.now, direction="sendonly")
    replace_body(pair, "INVITE", G729)
    pair.run()
    assert pair.take_wire() == ["a INVITE", "b 488 INVITE", "a ACK"]
    assert theirs.remote == before
    assert mine.state == theirs.state == "established"
    assert mine.modify(pair.now, direction="sendonly")
    pair.run()
    assert directions(pair.b) == ["sendrecv", "recvonly"]


def test_a_reinvite_without_an_offer_gets_ours_and_the_ack_answers_it() -> None:
    pair, mine, theirs = established()
    mine.modify(pair.now, direction="sendonly")
    replace_body(pair, "INVITE", b"")
    pair.a.ua.core.outgoing = pair.a.ua.core.outgoing[:1]
    (invite,) = pair.a.ua.outgoing()
    pair.b.ua.receive(invite.data, pair.flow_b, pair.now)
    (accepted,) = pair.b.ua.outgoing()
    assert b"m=audio 5000 RTP/AVP 8 0 101" in accepted.data
    answer = G729.replace(b"AVP 18", b"AVP 0").replace(b"4000", b"4002")
    ack = mine._make_ack(mine.dialog, parse(invite.data).cseq[0])  # type: ignore[arg-type]
    pair.b.ua.receive(with_body(ack.data, answer), pair.flow_b, pair.now)
    pair.b.gather()
    assert theirs.remote is not None
    assert (theirs.remote.port, theirs.remote.codec.name) == (4002, "PCMU")
    assert pair.b.story() == ["IncomingCall", "MediaChanged", "Established", "MediaChanged"]


def update(leg: ModifiableLeg, pair: Pair, body: bytes = b"") -> list[int]:
    """The peer's user agent sends UPDATE; the codes it gets."""
    codes: list[int] = []
    assert leg.dialog is not None
    headers = {"content-type": ["application/sdp"]} if body else {}
    leg._request(
        leg.dialog, "UPDATE", headers, lambda response, now: codes.append(response.code), pair.now, body
    )
    pair.run()
    return codes


def offer(direction: str) -> bytes:
    return G729.replace(b"AVP 18", b"AVP 8") + f"a={direction}\r\n".encode()


def test_hold_and_resume_by_update() -> None:
    pair, mine, _ = established()
    assert update(mine, pair, offer("sendonly")) == [200]
    assert update(mine, pair, offer("sendrecv")) == [200]
    assert directions(pair.b) == ["sendrecv", "recvonly", "sendrecv"]
    assert "a ACK" not in pair.wire


def test_update_without_an_offer_changes_nothing() -> None:
    pair, mine, _ = established()
    assert update(mine, pair) == [200]
    assert directions(pair.b) == ["sendrecv"]


def test_update_with_an_offer_meets_our_offer() -> None:
    pair, mine, theirs = established()
    theirs.modify(pair.now, direction="sendonly")
    assert update(mine, pair, offer("sendonly")) == [491]


def test_update_with_an_offer_we_cannot_meet_is_refused() -> None:
    pair, mine, _ = established()
    assert update(mine, pair, G729) == [488]
    assert update(mine, pair, offer("sendonly")[:-5].replace(b"m=audio", b"junk")) == [488]


def test_update_before_the_offer_of_the_invite_is_answered_must_wait() -> None:
    pair = Pair()
    mine = pair.invite()
    pair.run()
    pair.b.legs[0].ring(pair.now)
    pair.run()
    assert isinstance(mine, ModifiableLeg)
    assert update(mine, pair, offer("sendonly")) == [500]
    refusal = next(data for data in pair.sent if name_of(data) == "500 UPDATE")
    assert re.search(rb"Retry-After: \d+\r\n", refusal)


def test_an_invite_that_overlaps_an_unanswered_one_must_wait() -> None:
    pair = Pair()
    mine = pair.invite()
    pair.run()
    pair.b.legs[0].ring(pair.now)
    pair.run()
    assert mine.dialog is not None
    codes: list[int] = []
    mine._request(mine.dialog, "INVITE", {}, lambda response, now: codes.append(response.code), pair.now)
    pair.run()
    assert codes == [500]
    assert pair.b.legs[0].state == "calling"


def test_the_peer_moves_to_another_contact() -> None:
    pair, mine, theirs = established()
    mine.modify(pair.now)
    core = pair.a.ua.core
    core.outgoing = [
        Outgoing(
            one.flow,
            one.data.replace(b"Contact: <sip:ntpd112@192.0.2.1:5060>", b"Contact: <sip:new@192.0.2.1>"),
        )
        for one in core.outgoing
    ]
    pair.run()
    theirs.hang_up(pair.now, BYE)
    assert [one.data.split(b"\r\n")[0] for one in pair.b.ua.outgoing()] == [b"BYE sip:new@192.0.2.1 SIP/2.0"]


def test_a_request_with_an_old_number_is_refused() -> None:
    pair, mine, theirs = established()
    assert mine.dialog is not None
    assert update(mine, pair) == [200]
    mine.dialog.local_seq -= 1
    assert update(mine, pair) == [500]
    assert theirs.state == "established"


@pytest.mark.parametrize("code", [408, 481])
def test_a_peer_that_lost_the_dialog_ends_the_leg(code: int) -> None:
    pair, mine, theirs = established()
    if code == 481:
        theirs._forget()
    else:
        pair.judge = lambda data: "drop" if data.startswith(b"INVITE") else "pass"
    mine.modify(pair.now, direction="sendonly")
    pair.pass_time(40)
    ended = pair.a.events[-1]
    assert isinstance(ended, Ended)
    assert (ended.by, ended.cause.sip_code) == ("lost", code)


# --- late offer


def late_offer(pair: Pair, headers: dict[str, str] | None = None) -> ModifiableLeg:
    """a calls without an offer."""
    mine = pair.invite(headers)
    replace_body(pair, "INVITE", b"")
    pair.run()
    assert isinstance(mine, ModifiableLeg)
    return mine


def test_a_late_offer_is_made_in_200_and_answered_in_ack() -> None:
    pair = Pair()
    late_offer(pair)
    theirs = pair.b.legs[0]
    assert theirs.offer is None
    theirs.answer(pair.now, MEDIA_B)
    (accepted,) = pair.b.ua.outgoing()
    assert b"m=audio 5000 RTP/AVP 8 0 101" in accepted.data
    pair.b.gather()
    assert pair.b.story() == ["IncomingCall"]
    pair.a.ua.receive(accepted.data, pair.flow_a, pair.now)
    replace_body(pair, "ACK", offer("sendrecv"))
    pair.run()
    assert pair.b.story() == ["IncomingCall", "MediaChanged", "Established"]
    assert theirs.remote is not None
    assert theirs.remote.port == MEDIA_A.port


@pytest.mark.parametrize("answer", [b"", G729, b"junk"])
def test_a_late_offer_without_a_usable_answer_ends_the_call(answer: bytes) -> None:
    pair = Pair()
    late_offer(pair)
    pair.b.legs[0].answer(pair.now, MEDIA_B)
    (accepted,) = pair.b.ua.outgoing()
    pair.a.ua.receive(accepted.data, pair.flow_a, pair.now)
    replace_body(pair, "ACK", answer)
    pair.run()
    ended = pair.b.events[-1]
    assert isinstance(ended, Ended)
    assert (ended.by, ended.cause.sip_code) == ("lost", 488)
    assert "b BYE" in pair.wire
    assert_nothing_left(pair)


def test_responses_go_to_the_contact_of_the_invite() -> None:
    pair, _, theirs = established()
    theirs.hang_up(pair.now, BYE)
    (bye,) = pair.b.ua.outgoing()
    assert bye.flow == pair.flow_b
    assert bye.data.startswith(f"BYE sip:ntpd112@{pair.a.address.host}:{BOB.port} ".encode())


# --- a proxy that says 100 to a re-INVITE, and nothing comes after it


def stuck() -> tuple[Pair, ModifiableLeg]:
    """a has asked to hold; a proxy has said 100, and b nothing."""
    pair, mine, _ = established()
    pair.judge = drop_all("INVITE")
    mine.modify(pair.now, direction="sendonly")
    pair.run()
    asked = parse(next(data for data in reversed(pair.sent) if name_of(data) == "INVITE"))
    assert isinstance(asked, Request)
    pair.a.ua.receive(bytes(reply(asked, 100)), pair.flow_a, pair.now)
    pair.run()
    return pair, mine


def test_a_change_that_gets_no_final_answer_is_given_up_and_others_can_follow() -> None:
    pair, mine = stuck()
    pair.pass_time(170)
    mine.modify(pair.now)
    pair.run()
    assert pair.wire[-1] == "a INVITE!", "the first goes on"
    pair.judge = lambda data: "pass"
    pair.pass_time(20)
    assert pair.take_wire()[-3:] == ["a INVITE", "b 200 INVITE", "a ACK"]
    assert mine.state == "established"


def test_nor_does_it_outlive_its_call_for_ever() -> None:
    pair, mine = stuck()
    mine.hang_up(pair.now, BYE)
    pair.run()
    pair.pass_time(200)
    assert_nothing_left(pair)
