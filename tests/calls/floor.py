"""The call centre of `desk.py` with operators who use the keys of their phones, and a way out to citizens."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tests.calls.desk import FLOW, SDP, Desk, FakeLeg, FakeMediaLeg

from ntpd112.config import CallbacksConfig, DestinationConfig
from ntpd112.media.events import PlayEnded
from ntpd112.memory import Callback
from ntpd112.sip.events import Cause, Ended, Established, PhoneCall
from ntpd112.sip.message import Request
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.replaces import Replaces
from ntpd112.sip.sdp import LocalMedia, parse_sdp
from ntpd112.sip.uri import Uri

POLICE = DestinationConfig(name="police", to=["sip:110@192.0.2.9"], numbers=["110"], ring=10.0)
WAY_OUT = "sip:{number}@192.0.2.5"


class Floor(Desk):
    def __init__(self, **queue: Any) -> None:
        super().__init__(also={"destination": [POLICE], "callbacks": {"to": WAY_OUT}}, **queue)
        self.shown: list[NameAddr] = []
        "The caller that each phone that was rung shows."
        self.headers: list[dict[str, str]] = []
        self.dialled: list[Phone] = []
        "Phones of operators that called us."

    def invite(self, target: Any, local: LocalMedia, **kwargs: Any) -> FakeLeg:
        self.shown.append(kwargs["caller"])
        self.headers.append(kwargs["headers"])
        return super().invite(target, local, **kwargs)

    def target_of(self, uri: Uri) -> Any:
        return SimpleNamespace(flow=FLOW, others=(), user=uri.user, uri=uri, line=None)

    def close_way_out(self) -> None:
        config = self.context.config
        self.context.config = config.model_copy(update={"callbacks": CallbacksConfig()})

    # --- what people do

    def dial(
        self, operator: str, number: str, *, late_offer: bool = False, replaces: Replaces | None = None
    ) -> Phone:
        """The operator's phone calls; its ACK comes as soon as it is answered."""
        request = Request(method="INVITE", uri=f"sip:{number}@agent", fields={})
        offer = None if late_offer else parse_sdp(SDP)
        leg = Phone(next(self._ids), inbound=True, offer=offer, user=operator, desk=self)
        self.dialled.append(leg)
        self.happen(PhoneCall(leg, request, operator, replaces))  # type: ignore[arg-type]
        return leg

    def serve(self, operator: str) -> FakeLeg:
        """Somebody calls and this operator, who is free, answers: the caller's leg."""
        caller = self.call()
        self.pick_up(operator)
        return caller

    def hear_out(self, phone: Phone) -> None:
        """The prompts for this phone come to their end."""
        media = self.media_of(phone)
        self.media.pending.append(PlayEnded(media.id, media.hears.split()[-1]))
        self.happen()

    def lose(self, leg: FakeLeg) -> None:
        """The phone is gone without a word."""
        leg.over = True
        self.happen(Ended(leg, "lost", Cause(408, 102)))  # type: ignore[arg-type]

    # --- what the others see

    def media_of(self, phone: Phone) -> FakeMediaLeg:
        """The port that our answer to this phone named."""
        assert phone.local is not None
        return next(leg for leg in self.media.legs if leg.port == phone.local.port)

    def heard(self, phone: Phone) -> str:
        return self.media_of(phone).hears

    def hears(self, operator: str) -> str:
        """What the operator in a call is played; empty: they hear the others."""
        parties = [party for call in self.context.calls.values() for party in call.parties]
        media: Any = next(party.media for party in parties if party.name == operator)
        hears: str = media.hears
        return hears

    def call_media(self, call_id: str) -> tuple[int, int]:
        """Of the caller and of the first who talks with them."""
        call = self.context.calls[call_id]
        return call.media.id, call.parties[0].media.id

    def busy_lines(self) -> set[str]:
        """Operators whose phones hear a prompt of ours, in no call."""
        answered = [phone for phone in self.dialled if phone.local is not None and not phone.over]
        return {phone.user for phone in answered if phone.id not in self.context.legs}

    def callbacks(self) -> list[Callback]:
        return self.context.memory.callbacks.entries(self.context.clock.wall(self.now))


class Phone(FakeLeg):
    """An operator's phone that called us."""

    local: LocalMedia | None = None

    def answer(self, now: float, local: LocalMedia) -> None:
        if self.over:
            return
        self.local = local
        super().answer(now, local)
        assert self.desk is not None
        if self.offer is not None:
            self.desk.sip.append(Established(self))  # type: ignore[arg-type]
