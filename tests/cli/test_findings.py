"""What the descriptions, the addresses and the journal of a call say about its sound, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from ntpd112.cli.descriptions import Media, description_findings, media_of
from ntpd112.cli.sound_findings import sound_findings
from ntpd112.journal.events import MediaProblem, SoundKind
from ntpd112.sip.capture import Captured, Direction

PUBLIC, PRIVATE = "203.0.113.7", "10.0.0.5"
OFFER = "v=0\r\nc=IN IP4 {host}\r\nm=audio {port} RTP/AVP {formats}\r\na=rtpmap:111 opus/48000/2\r\n"


def sdp(host: str = PUBLIC, port: int = 4000, formats: str = "8 0") -> str:
    return OFFER.format(host=host, port=port, formats=formats)


def message(
    first: str,
    *,
    direction: Direction = "in",
    remote: str = PUBLIC,
    body: str = "",
    contact: str = "",
    method: str = "INVITE",
) -> Captured:
    headers = f"Contact: <sip:a@{contact}>\r\n" if contact else ""
    text = f"{first}\r\nCSeq: 1 {method}\r\n{headers}\r\n{body}"
    return Captured(1.0, direction, "udp", "203.0.113.1:5060", f"{remote}:5060", "c", text)


INVITE = "INVITE sip:112@h SIP/2.0"


def pbx(message: Captured) -> str:
    return "pbx"


def test_a_description_is_read_also_out_of_a_multipart_body() -> None:
    multipart = f"--x\r\nContent-Type: application/sdp\r\n\r\n{sdp(formats='8 111 9 101')}\r\n--x--\r\n"
    expected = Media(PUBLIC, 4000, "RTP/AVP", ["PCMA", "opus", "G722", "payload type 101"])
    found = media_of(message(INVITE, body=multipart).message)
    assert found is not None
    assert found._replace(codecs=[name.replace("OPUS", "opus") for name in found.codecs]) == expected


@pytest.mark.parametrize("body", ["", "hello", "v=0\r\nm=audio x y\r\n", "v=0\r\nm=video 4 RTP/AVP 99\r\n"])
def test_of_what_describes_no_sound_nothing_is_said(body: str) -> None:
    assert media_of(message(INVITE, body=body).message) is None
    assert description_findings([message(INVITE, body=body)], pbx) == []


def test_a_codec_mismatch_says_what_was_offered() -> None:
    offer = message(INVITE, body=sdp(formats="18 9"))
    refusal = message("SIP/2.0 488 Not Acceptable Here", direction="out")
    assert description_findings([offer, refusal], pbx) == [
        "no codec in common (488 Not Acceptable Here (INVITE)): pbx offers G729, G722 as RTP/AVP; "
        "G.711 (PCMA, PCMU) has to be allowed"
    ]


def test_who_refuses_g711_wants_it_secured_or_wants_it_plain() -> None:
    offer = message(INVITE, direction="out", body=sdp())
    (told,) = description_findings([offer, message("SIP/2.0 488 No")], pbx)
    assert told.startswith("no agreement on SRTP (488 No (INVITE)): pbx does not take what we offer: PCMA, ")
    keyed = f"{sdp()}a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:****\r\n"
    (told,) = description_findings(
        [message(INVITE, body=keyed), message("SIP/2.0 488 No", direction="out")], pbx
    )
    assert "pbx offers PCMA, PCMU as RTP/AVP with keys; `srtp` of the trunk" in told


def test_that_srtp_is_agreed_on_at_the_second_attempt_is_nothing_unusual() -> None:
    first = message(INVITE, direction="out", body=sdp())
    changed = first.message.replace("CSeq: 1", "CSeq: 2").replace("RTP/AVP", "RTP/SAVP")
    second = replace(first, message=changed)
    assert description_findings([first, message("SIP/2.0 488 No"), second], pbx) == []


def test_an_answer_without_sound_stands_out() -> None:
    answer = message("SIP/2.0 200 OK", body=sdp(port=0))
    assert description_findings([answer], pbx) == ["200 OK (INVITE, SDP) from pbx refuses the sound (port 0)"]


def test_a_private_address_from_outside_means_a_nat_between() -> None:
    sound, requests = description_findings([message(INVITE, body=sdp(PRIVATE), contact=PRIVATE)], pbx)
    assert sound.startswith("SDP of INVITE (SDP) from pbx has the private address 10.0.0.5: a NAT is between")
    assert requests.startswith(
        "Contact of INVITE (SDP) from pbx has the private address 10.0.0.5: our ACK, BYE"
    )


def test_our_own_private_address_told_to_the_outside_asks_for_advertise() -> None:
    answer = message("SIP/2.0 200 OK", direction="out", body=sdp(PRIVATE), contact=f"{PRIVATE}:5060")
    sound, requests = description_findings([answer], pbx)
    assert "set `[media] advertise`" in sound
    assert "set `[sip] advertise`" in requests


@pytest.mark.parametrize("remote", ["192.168.1.4", "[fd00::4]"])
def test_within_the_inside_private_addresses_are_right(remote: str) -> None:
    assert (
        description_findings([message(INVITE, remote=remote, body=sdp(PRIVATE), contact=PRIVATE)], pbx) == []
    )


def test_an_old_hold_is_no_address() -> None:
    assert description_findings([message(INVITE, body=sdp("0.0.0.0"))], pbx) == []


def problem(kind: SoundKind, name: str = "ani") -> MediaProblem:
    return MediaProblem(
        at=2.0,
        call_id="c",
        party="operator" if name else "caller",
        name=name,
        kind=kind,
        for_s=5.0,
        source="198.51.100.9:61000",
        expected="10.0.0.5:4000",
        percent=12,
    )


def test_one_way_audio_is_told_with_the_address_that_the_party_was_given() -> None:
    ours = message(INVITE, direction="out", body=sdp("203.0.113.1", 20010))
    (told,) = sound_findings([problem("one_way")], [ours], lambda message: "ani", "pbx")
    assert told.startswith("one-way audio: not one RTP packet came from ani")
    assert "(our SDP: 203.0.113.1:20010)" in told


def test_of_the_caller_the_trunk_is_named() -> None:
    (told,) = sound_findings([problem("silence", name="")], [], pbx, "telkom")
    assert told.startswith("the sound of telkom stopped")


@pytest.mark.parametrize("kind", get_args(SoundKind))
def test_every_kind_is_told_in_words_of_its_own(kind: SoundKind) -> None:
    (told,) = sound_findings([problem(kind)], [], pbx, "pbx")
    others = [sound_findings([problem(one)], [], pbx, "pbx")[0] for one in get_args(SoundKind) if one != kind]
    assert "ani" in told
    assert told not in others
