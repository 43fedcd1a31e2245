"""Who calls and what was dialled, from what trunks, IMS networks and old exchanges put into an INVITE."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntpd112.sip.identity import MAX_TEXT, Caller, caller_of, dialled_of, normalise_number, sent_of

from .samples import invite

ANONYMOUS = 'From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=f1'


class TestNumbers:
    @pytest.mark.parametrize(
        "text",
        [
            "081234567890",
            "0812-3456-7890",
            "(0812) 3456.7890",
            "6281234567890",
            "+6281234567890",
            "+62 812 3456 7890",
            "+62081234567890",
            "006281234567890",
            "00762 81234567890",
            "tel:+62-812-3456-7890",
            "tel:81234567890;phone-context=+62",
            "081234567890;phone-context=+62",
            "+6281234567890;npdi;rn=+62811",
        ],
    )
    def test_one_mobile_number_in_all_its_forms(self, text: str) -> None:
        assert normalise_number(text) == "+6281234567890"

    @pytest.mark.parametrize(
        ("text", "number"),
        [
            ("0315551234", "+62315551234"),
            ("5551234;phone-context=+6231", "+62315551234"),
            ("+6591234567", "+6591234567"),
            ("006591234567", "+6591234567"),
            ("0086 28 1234 5678", "+862812345678"),
        ],
    )
    def test_landlines_and_abroad(self, text: str, number: str) -> None:
        assert normalise_number(text) == number

    @pytest.mark.parametrize(
        "text", ["112", "110", "1500117", "14045", "08", "62", "62555123", "031112", "00", "01000000"]
    )
    def test_short_codes_and_local_numbers_stay(self, text: str) -> None:
        assert normalise_number(text) == text

    @pytest.mark.parametrize("text", ["+62112", "112;phone-context=+62", "tel:112;phone-context=+6231"])
    def test_a_short_code_written_as_a_global_number(self, text: str) -> None:
        assert normalise_number(text) == "112"

    @pytest.mark.parametrize("text", ["alice", "*123#", "", "+", "urn:service:sos", "0812x", "٠٨١٢٣٤٥٦٧٨"])
    def test_what_is_no_number_stays(self, text: str) -> None:
        assert normalise_number(text) == text

    @settings(max_examples=200, deadline=None)
    @given(st.from_regex(r"\+?[0-9]{0,16}", fullmatch=True))
    def test_a_normal_number_stays_normal(self, text: str) -> None:
        once = normalise_number(text)
        if once.startswith("+"):
            assert normalise_number(once) == once


class TestCaller:
    def test_from(self) -> None:
        assert caller_of(invite()) == Caller("+6281234567890", "Budi")

    @pytest.mark.parametrize(
        "value",
        [
            "<sip:+628111222333@ims.example;user=phone>",
            '"Siti" <tel:+62-811-1222-333>',
            "sip:0811%31222333@ims.example",
            "<sip:08111222333;phone-context=+62@ims.example;user=phone>",
        ],
    )
    def test_the_asserted_identity_goes_before_from(self, value: str) -> None:
        assert caller_of(invite(f"P-Asserted-Identity: {value}")).number == "+628111222333"

    def test_of_two_asserted_identities_the_one_with_a_number_counts(self) -> None:
        caller = caller_of(invite('P-Asserted-Identity: "Siti" <sip:ims.example>, <tel:+628111222333>'))
        assert (caller.number, caller.name) == ("+628111222333", "Siti")

    def test_remote_party_id_of_older_exchanges(self) -> None:
        caller = caller_of(invite('Remote-Party-ID: "S" <sip:08111222333@x>;party=calling', ANONYMOUS))
        assert caller == Caller("+628111222333", "S")

    def test_a_hidden_number_that_came_is_kept(self) -> None:
        """Privacy binds the network towards the called, not towards an emergency service."""
        caller = caller_of(
            invite("Privacy: id;critical", "P-Asserted-Identity: <tel:+628111222333>", ANONYMOUS)
        )
        assert caller == Caller("+628111222333", "")

    @pytest.mark.parametrize(
        "value",
        [
            ANONYMOUS,
            "From: <sip:anonymous@198.51.100.7>;tag=1",
            "From: Unavailable <sip:Unavailable@x>;tag=1",
            "From: <sip:198.51.100.7>;tag=1",
            "From: <sip:restricted@x>;tag=1",
            "From: <sip:caller@anonymous.invalid>;tag=1",
        ],
    )
    def test_anonymous(self, value: str) -> None:
        assert caller_of(invite(value, "Privacy: id")) == Caller("", "", anonymous=True)

    def test_a_user_that_is_no_number_is_shown_as_it_came(self) -> None:
        assert caller_of(invite("From: <sip:desk-3@pbx>;tag=1")).number == "desk-3"

    @pytest.mark.parametrize("value", ["<sip:", "nonsense", '"open <sip:1@x>', ",,,", "<mailto:>"])
    def test_a_garbled_identity_is_passed_over(self, value: str) -> None:
        assert caller_of(invite(f"P-Asserted-Identity: {value}")).number == "+6281234567890"

    def test_stray_bytes_and_control_characters_never_reach_a_display(self) -> None:
        caller = caller_of(invite('From: "B\udcff\x07di" <sip:a%00b@x>;tag=1'))
        assert (caller.name, caller.number) == ("B\ufffd\ufffddi", "a\ufffdb")

    def test_texts_are_bounded(self) -> None:
        caller = caller_of(invite(f'From: "{"n" * 999}" <sip:{"u" * 999}@x>;tag=1'))
        assert (len(caller.name), len(caller.number)) == (MAX_TEXT, MAX_TEXT)


class TestDiverted:
    @pytest.mark.parametrize(
        "header",
        [
            "Diversion: <sip:0315551234@pbx>;reason=unconditional, <sip:0315559999@pbx>;reason=no-answer",
            "History-Info: <sip:0315551234@x?Reason=SIP%3Bcause%3D302>;index=1, <sip:112@x>;index=1.1",
            "History-Info: <sip:0315559999@x>;index=1, <sip:0315551234@x;cause=302>;index=1.1, "
            "<sip:112@x;cause=302>;index=1.1.1",
        ],
    )
    def test_by_whom_last(self, header: str) -> None:
        assert caller_of(invite(header)).diverted_from == "+62315551234"

    @pytest.mark.parametrize(
        "header",
        [
            "X: y",
            "History-Info: <sip:112@x>;index=1",
            "Diversion: <garbled",
            "History-Info: <sip:1@x;cause=302>",
        ],
    )
    def test_by_nobody(self, header: str) -> None:
        assert caller_of(invite(header)).diverted_from == ""


class TestDialled:
    @pytest.mark.parametrize(
        ("uri", "to", "dialled"),
        [
            ("sip:112@192.0.2.10", "<sip:110@192.0.2.10>", "112"),
            ("sip:+62112@192.0.2.10;user=phone", "<sip:112@x>", "112"),
            ("tel:112;phone-context=+62", "<sip:112@x>", "112"),
            ("sip:192.0.2.10", "<sip:112@x>", "112"),
            ("sip:psap@192.0.2.10", "<urn:service:sos>", "urn:service:sos"),
            ("sip:112@192.0.2.10", "URN:Service:SOS.Police", "urn:service:sos.police"),
            ("urn:service:sos.fire", "<sip:112@x>", "urn:service:sos.fire"),
            ("urn:service:sos.fire", "<urn:service:sos>", "urn:service:sos.fire"),
            ("garbled", "<sip:112@x>", "112"),
            ("sip:x", "<sip:y>", ""),
        ],
    )
    def test_number_or_service(self, uri: str, to: str, dialled: str) -> None:
        assert dialled_of(invite(uri=uri, to=to)) == dialled

    @pytest.mark.parametrize(
        ("uri", "sent"),
        [("sip:0217-654-321@x", "0217654321"), ("tel:+62-112;phone-context=+62", "+62112"), ("garbled", "")],
    )
    def test_the_number_as_the_telco_s_people_see_it(self, uri: str, sent: str) -> None:
        assert sent_of(invite(uri=uri)) == sent


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_characters="\r\n"), max_size=60))
def test_whatever_the_headers_hold_nothing_is_raised(text: str) -> None:
    request = invite()
    request.uri = f"sip:{text}@x"
    assert len(sent_of(request)) <= MAX_TEXT
    for name in ("p-asserted-identity", "diversion", "history-info", "remote-party-id"):
        request.fields[name] = [text, f"<sip:{text}@x>"]
    request.uri = text
    for shown in (caller_of(request).number, caller_of(request).diverted_from, dialled_of(request)):
        assert len(shown.encode()) <= MAX_TEXT * 4
