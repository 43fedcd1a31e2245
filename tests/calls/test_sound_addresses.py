"""By which IP version the caller's sound goes, where SIP goes by another."""

from __future__ import annotations

import pytest
from tests.calls.desk import FLOW, FLOW_6, SDP, Desk

from ntpd112.sip.flow import Flow
from ntpd112.sip.sdp import parse_sdp

SIX = SDP.replace(b"IP4 127.0.0.2", b"IP6 2001:db8::2")
LINE_4 = SDP.replace(b"c=IN IP4 127.0.0.2\r\n", b"") + b"c=IN IP4 127.0.0.2\r\n"


@pytest.mark.parametrize(
    ("flow", "offer", "family"),
    [
        (FLOW, SDP, 4),
        (FLOW_6, SIX, 6),
        (FLOW_6, SDP, 4),
        (FLOW_6, LINE_4, 4),
        (FLOW_6, None, 6),
        (FLOW, SIX, 4),  # the desk has no socket of IPv6
        (FLOW, SDP.replace(b"127.0.0.2", b"media.example"), 4),
    ],
)
def test_the_offer_says_by_which_version_if_we_have_a_socket_of_it(
    flow: Flow, offer: bytes | None, family: int
) -> None:
    desk = Desk()
    desk.call(flow=flow, offer=None if offer is None else parse_sdp(offer), late_offer=offer is None)
    assert desk.media.legs[0].family == family
