"""Emergency INVITEs as IMS and NG112 networks send them, and habits of older elements: none costs a call."""

from __future__ import annotations

import pytest

from .conftest import Stage
from .peers.agent import Json
from .peers.scenario import SDP, answered, hangs_up, invite, is_hung_up, pause, picks_up, sdp

PIDF = """<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"
 xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0" entity="pres:caller">
<tuple id="t1"><status><gp:geopriv><gp:location-info>
<gs:Circle srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>-7.2575 112.7521</gml:pos>
<gs:radius uom="urn:ogc:def:uom:EPSG::9001">50</gs:radius></gs:Circle>
</gp:location-info><gp:usage-rules/></gp:geopriv></status></tuple></presence>
"""
PROVIDER = '<ProviderInfo xmlns="urn:ietf:params:xml:ns:EmergencyCallData:ProviderInfo"/>'


def part(content_type: str, body: str, *headers: str) -> str:
    return "\n".join([f"Content-Type: {content_type}", *headers, "", body])


def multipart(boundary: str, *parts: str) -> str:
    return "".join(f"--{boundary}\n{each}\n" for each in parts) + f"--{boundary}--\n"


def place_call(stage: Stage, body: str, content_type: str, *headers: str) -> tuple[Json, Json]:
    """The live call while its operator talks, and its CDR."""
    agent = stage.agent(op1={})
    stage.sipp_phone(agent, "op1", *picks_up(), *is_hung_up())
    call = invite(body=body, content_type=content_type, headers=headers)
    caller = stage.caller(agent, call, *answered(), pause(1500), *hangs_up())
    caller.start()
    (live,) = agent.wait_for_calls("talking")
    caller.finish()
    (cdr,) = agent.wait_for_cdrs()
    assert cdr["disposition"] == "answered"
    return live, cdr


def test_location_and_additional_data_beside_the_sdp_are_kept_with_the_call(stage: Stage) -> None:
    body = multipart(
        "b1",
        part("application/sdp", SDP),
        part("application/pidf+xml", PIDF, "Content-ID: <loc@telco>"),
        part("application/EmergencyCallData.ProviderInfo+xml", PROVIDER, "Content-ID: <who@telco>"),
    )

    live, _ = place_call(
        stage,
        body,
        "multipart/mixed; boundary=b1",
        "Geolocation: <cid:loc@telco>",
        "P-Access-Network-Info: 3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=5101012345",
    )

    assert live["location"]["latitude"] == pytest.approx(-7.2575)
    assert live["location"]["longitude"] == pytest.approx(112.7521)
    assert "5101012345" in live["access_network"]
    kinds = [kept["content_type"].lower() for kept in live["parts"]]
    assert "application/emergencycalldata.providerinfo+xml" in kinds


def test_sdp_inside_a_nested_multipart_is_found(stage: Stage) -> None:
    inner = multipart("in", part("text/plain", "not this"), part("application/sdp", SDP))
    body = multipart(
        "out",
        part("application/pidf+xml", PIDF),
        part('multipart/alternative; boundary="in"', inner),
    )

    live, _ = place_call(stage, body, 'multipart/mixed; boundary="out"')

    assert live["location"]["latitude"] == pytest.approx(-7.2575)


def test_garbled_location_is_noted_and_the_call_goes_on(stage: Stage) -> None:
    body = multipart("b1", part("application/sdp", SDP), part("application/pidf+xml", PIDF[:200]))

    live, _ = place_call(stage, body, "multipart/mixed; boundary=b1")

    assert live["location"]["error"]


def test_multipart_without_its_last_boundary_still_has_its_sdp(stage: Stage) -> None:
    body = multipart("b1", part("application/pidf+xml", PIDF), part("application/sdp", SDP))

    live, _ = place_call(stage, body.removesuffix("--b1--\n"), "multipart/mixed; boundary=b1")

    assert live["location"]["latitude"] == pytest.approx(-7.2575)


@pytest.mark.parametrize(
    ("call", "caller", "dialled"),
    [
        pytest.param(
            invite(to="urn:service:sos.fire"), "+628123456789", "urn:service:sos.fire", id="service urn in To"
        ),
        pytest.param(
            invite(sender="sip:anonymous@anonymous.invalid", headers=["Privacy: id"]),
            "",
            "112",
            id="anonymous",
        ),
        pytest.param(
            invite(
                sender="sip:anonymous@anonymous.invalid",
                headers=["P-Asserted-Identity: <tel:+62811222333>", "Privacy: id"],
            ),
            "+62811222333",
            "112",
            id="number asserted by the network",
        ),
        pytest.param(
            invite(headers=["Resource-Priority: esnet.0", "Require: strange-extension"]),
            "+628123456789",
            "112",
            id="unknown extension required",
        ),
        pytest.param(
            invite()
            .replace("Contact: <sip:caller@", "m: sip:caller@")
            .replace(";transport=[transport]>", ""),
            "+628123456789",
            "112",
            id="compact Contact without angle brackets",
        ),
        pytest.param(
            invite().replace("Via:", "VIA  :").replace("Call-ID:", "call-id:").replace("CSeq:", "CSEQ:"),
            "+628123456789",
            "112",
            id="odd header case",
        ),
        pytest.param(
            invite(body=sdp().replace("m=audio", "b=AS:80\nm=audio") + "m=video 6002 RTP/AVP 96\n"),
            "+628123456789",
            "112",
            id="video offered too",
        ),
    ],
)
def test_habits_of_networks_do_not_cost_a_call(stage: Stage, call: str, caller: str, dialled: str) -> None:
    agent = stage.agent(op1={})
    stage.sipp_phone(agent, "op1", *picks_up(), *is_hung_up())

    stage.caller(agent, call, *answered(), pause(400), *hangs_up()).run()

    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["disposition"], cdr["caller"], cdr["dialled"]) == ("answered", caller, dialled)


def test_via_without_branch_is_matched_as_rfc_2543_did(stage: Stage) -> None:
    agent = stage.agent(op1={})
    stage.sipp_phone(agent, "op1", *picks_up(), *is_hung_up())
    steps = [invite(), *answered(), pause(400), *hangs_up()]
    old = [step.replace(";branch=z9hG4bK[pid]-[call_number]-", ";old=") for step in steps]

    stage.caller(agent, *old).run()

    (cdr,) = agent.wait_for_cdrs()
    assert cdr["disposition"] == "answered"
