"""The small values of SIP: addresses, Via, and the typed views of a message."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ntpd112.sip.message import Request, Response
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.uri import SipSyntaxError, Uri, split_outside_quotes
from ntpd112.sip.via import Via

from .samples import invite

anything = st.binary(max_size=40).map(lambda data: data.decode("utf-8", "surrogateescape"))


class TestUri:
    @pytest.mark.parametrize(
        ("text", "uri"),
        [
            ("sip:112@192.0.2.10", Uri("sip", "192.0.2.10", "112")),
            ("SIPS:a%20b:secret@h:5061", Uri("sips", "h", "a b", 5061)),
            (
                "sip:[2001:db8::1]:5062;transport=TCP;lr?Subject=x",
                Uri("sip", "2001:db8::1", None, 5062, {"transport": "TCP", "lr": None}, "Subject=x"),
            ),
            ("tel:+62-812;phone-context=x", Uri("tel", user="+62-812", params={"phone-context": "x"})),
            ("urn:service:sos.fire", Uri("urn", user="service:sos.fire")),
        ],
    )
    def test_parsed_and_written_back(self, text: str, uri: Uri) -> None:
        assert Uri.parse(text) == uri
        assert Uri.parse(str(uri)) == uri

    @pytest.mark.parametrize(
        "text", ["", "112", "sip:", "sip:@", "sip:a b@c d", "sip:h:0", "sip:h:x", "sip:[::1", "1 :x"]
    )
    def test_refused_by_name(self, text: str) -> None:
        with pytest.raises(SipSyntaxError):
            Uri.parse(text)

    def test_stray_bytes_in_a_user_are_written_as_they_came(self) -> None:
        """A Contact like this one becomes the Request-URI of our BYE."""
        user = b"B\xfcdi".decode("utf-8", "surrogateescape")
        assert str(Uri("sip", "h", user)) == "sip:B%FCdi@h"

    @pytest.mark.parametrize(
        ("text", "transport"),
        [
            ("sip:h", "udp"),
            ("sips:h", "tls"),
            ("sips:h;transport=tcp", "tls"),
            ("sip:h;transport=TCP", "tcp"),
        ],
    )
    def test_transport(self, text: str, transport: str) -> None:
        assert Uri.parse(text).transport == transport


class TestNameAddr:
    @pytest.mark.parametrize(
        ("text", "address"),
        [
            ("<sip:h>;tag=1", NameAddr(Uri("sip", "h"), params={"tag": "1"})),
            ("sip:h;tag=1", NameAddr(Uri("sip", "h"), params={"tag": "1"})),
            ("Budi S <sip:h;lr>", NameAddr(Uri("sip", "h", params={"lr": None}), "Budi S")),
            ('"a \\"b\\" <c>, d" <sip:h>', NameAddr(Uri("sip", "h"), 'a "b" <c>, d')),
        ],
    )
    def test_parsed_and_written_back(self, text: str, address: NameAddr) -> None:
        assert NameAddr.parse(text) == address
        assert NameAddr.parse(str(address)) == address

    def test_several_in_a_line_and_several_lines(self) -> None:
        found = NameAddr.parse_many(['"a, b" <sip:1@h>, <sip:2@h;x=1,2>', "sip:3@h,"])
        assert [address.uri.user for address in found] == ["1", "2", "3"]

    @pytest.mark.parametrize("text", ["<sip:h", '"a <sip:h>', "", "<>"])
    def test_refused(self, text: str) -> None:
        with pytest.raises(SipSyntaxError):
            NameAddr.parse(text)


class TestVia:
    @pytest.mark.parametrize(
        ("text", "via"),
        [
            ("SIP/2.0/UDP h:5062;branch=z;rport", Via("UDP", "h", 5062, {"branch": "z", "rport": None})),
            ("SIP / 2.0 / tcp  [2001:db8::1]", Via("TCP", "2001:db8::1")),
        ],
    )
    def test_parsed_and_written_back(self, text: str, via: Via) -> None:
        assert Via.parse(text) == via
        assert Via.parse(str(via)) == via

    @pytest.mark.parametrize("text", ["", "SIP/2.0/UDP", "SIP/3.0/UDP h", "SIP/2.0 h", "SIP/2.0/UDP h:x"])
    def test_refused(self, text: str) -> None:
        with pytest.raises(SipSyntaxError):
            Via.parse(text)

    def test_where_it_came_from_is_filled_in(self) -> None:
        asked = Via.parse("SIP/2.0/UDP 10.0.0.1;rport").received_from("198.51.100.7", 5062)
        assert (asked.params["rport"], asked.params["received"]) == ("5062", "198.51.100.7")
        assert Via.parse("SIP/2.0/UDP h").received_from("198.51.100.7", 1).params == {
            "received": "198.51.100.7"
        }
        assert Via.parse("SIP/2.0/UDP 198.51.100.7").received_from("198.51.100.7", 1).params == {}


class TestMessage:
    def test_the_topmost_of_several_vias_in_one_line(self) -> None:
        request = invite()
        request.fields["via"] = ['SIP/2.0/UDP a;x="1,2",SIP/2.0/UDP b', "SIP/2.0/UDP c"]
        assert request.via.host == "a"

    @pytest.mark.parametrize("text", ["1 INVITE", "0001  INVITE", "1\tINVITE"])
    def test_cseq(self, text: str) -> None:
        request = invite()
        request.set("cseq", text)
        assert request.cseq == (1, "INVITE")

    @pytest.mark.parametrize(
        "text", ["INVITE", "1", "-1 INVITE", "2147483648 INVITE", "1 INVITE x", "٣ INVITE"]
    )
    def test_bad_cseq(self, text: str) -> None:
        request = invite()
        request.set("cseq", text)
        with pytest.raises(SipSyntaxError, match="CSeq"):
            _ = request.cseq

    def test_list_headers_as_tokens(self) -> None:
        request = invite("Supported: Timer, 100rel", "Supported: , path")
        assert request.tokens("supported") == ["timer", "100rel", "path"]

    def test_a_star_is_no_contact(self) -> None:
        request = invite()
        request.fields["contact"] = ["*", "<sip:a@h>, sip:b@h"]
        assert [contact.uri.user for contact in request.contacts] == ["a", "b"]

    def test_missing_headers_are_named(self) -> None:
        with pytest.raises(SipSyntaxError, match="CSeq is missing"):
            _ = Request(method="BYE", uri="sip:h").cseq

    def test_written_with_the_length_of_the_body_and_long_names(self) -> None:
        response = Response(code=401, phrase="Unauthorized", body=b"abc")
        response.add("www-authenticate", "one")
        response.add("www-authenticate", "two")
        response.set("p-asserted-identity", "<sip:h>")
        assert bytes(response) == (
            b"SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: one\r\nWWW-Authenticate: two\r\n"
            b"P-Asserted-Identity: <sip:h>\r\nContent-Length: 3\r\n\r\nabc"
        )


def test_what_stands_in_quotes_or_brackets_is_not_split() -> None:
    assert split_outside_quotes('"a,\\",b",<c,d>,e', ",") == ['"a,\\",b"', "<c,d>", "e"]


@settings(max_examples=200, deadline=None)
@given(anything)
@example("\x00\n:")
@example("a:;")
def test_whatever_the_text_only_syntax_errors_come_out_and_what_passes_is_stable(text: str) -> None:
    for kind, value in (
        (Uri, text),
        (Uri, f"sip:{text}"),
        (NameAddr, text),
        (NameAddr, f"<sip:{text}@h>{text}"),
    ):
        try:
            parsed = kind.parse(value)
        except SipSyntaxError:
            continue
        assert str(kind.parse(str(parsed))) == str(parsed)
