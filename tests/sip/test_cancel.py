"""The answer to a CANCEL belongs to the dialog of its INVITE."""

from __future__ import annotations

import pytest

from ntpd112.sip.events import Cause
from ntpd112.sip.parser import parse

from .pair import MEDIA_B, Pair, name_of


@pytest.mark.parametrize("answered", [False, True], ids=["while ringing", "crossing the 200"])
def test_answers_to_invite_and_cancel_have_one_to_tag(answered: bool) -> None:
    """RFC 3261 §9.2: a caller that takes the tag from the wrong one of two 200s must still find its call."""
    pair = Pair(judge=lambda data: "drop" if name_of(data) == "200 INVITE" else "pass")
    mine = pair.invite()
    pair.run()
    pair.b.legs[0].ring(pair.now)
    pair.run()
    if answered:
        pair.b.legs[0].answer(pair.now, MEDIA_B)
    mine.hang_up(pair.now, Cause(0, 16))
    pair.run()

    answers = [parse(data) for data in pair.sent if data.startswith(b"SIP/2.0") and b"CANCEL\r\n" in data]
    assert [answer.to.tag for answer in answers] == [pair.b.legs[0].local_tag]
