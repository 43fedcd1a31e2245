"""Kamailio as the edge, with the files of `kamailio-config/` and the trunks of its guide: UDP in front, TCP
to the agent, so that it stands in each call's route with two addresses (double Record-Route)."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import time

import pytest

from ntpd112.cli.running import KEY_VARIABLE

from .conftest import CALLER_TONE, OPERATOR_TONE, Stage
from .listening import TALK_S, heard, talk
from .peers.agent import Agent, Json, Settings
from .peers.guides import blocks, placed
from .peers.kamailio import Kamailio, places
from .peers.raw import Raw, header
from .peers.scenario import (
    CALLER,
    SDP,
    ack,
    ack_refusal,
    answered,
    bye,
    cancel,
    expect,
    hangs_up,
    invite,
    is_hung_up,
    pause,
    picks_up,
    request,
    sdp,
)
from .peers.waiting import eventually
from .test_phones import file_for

PAGE = "guides/kamailio.md"
FLOOD = 400
"Requests; pike lets pass 60 in 2 s."
TO_POLICE = '[[queue.ladder]]\nafter = "1s"\nto = "police"\nannounce = ""\n'
POLICE = '[[destination]]\nname = "police"\nkind = "centre"\nto = "trunk:telkom/110"\nring = "30s"\n'


def of_the_guide(stage: Stage) -> str:
    """The trunks, TOML."""
    return placed(blocks(PAGE, "toml")[0], places(stage.net))


def telkom(stage: Stage) -> str:
    return places(stage.net)["198.51.100.5"]


def indosat(stage: Stage) -> str:
    return places(stage.net)["203.0.113.7"]


def messages(agent: Agent, call: str, party: str) -> list[Json]:
    """Of the call with that party, on the agent's side."""
    kept: list[Json] = json.loads(agent.cli("trace", call, "--json"))["messages"]
    return [message for message in kept if message["party"] == party]


def headers(message: Json, name: str) -> list[str]:
    return re.findall(rf"(?im)^{name}: (.*?)\r?$", message["message"])


def requests(kept: list[Json], direction: str) -> set[str]:
    """The methods of the requests that went so."""
    sent = [message["message"].split(" ")[0] for message in kept if message["direction"] == direction]
    return {first for first in sent if not first.startswith("SIP/")}


def passes_the_edge(edge: Kamailio, kept: list[Json]) -> None:
    """Every message, by TCP; and each request of ours within the call has both of the edge's addresses as its
    route, the near one first."""
    assert {message["remote"].partition(":")[0] for message in kept} <= edge.inside
    assert {message["transport"] for message in kept} == {"tcp"}
    for message in kept:
        if message["direction"] == "out" and not message["message"].startswith(("SIP/", "INVITE sip:op")):
            near, far = ",".join(headers(message, "Route")).split(",")
            assert near.split(":")[1].partition(";")[0] in edge.inside
            assert far.split(":")[1].partition(";")[0] == edge.outside.partition(":")[0]


def answers_to(edge: Kamailio, host: str, count: int) -> int:
    """How many of so many OPTIONS from there, in a burst, are answered."""
    stranger = Raw(host, edge.outside)
    for cseq in range(1, count + 1):
        stranger.send(stranger.request("OPTIONS", cseq))
    with contextlib.suppress(AssertionError):
        while True:
            stranger.expect("403 OPTIONS", within_s=1.0)
    stranger.close()
    return len(stranger.seen)


def test_what_is_said_within_a_call_follows_its_route_both_ways(stage: Stage) -> None:
    """The caller's ACK, PRACK, re-INVITE, UPDATE and BYE, and our answers."""
    agent = stage.agent(Settings(sections=of_the_guide(stage), answer="ring"), op1={})
    edge = stage.edge()
    stage.sipp_phone(agent, "op1", *picks_up(after_ms=300), *is_hung_up())
    stage.caller(
        agent,
        invite(headers=["Require: 100rel"]),
        expect(100, optional=True),
        expect(180, contains="Require:.*100rel", keep="RSeq"),
        request("PRACK", cseq=2, headers=["RAck:[$4] 1 INVITE"]),
        expect(200),
        expect(200),
        ack(),
        request("INVITE", cseq=3, body=sdp("sendonly", version=3)),
        expect(100, optional=True),
        expect(200, contains="a=recvonly"),
        ack(cseq=3),
        request("UPDATE", cseq=4, body=sdp("sendrecv", version=4)),
        expect(200, contains="a=sendrecv"),
        pause(200),
        bye(cseq=5),
        expect(200),
        host=telkom(stage),
        target=edge.outside,
    ).run()

    (cdr,) = agent.wait_for_cdrs()
    assert cdr["disposition"] == "answered"
    kept = messages(agent, cdr["id"], "telkom")
    assert requests(kept, "in") == {"INVITE", "PRACK", "ACK", "UPDATE", "BYE"}
    passes_the_edge(edge, kept)


def test_each_telco_is_a_trunk_of_its_own_and_others_are_refused(stage: Stage) -> None:
    """Also while a stranger floods the edge. A CANCEL and a service URN pass, too."""
    agent = stage.agent(Settings(sections=of_the_guide(stage), answer="ring"), op1={})
    edge = stage.edge()
    ringing = [invite(), expect(100), expect(180), cancel(), expect(200), expect(487), ack_refusal()]
    stage.caller(agent, *ringing, host=telkom(stage), target=edge.outside).run()
    stranger = stage.net.host(200)
    stage.caller(agent, invite(), expect(403), ack_refusal(), host=stranger, target=edge.outside).run()
    assert 0 < answers_to(edge, stranger, FLOOD) < FLOOD / 2
    sos = "urn:service:sos"
    called = request(
        "INVITE", cseq=1, uri=sos, to=sos, to_tag=False, branch="invite1", body=SDP, sender=CALLER
    )
    stage.sipp_phone(agent, "op1", *picks_up(), *is_hung_up())
    stage.caller(
        agent, called, *answered(), pause(200), *hangs_up(), host=indosat(stage), target=edge.outside
    ).run()

    urn, cancelled = agent.wait_for_cdrs(2)
    assert (cancelled["trunk"], cancelled["disposition"]) == ("telkom", "abandoned")
    assert (urn["trunk"], urn["disposition"], urn["dialled"]) == ("indosat", "answered", sos)
    passes_the_edge(edge, messages(agent, cancelled["id"], "telkom"))
    assert f"REFUSED: INVITE from {stranger}" in edge.program.log()


def test_without_an_agent_a_telco_is_told_so_and_can_take_its_other_route(stage: Stage) -> None:
    edge = stage.edge()
    telco = Raw(telkom(stage), edge.outside)

    def is_refused(cseq: int) -> None:
        telco.send(telco.request("INVITE", cseq))
        refusal = telco.expect("503 INVITE")
        assert header(refusal, "Retry-After") == "5"
        telco.send(telco.request("ACK", cseq, to=header(refusal, "To")))

    is_refused(1)
    eventually(lambda: edge.agent_states() == ["IP", "IP"], "the edge sees that both are away")
    is_refused(2)
    telco.send(telco.request("OPTIONS", 3))
    telco.expect("503 OPTIONS")
    telco.close()
    assert "NO AGENT TAKES CALLS: INVITE from" in edge.program.log()


def test_without_an_agent_the_pbx_behind_the_edge_rings_the_phones(stage: Stage) -> None:
    edge = stage.edge(pbx=True)
    stage.pbx("op1", telco=places(stage.net)["10.1.0.11"])
    phone = stage.pbx_phone("op1")
    telco = stage.telco(host=telkom(stage))
    telco.dial(f"sip:112@{edge.outside}")
    phone.wait_for_call()
    time.sleep(TALK_S)
    telco.hang_up()
    assert heard(telco) == {OPERATOR_TONE}
    assert heard(phone) == {CALLER_TONE}
    for agent in ("10.1.0.1", "10.1.0.2"):
        said = f"AGENT sip:{places(stage.net)[agent]}:5060;transport=tcp DID NOT TAKE A CALL: 408"
        assert said in edge.program.log()


def test_the_second_agent_takes_calls_while_the_first_stops_and_is_away(stage: Stage) -> None:
    """The operator's phone has an account at each."""
    settings = Settings(sections=of_the_guide(stage))
    first, second = stage.agent(settings, op1={}), stage.second_agent(settings, op1={})
    edge = stage.edge()
    eventually(lambda: edge.agent_states() == ["AP", "AP"], "the edge sees both")

    def call() -> None:
        stage.caller(
            first, invite(), *answered(), pause(100), *hangs_up(), host=telkom(stage), target=edge.outside
        ).run()

    call()
    first.wait_for_cdrs(1)
    held = stage.caller(first, invite(), *answered(), *is_hung_up(), host=telkom(stage), target=edge.outside)
    held.start()
    first.wait_for_calls("waiting")
    os.kill(first.program.pid, signal.SIGTERM)
    call()
    second.wait_for_cdrs(1)
    held.finish()
    first.program.wait(30)
    phone = stage.softphone("op1", file_for(first, "baresip") + file_for(second, "baresip"))
    second.wait_for_operator("op1", "ready")
    telco = stage.telco(host=telkom(stage))
    telco.dial(f"sip:112@{edge.outside}")
    phone.wait_for_ring()
    phone.do("accept")
    second.wait_for_calls("talking")
    time.sleep(TALK_S)
    telco.hang_up()
    assert heard(telco) == {OPERATOR_TONE}
    assert heard(phone) == {CALLER_TONE}
    eventually(lambda: edge.agent_states() == ["IP", "AP"], "the edge sees that the first is away")
    first.start()
    eventually(lambda: edge.agent_states() == ["AP", "AP"], "the edge sees that it is back")
    telco.dial(f"sip:112@{edge.outside}")
    first.wait_for_calls("waiting")
    telco.hang_up()
    first.wait_for_cdrs(3)


@pytest.mark.parametrize("transport", ["udp", "tls"])
def test_a_phone_registered_through_the_edge_is_rung_hangs_up_and_dials_codes(
    stage: Stage, transport: str
) -> None:
    agent = stage.agent(Settings(sections=of_the_guide(stage)), op1={})
    edge = stage.edge(tls=transport == "tls")
    registrar, ca = edge.outside, None
    if transport == "tls":
        registrar, ca = edge.outside.replace(":5060", ":5061"), edge.ca
    phone = stage.operator_phone(agent, "op1", registrar=registrar, transport=transport, ca=ca)
    telco = stage.telco(host=telkom(stage))
    telco.dial(f"sip:112@{edge.outside}")
    talk(agent, telco, phone, ends=phone)
    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["trunk"], cdr["hangup_by"]) == ("telkom", "operator")
    of_telco, of_phone = (messages(agent, cdr["id"], party) for party in ("telkom", "op1"))
    assert (requests(of_telco, "in"), requests(of_telco, "out")) == ({"INVITE", "ACK"}, {"BYE"})
    assert (requests(of_phone, "in"), requests(of_phone, "out")) == ({"BYE"}, {"INVITE", "ACK"})
    passes_the_edge(edge, of_telco)
    passes_the_edge(edge, of_phone)
    phone.dial(f"sip:*11@{registrar};transport={transport}")
    agent.wait_for_operator("op1", "break")


def test_a_call_goes_out_by_the_edge_to_the_telco_and_outlives_the_edge(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kamailio keeps nothing of a call that is up: started again, it still passes on what belongs to one."""
    agent = stage.agent(Settings(queue=TO_POLICE, sections=POLICE + of_the_guide(stage)))
    edge = stage.edge()
    police = stage.telco("110", host=telkom(stage))
    caller = stage.telco(host=indosat(stage))
    caller.dial(f"sip:112@{edge.outside}")
    agent.wait_for_calls("talking")
    time.sleep(TALK_S)
    edge.stop()
    edge.start()
    caller.hang_up()

    assert heard(police) == heard(caller) == {CALLER_TONE}
    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["trunk"], cdr["disposition"], cdr["hangup_by"]) == ("indosat", "overflowed", "caller")
    monkeypatch.setenv(KEY_VARIABLE, agent.key)
    assert "200 OK" in agent.cli("trunk", "test", "telkom")
