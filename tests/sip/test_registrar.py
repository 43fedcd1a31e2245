"""Operators' phones register, expire, fall silent and come back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ntpd112.sip.bindings import MAX_CONTACTS
from ntpd112.sip.digest import answer_challenge, make_credentials
from ntpd112.sip.events import Registered, SipEvent, UnknownUser, Unregistered
from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.liveness import ANSWER_S, FIRST_S, RETRY_S
from ntpd112.sip.message import Request, Response
from ntpd112.sip.registrar import MAX_UNKNOWN_PER_SECOND, Registrar

from .samples import FLOW, register

REALM = "112.example"
USERS = {user: make_credentials(user, REALM, "rahasia") for user in ("op1", "op2")}
TCP = replace(FLOW, transport="tcp")
OTHER = replace(FLOW, remote=Address("198.51.100.7", 6000))


class Phones:
    """A registrar, and phones that answer its challenges."""

    def __init__(self, keepalive_s: float = 30.0) -> None:
        self.registrar = Registrar(
            REALM, USERS.get, secret=b"s" * 16, min_expires=60, max_expires=600, keepalive_s=keepalive_s
        )
        self.number = 0
        self.now = 0.0

    def authorized(
        self, *headers: str, user: str = "op1", password: str = "rahasia", **others: str
    ) -> Request:
        """A REGISTER with the next CSeq, and credentials for a fresh challenge."""
        self.number += 2
        challenge = self.registrar.receive(register(self.number - 1, user=user), FLOW, self.now)
        text = answer_challenge(
            challenge.all("www-authenticate"),
            method="REGISTER",
            uri="sip:112.example",
            user=user,
            password=password,
            cnonce="c",
        )
        return register(self.number, f"Authorization: {text}", *headers, user=user, **others)

    def register(self, *headers: str, flow: Flow = FLOW, **others: str) -> Response:
        return self.registrar.receive(self.authorized(*headers, **others), flow, self.now)

    def uris(self, user: str = "op1") -> list[str]:
        return [str(binding.uri) for binding in self.registrar.contacts(user)]

    def events(self) -> list[SipEvent]:
        return self.registrar.events()


@pytest.fixture
def phones() -> Phones:
    return Phones()


class TestAuthentication:
    def test_the_first_register_is_challenged(self, phones: Phones) -> None:
        response = phones.registrar.receive(register(1), FLOW, 0.0)
        assert (response.code, len(response.all("www-authenticate"))) == (401, 2)
        assert response.to.tag
        assert phones.events() == []

    def test_a_phone_that_gives_up_on_other_algorithms_is_offered_md5_only(self, phones: Phones) -> None:
        request = register(1, "User-Agent: baresip v1.0.0 (x86_64/Linux)")
        [challenge] = phones.registrar.receive(request, FLOW, 0.0).all("www-authenticate")
        assert "algorithm=MD5," in challenge

    def test_right_credentials_register(self, phones: Phones) -> None:
        response = phones.register("Expires: 300", "User-Agent: baresip")
        assert response.code == 200
        assert response.all("contact") == ["<sip:op1@10.0.0.5:5062>;expires=300"]
        assert phones.events() == [Registered("op1")]
        [binding] = phones.registrar.contacts("op1")
        assert (binding.flow, binding.user_agent, binding.expires_at) == (FLOW, "baresip", 300.0)

    def test_a_wrong_password_is_refused_for_good(self, phones: Phones) -> None:
        assert phones.register(password="salah").code == 403
        assert (phones.events(), phones.uris()) == ([], [])

    def test_an_unknown_user_sees_what_a_known_one_with_a_wrong_password_sees(self, phones: Phones) -> None:
        known = phones.registrar.receive(register(1), FLOW, 0.0)
        unknown = phones.registrar.receive(register(1, user="op9"), FLOW, 0.0)
        assert known.fields.keys() == unknown.fields.keys()
        assert known.code == unknown.code == 401
        assert phones.register(user="op9").code == phones.register(password="salah").code == 403

    def test_an_unknown_user_is_reported_but_not_without_bound(self, phones: Phones) -> None:
        for number in range(50):
            phones.registrar.receive(register(1, user=f"u{number}"), FLOW, 3.5)
        assert phones.events() == [UnknownUser(f"u{number}") for number in range(MAX_UNKNOWN_PER_SECOND)]
        phones.registrar.receive(register(1, user="u99"), FLOW, 4.0)
        assert phones.events() == [UnknownUser("u99")]

    def test_nobody_registers_for_another(self, phones: Phones) -> None:
        request = phones.authorized()
        request.set("to", "<sip:op2@112.example>")
        assert phones.registrar.receive(request, FLOW, 0.0).code == 403

    def test_what_was_overheard_cannot_be_sent_again(self, phones: Phones) -> None:
        request = phones.authorized()
        assert phones.registrar.receive(request, FLOW, 0.0).code == 200
        again = phones.registrar.receive(request, OTHER, 0.0)
        assert again.code == 401
        assert "stale=true" in again.all("www-authenticate")[0]


class TestContacts:
    def test_several_phones_the_latest_first(self, phones: Phones) -> None:
        phones.register(contact="<sip:op1@10.0.0.5>")
        phones.now = 1.0
        response = phones.register(contact="<sip:op1@10.0.0.6>", call_id="r2")
        assert phones.uris() == ["sip:op1@10.0.0.6", "sip:op1@10.0.0.5"]
        assert response.all("contact") == [
            "<sip:op1@10.0.0.6>;expires=600",
            "<sip:op1@10.0.0.5>;expires=599",
        ]
        assert phones.events() == [Registered("op1")]

    def test_one_register_with_several(self, phones: Phones) -> None:
        response = phones.register(contact="<sip:op1@10.0.0.5>;expires=90, sip:op1@10.0.0.6;expires=120")
        assert sorted(response.all("contact")) == [
            "<sip:op1@10.0.0.5>;expires=90",
            "<sip:op1@10.0.0.6>;expires=120",
        ]

    def test_a_refresh_moves_expiry_and_flow(self, phones: Phones) -> None:
        phones.register("Expires: 100")
        phones.now = 50.0
        phones.register("Expires: 100", flow=OTHER)
        [binding] = phones.registrar.contacts("op1")
        assert (binding.expires_at, binding.flow) == (150.0, OTHER)
        assert phones.registrar.user_of_flow(OTHER) == "op1"
        assert phones.registrar.user_of_flow(FLOW) is None
        assert phones.events() == [Registered("op1")]

    def test_an_instance_with_a_new_address_is_the_same_phone(self, phones: Phones) -> None:
        """RFC 5626 §6."""
        tail = ';+sip.instance="<urn:uuid:1>";reg-id=1'
        phones.register(contact=f"<sip:op1@10.0.0.5:4000>{tail}")
        response = phones.register(contact=f"<sip:op1@10.0.0.5:4001>{tail}")
        assert response.all("contact") == [f"<sip:op1@10.0.0.5:4001>{tail};expires=600"]

    def test_one_phone_too_many_drops_the_one_not_heard_of_for_longest(self, phones: Phones) -> None:
        for number in range(MAX_CONTACTS + 1):
            phones.now = float(number)
            phones.register(contact=f"<sip:op1@10.0.0.{number}>", call_id=f"r{number}")
        assert len(phones.uris()) == MAX_CONTACTS
        assert "sip:op1@10.0.0.0" not in phones.uris()

    def test_a_query_changes_nothing(self, phones: Phones) -> None:
        phones.register()
        request = phones.authorized()
        del request.fields["contact"]
        response = phones.registrar.receive(request, FLOW, 10.0)
        assert response.all("contact") == ["<sip:op1@10.0.0.5:5062>;expires=590"]


class TestExpires:
    @pytest.mark.parametrize(
        ("header", "contact", "seconds"),
        [
            ("Expires: 90", "<sip:a@b>", 90),
            ("Expires: 90", "<sip:a@b>;expires=120", 120),
            ("X: y", "<sip:a@b>", 600),
            ("Expires: 99999", "<sip:a@b>", 600),
            ("Expires: " + "9" * 5000, "<sip:a@b>", 600),
            ("Expires: soon", "<sip:a@b>", 600),
            ("Expires: -1", "<sip:a@b>", 600),
        ],
    )
    def test_what_is_granted(self, phones: Phones, header: str, contact: str, seconds: int) -> None:
        assert phones.register(header, contact=contact).all("contact") == [f"<sip:a@b>;expires={seconds}"]

    def test_too_short_is_refused_with_the_minimum(self, phones: Phones) -> None:
        response = phones.register("Expires: 59")
        assert (response.code, response.get("min-expires")) == (423, "60")
        assert phones.uris() == []

    def test_at_its_end_the_phone_is_gone(self, phones: Phones) -> None:
        phones = Phones(keepalive_s=0.0)
        phones.register("Expires: 100")
        assert phones.registrar.next_timer() == 100.0
        phones.registrar.handle_timer(99.9)
        assert phones.uris() == ["sip:op1@10.0.0.5:5062"]
        phones.registrar.handle_timer(100.0)
        assert phones.events() == [Registered("op1"), Unregistered("op1", "expired")]
        assert (phones.uris(), phones.registrar.next_timer()) == ([], None)

    def test_zero_removes_one(self, phones: Phones) -> None:
        phones.register(contact="<sip:op1@10.0.0.5>")
        phones.register(contact="<sip:op1@10.0.0.6>")
        phones.register(contact="<sip:op1@10.0.0.5>;expires=0")
        assert phones.uris() == ["sip:op1@10.0.0.6"]
        phones.register("Expires: 0", contact="<sip:op1@10.0.0.6>")
        assert phones.events() == [Registered("op1"), Unregistered("op1", "removed")]

    def test_zero_for_what_is_not_there(self, phones: Phones) -> None:
        assert phones.register("Expires: 0").code == 200
        assert phones.events() == []

    def test_a_star_removes_all(self, phones: Phones) -> None:
        phones.register(contact="<sip:op1@10.0.0.5>, <sip:op1@10.0.0.6>")
        assert phones.register("Expires: 0", contact="*").all("contact") == []
        assert phones.events() == [Registered("op1"), Unregistered("op1", "removed")]

    def test_removed_by_the_directory(self, phones: Phones) -> None:
        phones.register()
        phones.registrar.remove_user("op1")
        assert phones.events() == [Registered("op1"), Unregistered("op1", "removed")]
        assert phones.registrar.user_of_flow(FLOW) is None


class TestRefused:
    @pytest.mark.parametrize(
        ("headers", "contact", "reason"),
        [
            (["Expires: 60"], "*", "needs Expires: 0"),
            (["Expires: 0"], "*, <sip:a@b>", "no other Contact"),
            ([], "<sip:a@b", "'<' without '>'"),
            ([], "<mailto:a@b>", "not a SIP address"),
            ([], ", ".join(f"<sip:a@b{n}>" for n in range(MAX_CONTACTS + 1)), "9 Contacts, more than 8"),
            (["Path: " + ", ".join(["<sip:p>"] * 17)], "<sip:a@b>", "17 Path values"),
        ],
    )
    def test_malformed(self, phones: Phones, headers: list[str], contact: str, reason: str) -> None:
        response = phones.register(*headers, contact=contact)
        assert response.code == 400
        assert reason in response.phrase
        assert phones.events() == []

    def test_a_late_register_does_not_undo_a_newer_one(self, phones: Phones) -> None:
        late = phones.authorized("Expires: 0")
        phones.register()
        response = phones.registrar.receive(late, FLOW, 0.0)
        assert (response.code, response.phrase) == (400, "CSeq 2 is not above 4, which was seen before")
        assert phones.uris() == ["sip:op1@10.0.0.5:5062"]

    def test_an_extension_we_do_not_know(self, phones: Phones) -> None:
        response = phones.registrar.receive(register(1, "Require: path, gruu"), FLOW, 0.0)
        assert (response.code, response.get("unsupported")) == (420, "gruu")


class TestPath:
    def test_requests_go_by_the_proxy(self, phones: Phones) -> None:
        path = ["<sip:edge.example;lr>", "<sip:inner.example;lr>"]
        response = phones.register("Path: " + ", ".join(path))
        assert response.get("path") == ", ".join(path)
        [binding] = phones.registrar.contacts("op1")
        assert [str(one) for one in binding.target.route] == path
        assert (str(binding.target.uri), binding.target.flow) == ("sip:op1@10.0.0.5:5062", FLOW)

    def test_a_proxys_flow_says_nothing_about_the_user(self, phones: Phones) -> None:
        phones.register("Path: <sip:edge.example;lr>")
        assert phones.registrar.user_of_flow(FLOW) is None


class TestKeepAlive:
    def test_a_phone_that_answers_stays(self, phones: Phones) -> None:
        phones.register()
        assert phones.registrar.next_timer() == FIRST_S
        assert phones.registrar.due_keepalives(0.9) == []
        [binding] = phones.registrar.due_keepalives(FIRST_S)
        assert phones.registrar.due_keepalives(FIRST_S) == []
        phones.registrar.keepalive_result(binding, True, 1.2)
        assert phones.registrar.due_keepalives(31.1) == []
        assert phones.registrar.due_keepalives(31.2) == [binding]

    def register_and_answer(self, phones: Phones) -> None:
        """A phone that is known to answer questions; the next is due 30 s after this one."""
        phones.register()
        for binding in phones.registrar.due_keepalives(FIRST_S):
            phones.registrar.keepalive_result(binding, True, FIRST_S)

    def test_a_phone_that_falls_silent_takes_its_operator_out(self, phones: Phones) -> None:
        self.register_and_answer(phones)
        asked = FIRST_S + 30.0
        [binding] = phones.registrar.due_keepalives(asked)
        asked_again = asked + ANSWER_S + RETRY_S
        phones.registrar.handle_timer(asked + ANSWER_S)
        assert phones.registrar.due_keepalives(asked_again) == [binding]
        phones.registrar.handle_timer(asked_again + ANSWER_S)
        assert phones.events() == [Registered("op1"), Unregistered("op1", "unreachable")]
        assert phones.registrar.contacts("op1") == []
        assert phones.registrar.bindings("op1") == [binding]

    def silence(self, phones: Phones) -> None:
        """Time passes and no question is answered."""
        while phones.registrar.contacts("op1"):
            phones.now = phones.registrar.next_timer() or 0.0
            phones.registrar.due_keepalives(phones.now)
        phones.events()

    def test_one_that_never_answered_any_question_is_believed(self, phones: Phones) -> None:
        """pyVoIP answers none at all."""
        phones.register()
        while phones.now < 300.0:
            phones.now = phones.registrar.next_timer() or 0.0
            phones.registrar.due_keepalives(phones.now)
        assert phones.registrar.contacts("op1")
        assert phones.events() == [Registered("op1")]

    def test_it_comes_back_when_it_answers(self, phones: Phones) -> None:
        self.register_and_answer(phones)
        self.silence(phones)
        [binding] = phones.registrar.due_keepalives(phones.now + 30.0)
        phones.registrar.keepalive_result(binding, True, phones.now + 30.1)
        assert phones.events() == [Registered("op1")]

    def test_it_comes_back_when_it_registers(self, phones: Phones) -> None:
        self.register_and_answer(phones)
        self.silence(phones)
        phones.register()
        assert phones.events() == [Registered("op1")]

    def test_an_unreachable_phone_does_not_matter_while_another_answers(self, phones: Phones) -> None:
        phones.register(contact="<sip:op1@10.0.0.5>, <sip:op1@10.0.0.6>")
        silent, answering = phones.registrar.contacts("op1")
        phones.registrar.keepalive_result(silent, True, 0.5)
        while phones.now < 120.0:
            phones.now = phones.registrar.next_timer() or 0.0
            for binding in phones.registrar.due_keepalives(phones.now):
                phones.registrar.keepalive_result(binding, binding is answering, phones.now)
        assert not silent.reachable
        assert phones.registrar.contacts("op1") == [answering]
        assert phones.events() == [Registered("op1")]

    def test_results_for_phones_that_are_gone_or_registered_anew_are_ignored(self, phones: Phones) -> None:
        phones.register()
        [old] = phones.registrar.due_keepalives(30.0)
        phones.now = 31.0
        phones.register()
        phones.registrar.keepalive_result(old, False, 62.0)
        [new] = phones.registrar.contacts("op1")
        assert new.liveness.failures == 0

    def test_none_when_switched_off(self) -> None:
        phones = Phones(keepalive_s=0.0)
        phones.register()
        assert phones.registrar.due_keepalives(599.0) == []

    def test_a_closed_connection_takes_its_phones_along(self, phones: Phones) -> None:
        phones.register(flow=TCP)
        phones.registrar.flow_closed(TCP, 5.0)
        assert phones.events() == [Registered("op1"), Unregistered("op1", "unreachable")]
        assert phones.registrar.user_of_flow(TCP) is None

    def test_udp_has_no_connection_to_close(self, phones: Phones) -> None:
        phones.register()
        phones.registrar.flow_closed(FLOW, 5.0)
        assert len(phones.uris()) == 1


def test_registering_again_and_again_leaves_no_heap_of_old_deadlines(phones: Phones) -> None:
    for number in range(300):
        phones.now = number * 0.01
        phones.register()
    assert len(phones.registrar._bindings._heap) < 100


class RegistrarMachine(RuleBasedStateMachine):
    """Phones of two users come, go and fall silent in any order; whoever was told of each change knows the
    truth, and every deadline is met."""

    def __init__(self) -> None:
        super().__init__()
        self.phones = Phones()
        self.told: dict[str, bool] = {}

    @rule(
        user=st.sampled_from(["op1", "op2"]),
        host=st.integers(1, 3),
        expires=st.sampled_from([0, 60, 70, 600]),
        flow=st.sampled_from([FLOW, OTHER, TCP]),
    )
    def register(self, user: str, host: int, expires: int, flow: Flow) -> None:
        contact = f"<sip:{user}@10.0.0.{host}>"
        assert self.phones.register(f"Expires: {expires}", user=user, contact=contact, flow=flow).code == 200

    @rule(answers=st.lists(st.booleans(), min_size=1, max_size=6), seconds=st.sampled_from([1.0, 4.0, 31.0]))
    def time_passes(self, answers: list[bool], seconds: float) -> None:
        registrar, end = self.phones.registrar, self.phones.now + seconds
        while (at := registrar.next_timer()) is not None and at <= end:
            self.phones.now = max(at, self.phones.now)
            for number, binding in enumerate(registrar.due_keepalives(self.phones.now)):
                registrar.keepalive_result(binding, answers[number % len(answers)], self.phones.now)
        self.phones.now = end

    @rule(flow=st.sampled_from([FLOW, TCP]))
    def connection_closes(self, flow: Flow) -> None:
        self.phones.registrar.flow_closed(flow, self.phones.now)

    def teardown(self) -> None:
        """Left alone, everything expires and nothing remains."""
        self.phones.registrar.handle_timer(self.phones.now + 10_000)
        bindings = self.phones.registrar._bindings
        assert (bindings._by_user, bindings._by_flow, bindings._size) == ({}, {}, 0)
        assert bindings.next_timer() is None

    @invariant()
    def everybody_knows(self) -> None:
        for event in self.phones.events():
            assert isinstance(event, Registered | Unregistered)
            assert self.told.get(event.user, False) != isinstance(event, Registered)
            self.told[event.user] = isinstance(event, Registered)
        for user in ("op1", "op2"):
            assert self.told.get(user, False) == bool(self.phones.registrar.contacts(user))

    @invariant()
    def nobody_is_kept_too_long(self) -> None:
        self.phones.registrar.handle_timer(self.phones.now)
        for user in ("op1", "op2"):
            for binding in self.phones.registrar.bindings(user):
                assert binding.expires_at > self.phones.now


TestAnyOrder = RegistrarMachine.TestCase
TestAnyOrder.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
