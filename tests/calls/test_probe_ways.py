"""Where a trunk is asked: peers, gateways, registrars, each address once; and whether we are registered."""

from __future__ import annotations

from tests.calls.town import PBX, POLICE, Town

from ntpd112.calls.views import TrunkTestView
from ntpd112.sip.account import Account
from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.gateways import Entry
from ntpd112.sip.outbound import Outbound, OutboundSpec


class Telco:
    """A town with the trunk `pbx`, whose peer is the PBX."""

    def __init__(self, spec: OutboundSpec) -> None:
        self.town = Town()
        self.town.ua.set_flow_to(self._flow_to)
        self.town.context.outbound = Outbound(self.town.ua, self.town.trunks)
        self.town.context.outbound.configure([spec], self.town.now)

    def _flow_to(self, transport: str, remote: Address) -> Flow | None:
        """UDP only."""
        return Flow("udp", self.town.pbx.flow.remote, remote) if transport == "udp" else None

    def tested(self, wait_s: float = 0.0) -> TrunkTestView:
        found: list[TrunkTestView] = []
        self.town.centre.test_trunk("pbx", found.append)
        self.town.pass_time(wait_s)
        (view,) = found
        return view


def places(view: TrunkTestView) -> dict[str, list[str]]:
    return {probe.peer: probe.places for probe in view.probes}


def test_a_gateway_that_is_a_peer_too_is_asked_once() -> None:
    gateways = (Entry(f"sip:{PBX.host}"), Entry(f"sip:{POLICE.host}", 1))
    view = Telco(OutboundSpec("pbx", gateways, options_s=0)).tested()
    assert places(view) == {
        f"{PBX.host}:5060": [f"peer {PBX.host}", f"gateway sip:{PBX.host}"],
        f"{POLICE.host}:5060": [f"gateway sip:{POLICE.host}"],
    }
    assert view.fine
    assert view.registration is None


def test_a_gateway_that_is_silent_spoils_it() -> None:
    telco = Telco(OutboundSpec("pbx", (Entry(f"sip:{PBX.host}"), Entry(f"sip:{POLICE.host}")), options_s=0))
    telco.town.police.on = False
    view = telco.tested(wait_s=6.0)
    assert [probe.fine for probe in view.probes] == [True, False]
    assert not view.fine


def test_where_we_register_is_asked_and_whether_we_are_is_told() -> None:
    spec = OutboundSpec("pbx", (), (f"sip:{PBX.host}",), Account("0318411112", "rahasia"), options_s=0)
    telco = Telco(spec)
    telco.town.pass_time(1.0)
    view = telco.tested()
    assert places(view) == {
        f"{PBX.host}:5060": [f"peer {PBX.host}", f"gateway sip:{PBX.host}", f"registrar sip:{PBX.host}"]
    }
    assert view.registration is not None
    assert view.registration.registered is False, "the PBX takes no REGISTER"
    assert view.registration.reason.startswith(f"sip:{PBX.host}: 405")
    assert not view.fine


def test_a_gateway_whose_name_leads_nowhere_is_named() -> None:
    view = Telco(OutboundSpec("pbx", (Entry("sip:sbc.telkom.example"),), options_s=0)).tested()
    lost = view.probes[-1]
    assert (lost.peer, lost.fine) == ("sip:sbc.telkom.example", False)
    assert lost.says == "its name is not resolved: no answer yet"
    assert not view.fine
