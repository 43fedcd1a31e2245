"""Where the caller is, as IMS networks and handsets say it; and what a garbled location costs: nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntpd112.sip.pidf import MAX_CIVIC, MAX_DEPTH, MAX_ELEMENTS, MAX_TEXT, parse_pidf


def pidf(location: str, beside: str = "", where: str = "tuple") -> bytes:
    """A presence document with this location-info."""
    status, end = ("<status>", "</status>") if where == "tuple" else ("", "")
    return f"""<?xml version="1.0" encoding="UTF-8"?>
      <presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"
         xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:gs="http://www.opengis.net/pidflo/1.0"
         xmlns:gml="http://www.opengis.net/gml" entity="pres:caller@ims.example"
         xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr">
        <{where} id="t1">{status}<gp:geopriv><gp:location-info>{location}</gp:location-info>{beside}
        </gp:geopriv>{end}</{where}>
      </presence>""".encode()


POINT = "<gml:Point srsName='urn:ogc:def:crs:EPSG::4326'><gml:pos>-7.2575 112.7521</gml:pos></gml:Point>"
CIRCLE = "<gs:Circle><gml:pos>-7.2575 112.7521</gml:pos><gs:radius uom='m'>{}</gs:radius></gs:Circle>"
CIVIC = "<ca:civicAddress><ca:country>ID</ca:country><ca:A1>Jawa\n Timur</ca:A1><ca:HNO/></ca:civicAddress>"
SURABAYA = {"latitude": -7.2575, "longitude": 112.7521}


class TestLocations:
    def test_a_point(self) -> None:
        assert parse_pidf(pidf(POINT)) == {"shape": "point", **SURABAYA}

    @pytest.mark.parametrize("where", ["tuple", "dm:device", "dm:person"])
    def test_a_circle_of_a_device_or_person(self, where: str) -> None:
        found = parse_pidf(pidf(CIRCLE.format("50.5"), where=where))
        assert found == {"shape": "circle", **SURABAYA, "radius_m": 50.5}

    def test_an_ellipse_is_within_its_longer_axis(self) -> None:
        found = parse_pidf(
            pidf(
                "<gs:Ellipse><gml:pos>-7.2575 112.7521</gml:pos><gs:semiMajorAxis>300</gs:semiMajorAxis>"
                "<gs:semiMinorAxis>100</gs:semiMinorAxis><gs:orientation>45</gs:orientation></gs:Ellipse>"
            )
        )
        assert found == {"shape": "ellipse", **SURABAYA, "radius_m": 300.0}

    def test_an_arc_band_of_a_cell_is_within_its_outer_radius(self) -> None:
        found = parse_pidf(
            pidf(
                "<gs:ArcBand><gml:pos>-7.2575 112.7521</gml:pos><gs:innerRadius>550</gs:innerRadius>"
                "<gs:outerRadius>1100</gs:outerRadius><gs:startAngle>0</gs:startAngle></gs:ArcBand>"
            )
        )
        assert found["radius_m"] == 1100.0

    def test_three_dimensions(self) -> None:
        found = parse_pidf(
            pidf("<gs:Sphere><gml:pos>-7.2575 112.7521 26.3</gml:pos><gs:radius>9</gs:radius></gs:Sphere>")
        )
        assert found == {"shape": "circle", **SURABAYA, "altitude_m": 26.3, "radius_m": 9.0}

    @pytest.mark.parametrize(
        "ring",
        [
            "<gml:pos>0 100</gml:pos><gml:pos>0 100.01</gml:pos><gml:pos>0.01 100.01</gml:pos>"
            "<gml:pos>0.01 100</gml:pos><gml:pos>0 100</gml:pos>",
            "<gml:posList>0 100 0 100.01 0.01 100.01 0.01 100 0 100</gml:posList>",
            "<gml:posList srsDimension='3'>0 100 5 0 100.01 5 0.01 100.01 5 0.01 100 5</gml:posList>",
        ],
    )
    def test_a_polygon_is_its_middle_and_its_farthest_corner(self, ring: str) -> None:
        found = parse_pidf(
            pidf(
                f"<gml:Polygon><gml:exterior><gml:LinearRing>{ring}</gml:LinearRing></gml:exterior></gml:Polygon>"
            )
        )
        assert (found["latitude"], found["longitude"]) == (0.005, 100.005)
        # half the diagonal of a square of 0.01 degrees, each 111.195 m a thousandth
        assert found["radius_m"] == pytest.approx(786.3, abs=0.2)

    def test_civic_beside_geodetic_with_method_and_time(self) -> None:
        beside = (
            "<gp:method>Cell</gp:method></gp:geopriv></status><timestamp>2026-05-01T10:00:00Z</timestamp>"
        )
        found = parse_pidf(pidf(POINT + CIVIC, beside + "<status><gp:geopriv>"))
        assert found == {
            "shape": "point",
            **SURABAYA,
            "civic": {"country": "ID", "A1": "Jawa Timur"},
            "method": "Cell",
            "timestamp": "2026-05-01T10:00:00Z",
        }

    def test_the_first_of_several_locations_counts(self) -> None:
        """RFC 5491 §3.5: they come in the order of preference."""
        assert parse_pidf(pidf(POINT + CIRCLE.format(5)))["shape"] == "point"

    def test_longitude_first_is_seen_and_put_right(self) -> None:
        found = parse_pidf(pidf(POINT.replace("-7.2575 112.7521", "112.7521 -7.2575")))
        assert found == {"shape": "point", **SURABAYA, "swapped": True}


class TestGarbled:
    @pytest.mark.parametrize(
        ("location", "error"),
        [
            ("", "no location"),
            ("<gml:Point/>", "Point: no position"),
            ("<gml:Point><gml:pos>here</gml:pos></gml:Point>", "could not convert"),
            ("<gml:Point><gml:pos>nan 1</gml:pos></gml:Point>", "not finite"),
            ("<gml:Point><gml:pos>-7</gml:pos></gml:Point>", "neither two nor three"),
            ("<gml:Point><gml:pos>91 181</gml:pos></gml:Point>", "91.0 181.0 is not a latitude"),
            (CIRCLE.format("-5"), "not a number of metres"),
            (CIRCLE.format("wide"), "could not convert"),
        ],
    )
    def test_a_bad_location_says_why(self, location: str, error: str) -> None:
        found = parse_pidf(pidf(location))
        assert error in str(found["error"])
        assert "latitude" not in found

    def test_what_is_good_is_kept_beside_what_is_bad(self) -> None:
        found = parse_pidf(pidf("<gml:Point/>" + CIVIC))
        assert found["civic"] == {"country": "ID", "A1": "Jawa Timur"}
        assert "no position" in str(found["error"])

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"\xff\xfe\x00",
            b"<presence>",
            pidf(POINT)[:-20],
            b"<?xml version='1.0' encoding='rot13'?><a/>",
            b"<?xml version='1.0' encoding='utf-7'?><a/>",
        ],
    )
    def test_not_xml(self, data: bytes) -> None:
        assert str(parse_pidf(data)["error"]).startswith("not a readable PIDF-LO")


class TestHostile:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
    def test_document_types_and_so_entities_are_refused(self, encoding: str) -> None:
        text = """<!DOCTYPE p [<!ENTITY a SYSTEM "file:///etc/hostname"><!ENTITY b "&a;&a;">]><p>&b;</p>"""
        assert "document types" in str(parse_pidf(text.encode(encoding))["error"])

    def test_depth_elements_and_text_are_bounded(self) -> None:
        assert "levels" in str(parse_pidf(b"<a>" * (MAX_DEPTH + 1))["error"])
        assert "elements" in str(parse_pidf(b"<a>" + b"<b/>" * MAX_ELEMENTS)["error"])
        many = "".join(f"<ca:X{i}>{'x' * 999}</ca:X{i}>" for i in range(MAX_CIVIC + 5))
        civic = parse_pidf(pidf(f"<ca:civicAddress>{many}</ca:civicAddress>"))["civic"]
        assert isinstance(civic, dict)
        assert len(civic) == MAX_CIVIC
        assert {len(text) for text in civic.values()} == {MAX_TEXT}


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_comes_a_json_object_comes_out(data: st.DataObject) -> None:
    document = bytearray(pidf(POINT + CIVIC))
    for _ in range(data.draw(st.integers(0, 3))):
        start = data.draw(st.integers(0, len(document)))
        document[start : start + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=10))
    found = parse_pidf(bytes(document))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found.keys() & {"latitude", "civic", "error"}
