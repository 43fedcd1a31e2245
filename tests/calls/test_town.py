"""Whatever callers, operators, supervisors and the network do, nobody is lost and everything is on record."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack, suppress
from typing import Any

import pytest
import structlog
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.calls.story import Story
from tests.calls.town import PHONES, QUEUES, SKILLS, Node, Town

from ntpd112.calls.call import Call
from ntpd112.calls.causes import MEDIA_LOST
from ntpd112.calls.commands import REFUSALS
from ntpd112.calls.desk import NO_QUEUE
from ntpd112.calls.views import (
    SettableState,
    StateConflict,
    SupervisorMode,
    UnknownCallback,
    UnknownOperator,
)
from ntpd112.journal.events import StateRepaired
from ntpd112.queue.ladder import fits, requirement_of
from ntpd112.sinks.states import CallState, advance
from ntpd112.sip.events import Cause
from ntpd112.sip.leg import Leg
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.sdp import Direction
from ntpd112.sip.session_policy import SessionPolicy

SESSIONS = st.builds(
    SessionPolicy,
    early_media=st.sampled_from(["pass", "announce", "off"]),
    reliable=st.sampled_from(["supported", "required", "off"]),
    codecs=st.sampled_from([(), ("PCMU",)]),
)
OPERATORS = st.sampled_from(sorted(SKILLS))
PICK = st.integers(0, 9)
DIRECTIONS = st.sampled_from(["sendonly", "inactive", "sendrecv"])
REACTIONS = st.sampled_from(["answer", "answer", "answer", "ring", "early", 486, 603, 480, 302])
WHOM = st.sampled_from(
    [
        "operator:ani",
        "operator:budi",
        "operator:citra",
        "destination:police",
        "queue:110",
        "queue:119",
        "sip:9@192.0.2.41",
        "nobody",
    ]
)
DIALLED = st.sampled_from(["ani", "citra", "1100", "110", "113", "nobody"])
CODES = st.sampled_from(["*10", "*11", "*12", "*21", "*24", "*30", "*40", "*51", "*52ani", "*53budi"])
STAFF = ("operator", "supervisor")
TO_TALK = ("transfer", "conference", "callback")
OPEN = ("calling", "answered", "established")
PHONE = st.integers(0, len(PHONES) - 1)
NUMBERS = st.sampled_from(["112", "112", "110", "119", "113", "115", "116", "0351", "urn"])
CALLER = NameAddr.parse('"Budi" <sip:+6281234567@192.0.2.1>')
NOBODY = NameAddr.parse('"Anonymous" <sip:anonymous@anonymous.invalid>')
HEADERS: list[dict[str, str]] = [
    {},
    {"Privacy": "id", "P-Asserted-Identity": "<tel:+62811111>"},
    {"P-Asserted-Identity": '"broken <sip:', "Diversion": "<<>>", "Supported": "100rel"},
    {"Require": "100rel"},
]
HANG_UP = Cause(0, 16, "Normal call clearing")
CAUSES = st.sampled_from([HANG_UP, Cause(200, 26, "Call completed elsewhere")])
FATES = st.lists(st.sampled_from(["pass", "pass", "drop", "twice", "late"]), min_size=1, max_size=6)
LONG = 500.0
"Seconds after which every timer of SIP and every pause of the ACD is over."


class Day(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.logged = self._stack.enter_context(structlog.testing.capture_logs())
        self.town = Town()
        self.paused = False
        "What is done now meets in one turn of the agent."
        self.read = 0
        self.stories: dict[str, Story] = {}
        self.told: dict[str, CallState | None] = {}
        "What a sink would tell of each call."

    @initialize(absent=st.sets(PHONE, max_size=2), sessions=SESSIONS)
    def log_in(self, absent: set[int], sessions: SessionPolicy) -> None:
        self.town.trunk.policy = sessions
        for number, phone in enumerate(self.town.phones):
            if number not in absent:
                phone.register()
        self.run()

    def run(self) -> None:
        if not self.paused:
            self.town.run()

    def callers(self, *states: str) -> list[Leg]:
        return [leg for leg in self.town.pbx.live(*states) if not leg.inbound]

    def ringing(self) -> list[Node]:
        """Also citizens who are called back."""
        return [node for node in self.town.nodes.values() if node.ringing()]

    def phones_with(self, *states: str) -> list[Node]:
        """Operators' and the police's."""
        return [node for node in (*self.town.phones, self.town.police) if node.live(*states)]

    def call_id(self, pick: int) -> str:
        """Of a call that is talked on."""
        calls = [call.id for call in self.town.context.calls.values() if call.connected_at is not None]
        return calls[pick % len(calls)] if calls else "none"

    # --- callers

    @rule(
        number=NUMBERS,
        headers=st.sampled_from(HEADERS),
        named=st.booleans(),
        late=st.booleans(),
        mute=st.booleans(),
    )
    def dial(self, number: str, headers: dict[str, str], named: bool, late: bool, mute: bool) -> None:
        self.town.pbx.dial(number, headers, CALLER if named else NOBODY, late, mute)
        self.run()

    @precondition(lambda self: not self.paused)
    @rule(number=NUMBERS, late=st.booleans(), calls=st.integers(1, 4), rings=st.booleans())
    def calls_are_taken(self, number: str, late: bool, calls: int, rings: bool) -> None:
        """Talks are where most can go wrong, and are rarely reached step by step."""
        for _ in range(calls):
            self.town.pbx.dial(number, {}, CALLER, late, mute=False)
            self.town.run()
        for reaction in ["ring"] * rings + ["answer"]:
            for node in self.ringing():
                self.react(node, reaction)
            self.town.run()

    @precondition(lambda self: self.town.pbx.live(*OPEN))
    @rule(pick=PICK, cause=CAUSES)
    def caller_leaves(self, pick: int, cause: Cause) -> None:
        legs = self.town.pbx.live(*OPEN)
        legs[pick % len(legs)].hang_up(self.town.now, cause)
        self.run()

    @precondition(lambda self: self.town.pbx.live("established"))
    @rule(pick=PICK, direction=DIRECTIONS)
    def caller_holds(self, pick: int, direction: Direction) -> None:
        legs: list[Any] = self.town.pbx.live("established")
        legs[pick % len(legs)].modify(self.town.now, direction=direction)
        self.run()

    # --- phones

    @rule(phone=PHONE)
    def register(self, phone: int) -> None:
        self.town.phones[phone].register()
        self.run()

    @rule(phone=PHONE)
    def unregister(self, phone: int) -> None:
        self.town.phones[phone].register(expires=0)
        self.run()

    @rule(phone=PHONE, on=st.sampled_from([True, True, False]))
    def switch(self, phone: int, on: bool) -> None:
        """Off: the phone hears nothing and nobody hears it."""
        self.town.phones[phone].on = on

    @precondition(lambda self: self.ringing())
    @rule(pick=PICK, reaction=REACTIONS)
    def phone_reacts(self, pick: int, reaction: str | int) -> None:
        nodes = self.ringing()
        self.react(nodes[pick % len(nodes)], reaction)
        self.run()

    @precondition(lambda self: self.ringing())
    @rule()
    def all_phones_answer_at_once(self) -> None:
        for node in self.ringing():
            self.react(node, "answer")
        self.run()

    @precondition(lambda self: self.ringing() and not self.paused)
    @rule(pick=PICK, reaction=REACTIONS, caller_too=st.booleans())
    def at_the_last_moment(self, pick: int, reaction: str | int, caller_too: bool) -> None:
        """In the turn in which the ring time ends."""

        def act() -> None:
            for node in self.ringing():
                self.react(node, reaction)
            if caller_too and self.town.pbx.live(*OPEN):
                legs = self.town.pbx.live(*OPEN)
                legs[pick % len(legs)].hang_up(self.town.now, HANG_UP)

        self.town.meet(act)

    @precondition(lambda self: self.ringing() and self.callers("calling"))
    @rule(pick=PICK, cause=CAUSES, phones_first=st.booleans())
    def a_caller_leaves_as_the_phones_are_picked_up(
        self, pick: int, cause: Cause, phones_first: bool
    ) -> None:
        for node in self.ringing():
            self.react(node, "answer")
        legs = self.callers("calling")
        legs[pick % len(legs)].hang_up(self.town.now, cause)
        self.town.at_once(phones_first=phones_first)

    def react(self, node: Node, reaction: str | int) -> None:
        for leg in node.ringing():
            if reaction == "answer":
                leg.answer(self.town.now, node.local)
            elif reaction == "ring":
                leg.ring(self.town.now)
            elif reaction == "early":
                leg.progress(self.town.now, node.local)
            else:
                leg.reject(self.town.now, int(reaction))

    @precondition(lambda self: self.phones_with("answered", "established"))
    @rule(pick=PICK)
    def operator_hangs_up(self, pick: int) -> None:
        nodes = self.phones_with("answered", "established")
        for leg in nodes[pick % len(nodes)].live("answered", "established"):
            leg.hang_up(self.town.now, HANG_UP)
        self.run()

    @precondition(lambda self: self.phones_with("established"))
    @rule(pick=PICK, direction=DIRECTIONS)
    def operator_holds(self, pick: int, direction: Direction) -> None:
        nodes = self.phones_with("established")
        legs: list[Any] = nodes[pick % len(nodes)].live("established")
        for leg in legs:
            leg.modify(self.town.now, direction=direction)
        self.run()

    # --- transfers, conferences, supervision

    @precondition(lambda self: self.call_id(0) != "none")
    @rule(pick=PICK, to=WHOM, attended=st.booleans())
    def console_transfers(self, pick: int, to: str, attended: bool) -> None:
        with suppress(*REFUSALS):
            self.town.centre.commands.transfer(self.call_id(pick), to, attended, "api:test")
        self.run()

    @precondition(lambda self: any(call.transfer for call in self.town.context.calls.values()))
    @rule(step=st.sampled_from(["complete_transfer", "cancel_transfer", "join_transfer"]))
    def transfer_goes_on(self, step: str) -> None:
        for call in [call.id for call in self.town.context.calls.values() if call.transfer]:
            with suppress(*REFUSALS):
                getattr(self.town.centre.commands, step)(call, "api:test")
        self.run()

    @precondition(lambda self: self.phones_with("established"))
    @rule(pick=PICK, to=DIALLED, gone=st.sampled_from([None, "phone", "caller"]))
    def phone_refers(self, pick: int, to: str, gone: str | None) -> None:
        """Many phones hang up right after their REFER."""
        nodes = self.phones_with("established")
        node = nodes[pick % len(nodes)]
        for leg in node.live("established"):
            node.refer(leg, to)
            if gone == "phone":
                leg.hang_up(self.town.now, HANG_UP)
        if gone == "caller" and self.town.pbx.live("established"):
            self.town.pbx.live("established")[0].hang_up(self.town.now, HANG_UP)
        self.run()

    @precondition(lambda self: any(len(node.live(*OPEN)) > 1 for node in self.town.phones))
    @rule(pick=PICK, on_second=st.booleans(), gone=st.booleans())
    def phone_refers_to_its_second_line(self, pick: int, on_second: bool, gone: bool) -> None:
        """Attended: the phone names one of its lines in a REFER on another; then it may hang up both."""
        nodes = [node for node in self.town.phones if len(node.live(*OPEN)) > 1]
        node = nodes[pick % len(nodes)]
        first, second = node.live(*OPEN)[:: -1 if on_second else 1][:2]
        if first.dialog is not None and first.state == "established":
            node.refer(first, "1100", second)
        if gone:
            for leg in (first, second):
                leg.hang_up(self.town.now, HANG_UP)
        self.run()

    # --- phones that dial

    @rule(phone=PHONE, number=DIALLED)
    def operator_dials(self, phone: int, number: str) -> None:
        self.town.phones[phone].call(number)
        self.run()

    @rule(phone=PHONE, code=CODES)
    def operator_dials_a_code(self, phone: int, code: str) -> None:
        self.town.phones[phone].call(code)
        self.run()

    @precondition(lambda self: not self.paused and self.call_id(0) != "none")
    @rule(pick=PICK, number=DIALLED, refers=st.booleans())
    def operator_consults(self, pick: int, number: str, refers: bool) -> None:
        """On a second line, and may hand the caller over at once."""
        nodes = [node for node in self.town.phones if node.live("established")]
        if not nodes:
            return
        node = nodes[pick % len(nodes)]
        node.call(number)
        self.town.run()
        for other in self.ringing():
            if other is not node:
                self.react(other, "answer")
        self.town.run()
        legs = node.live("established")
        if refers and len(legs) > 1:
            node.refer(legs[0], number, legs[-1])
            self.town.run()

    @precondition(lambda self: self.town.centre.callbacks.entries())
    @rule(pick=PICK, operator=OPERATORS)
    def console_calls_back(self, pick: int, operator: str) -> None:
        entries = self.town.centre.callbacks.entries()
        with suppress(UnknownCallback, *REFUSALS):
            self.town.centre.callbacks.call(entries[pick % len(entries)].id, operator)
        self.run()

    @precondition(lambda self: self.call_id(0) != "none")
    @rule(pick=PICK, to=WHOM)
    def somebody_is_called_in(self, pick: int, to: str) -> None:
        with suppress(*REFUSALS):
            self.town.centre.commands.add_party(self.call_id(pick), to, "api:test")
        self.run()

    @precondition(lambda self: self.call_id(0) != "none")
    @rule(pick=PICK, which=PICK)
    def somebody_is_taken_out(self, pick: int, which: int) -> None:
        call = self.town.context.calls[self.call_id(pick)]
        numbers = [*call.rings, *(party.number for party in call.parties), 999]
        with suppress(*REFUSALS):
            self.town.centre.commands.remove_party(call.id, numbers[which % len(numbers)], "api:test")
        self.run()

    @precondition(lambda self: self.call_id(0) != "none")
    @rule(pick=PICK, mode=st.sampled_from(["listen", "whisper", "talk"]))
    def supervisor_comes_in(self, pick: int, mode: SupervisorMode) -> None:
        commands, call = self.town.centre.commands, self.call_id(pick)
        with suppress(*REFUSALS):
            commands.supervise(call, "ratna", mode, "api:test")
        with suppress(*REFUSALS):
            commands.change_supervision(call, "ratna", mode, "api:test")
        self.run()

    @precondition(lambda self: self.call_id(0) != "none")
    @rule(pick=PICK, held=st.booleans())
    def console_holds(self, pick: int, held: bool) -> None:
        commands = self.town.centre.commands
        with suppress(*REFUSALS):
            (commands.hold if held else commands.resume)(self.call_id(pick), "api:test")
        self.run()

    @precondition(lambda self: self.call_id(0) != "none")
    @rule(pick=PICK)
    def console_hangs_up(self, pick: int) -> None:
        with suppress(*REFUSALS):
            self.town.centre.commands.hang_up(self.call_id(pick), "api:test")
        self.run()

    @precondition(lambda self: self.call_id(0) != "none")
    @rule(pick=PICK, which=PICK)
    def a_phone_falls_silent(self, pick: int, which: int) -> None:
        """Muted, or gone if it was switched off. The caller's too."""
        call = self.town.context.calls[self.call_id(pick)]
        media: list[Any] = [call.media, *(party.media for party in call.parties)]
        self.town.media.fall_silent(media[which % len(media)])
        self.run()

    @rule()
    def sound_arrives(self) -> None:
        self.town.media.hear_sound()
        self.run()

    @precondition(lambda self: not self.paused)
    @rule(
        number=st.sampled_from(["110", "115"]),
        late=st.booleans(),
        then=st.sampled_from(["silence", "nothing", 486, "answer"]),
    )
    def a_destination_plays_something(self, number: str, late: bool, then: str | int) -> None:
        """The police are rung for somebody whom no operator answers, and are heard before they answer."""
        self.town.pbx.dial(number, {}, CALLER, late, mute=False)
        self.town.pass_time(6.0)
        self.react(self.town.police, "early")
        self.town.run()
        self.town.media.hear_sound()
        self.town.run()
        self.no_accepted_caller_hears_dead_air()
        heard: list[Any] = [call.wait.early for call in self.town.context.calls.values() if call.wait.early]
        if then == "silence":
            for media in heard:
                self.town.media.fall_silent(media)
        elif then != "nothing":
            self.react(self.town.police, then)
        self.town.run()

    # --- supervisors, directory, media, network, time

    @rule(on=st.booleans())
    def the_way_out_is_maintained(self, on: bool) -> None:
        """Then the police are rung by it only if they cannot be otherwise."""
        self.town.way_out.closed = on

    @rule(operator=OPERATORS, state=st.sampled_from(["ready", "ready", "break", "offline"]))
    def set_state(self, operator: str, state: SettableState) -> None:
        with suppress(StateConflict, UnknownOperator):
            self.town.centre.set_operator_state(operator, state, "api:test")
        self.run()

    @precondition(lambda self: len(self.town.acd.operators()) == len(SKILLS))
    @rule(operator=OPERATORS)
    def dismiss(self, operator: str) -> None:
        self.town.dismiss(operator)
        self.run()

    @rule(operator=OPERATORS)
    def employ(self, operator: str) -> None:
        self.town.employ(operator)
        self.run()

    @rule()
    def prompts_end(self) -> None:
        self.town.media.end_prompts()
        self.run()

    @rule(times=st.integers(1, 2))
    def keys_are_pressed(self, times: int) -> None:
        for _ in range(times):
            self.town.media.press("5")
        self.run()

    @rule(on=st.booleans())
    def flood(self, on: bool) -> None:
        self.town.centre.set_flood(on, "api:test", "fire at the market", "")
        self.run()

    @rule()
    def callers_speak(self) -> None:
        self.town.media.hear_callers()
        self.run()

    @precondition(lambda self: len(self.town.context.calls) > 1)
    @rule()
    def media_worker_dies(self) -> None:
        self.town.media.lose_worker()
        self.run()

    @rule(exhausted=st.sampled_from([False, False, True]))
    def ports_run_out(self, exhausted: bool) -> None:
        self.town.media.exhausted = exhausted

    @rule(fates=FATES)
    def network(self, fates: list[str]) -> None:
        self.town.fates += fates

    @rule()
    @precondition(lambda self: not self.paused)
    def pause(self) -> None:
        self.paused = True

    @rule(seconds=st.sampled_from([0.2, 1.0, 5.0, 15.0, 40.0, 120.0]))
    def pass_time(self, seconds: float) -> None:
        self.paused = False
        self.town.pass_time(seconds)

    # --- what holds at all times

    @invariant()
    def the_record_is_in_order(self) -> None:
        journal = self.town.journal
        for event in journal[self.read :]:
            if event.call_id:
                self.stories.setdefault(event.call_id, Story()).take(event)
                self.told[event.call_id] = advance(self.told.get(event.call_id), event)
        self.read = len(journal)
        self.what_is_told_of_calls_is_how_they_are()

    def what_is_told_of_calls_is_how_they_are(self) -> None:
        for call in self.town.context.calls.values():
            told = self.told[call.id]
            assert told is not None
            assert (told.state, told.operator) == (call.state, call.operator)

    @invariant()
    def acd_and_calls_agree(self) -> None:
        if self.paused:
            return
        calls = self.town.context.calls
        offered: list[tuple[str, str]] = []
        busy: list[tuple[str, str]] = []
        for call in calls.values():
            for ring in call.rings.values():
                if ring.kind in STAFF:
                    (busy if ring.attempt else offered).append((ring.name, call.id))
            busy += [(party.name, call.id) for party in call.parties if party.kind in STAFF]
        rings, talks = dict(offered), dict(busy)
        assert len(rings) == len(offered), "rings for two"
        assert len(talks) == len(busy), "talks in two"
        assert not rings.keys() & talks.keys()
        operators = self.town.acd.operators()
        assert {o.id: o.call_id for o in operators if o.state == "ringing"} == rings
        for operator in operators:
            if operator.id in talks:
                assert (operator.state, operator.call_id) == ("talking", talks[operator.id])
            elif operator.state == "talking" and operator.id not in self.town.control._lines.users():
                assert operator.call_id in self.dialled_by(operator.id)
            else:
                on_the_phone = self.dialled_by(operator.id)
                assert operator.state != "ready" or not on_the_phone
        for call in calls.values():
            self.has_somebody(call)

    def dialled_by(self, operator: str) -> set[str]:
        """Calls that the operator's phones have begun."""
        calls = self.town.context.calls.values()
        return {c.id for c in calls if c.facts.direction == "internal" and c.facts.operator == operator}

    def has_somebody(self, call: Call) -> None:
        """Who has been put through talks, or somebody is rung who will; who has not waits in the queue."""
        known = self.town.acd.call(call.id)
        coming = [ring for ring in call.rings.values() if ring.attempt and ring.attempt.purpose in TO_TALK]
        talking = [party for party in call.parties if party.mode == "talk"]
        if call.state in ("talking", "held"):
            assert known is None, "answered, and still in the queue"
            assert talking or coming, "nobody is there for the caller"
        elif (call.facts.direction == "out" and not call.accepted) or call.queue.name == NO_QUEUE.name:
            assert known is None
            assert talking or coming, "nobody is there for the operator"
        else:
            assert known is not None
            offered = any(ring.attempt is None for ring in call.rings.values())
            assert (known.state == "ringing") == offered
            assert (call.state == "ringing") == bool(call.rings)

    @invariant()
    def the_watchdog_finds_nothing(self) -> None:
        assert not [event for event in self.town.journal if isinstance(event, StateRepaired)]

    @invariant()
    def nobody_waits_while_somebody_is_free(self) -> None:
        if self.paused:
            return
        for operator in self.town.acd.operators():
            for call in self.town.acd.waiting():
                needed = requirement_of(call.must, call.excluded)
                fit = fits(operator.spec.skills, needed) and call.lane != "held" and not call.incident
                assert operator.state != "ready" or not fit

    @invariant()
    def no_accepted_caller_hears_dead_air(self) -> None:
        if self.paused:
            return
        wiring = self.town.media.wiring
        for call in self.town.context.calls.values():
            media: Any = call.media
            if call.connected_at is not None:
                if 0 not in call.holders:
                    assert bool(wiring.get(media.id)) != (media.hears == "hold"), (
                        "dead air, or a prompt over speech"
                    )
                for party in call.parties:
                    if party.mode == "talk" and party.number not in call.holders:
                        their: Any = party.media
                        assert wiring.get(their.id) or their.hears or party.kind == "supervisor"
            elif (call.accepted or call.announced) and call.leg.remote is not None:
                heard = wiring.get(media.id, ())
                assert bool(heard) != bool(media.hears), "dead air, or two at once"
                assert set(heard) <= call.sounds.keys(), "somebody who rings no more"
            elif call.facts.direction == "out":
                ringing: list[Any] = [party.media for party in call.parties]
                assert all(one.hears or wiring.get(one.id) for one in ringing), "an operator who calls back"

    @invariant()
    def only_calls_hold_legs_and_media(self) -> None:
        if self.paused:
            return
        context = self.town.context
        of_calls = {leg_id for call in context.calls.values() for leg_id in call.legs}
        assert context.legs.keys() == of_calls
        open_now = {leg.id for leg in self.town.media.legs if not leg.closed}
        lines = self.town.control._lines._of_media.keys()
        assert open_now == lines | {media_id for call in context.calls.values() for media_id in call.sounds}
        incoming = [call for call in context.calls.values() if call.facts.direction == "in"]
        assert self.town.trunk.calls == len(incoming)
        for trunk in self.town.trunks:
            assert trunk.calls <= trunk.max_calls

    @invariant()
    def the_views_can_be_made(self) -> None:
        centre = self.town.centre
        assert len(list(centre.calls())) == len(self.town.context.calls)
        assert [queue.name for queue in centre.queues()] == [queue["name"] for queue in QUEUES]
        assert len(list(centre.operators())) == len(self.town.context.acd.operators())

    @invariant()
    def live_calls_are_counted_as_they_are(self) -> None:
        calls = self.town.context.calls.values()
        assert self.town.context.census == Counter((call.state, call.queue.name) for call in calls)

    # --- the end of the day

    def teardown(self) -> None:
        with self._stack:
            self.close_down()

    def close_down(self) -> None:
        town = self.town
        town.fates.clear()
        for node in town.nodes.values():
            node.on = True
        town.pass_time(1.0)
        if len(self.stories) % 2:
            town.control.stop(town.now)
        for node in (town.pbx, *town.phones):
            for leg in node.live(*OPEN):
                if node is town.pbx or not leg.inbound:
                    leg.hang_up(town.now, HANG_UP)
        town.pass_time(60.0)
        self.nobody_is_left_behind()
        for node in (*town.phones, town.police):
            for leg in node.live(*OPEN):
                leg.hang_up(town.now, HANG_UP)
        for name in SKILLS:
            town.dismiss(name)
        town.pass_time(LONG)
        self.paused = False
        self.the_record_is_in_order()
        self.everything_is_empty()
        for story in self.stories.values():
            cdr = story.finish(town.unconfirmed)
            if story.direction != "out":
                assert cdr.sip_code == town.finals[cdr.sip_call_id], "not what the caller was told"
            assert cdr.reason != MEDIA_LOST.text or town.media.lost, "ended for want of a port that was there"
        faults = [entry for entry in self.logged if entry.get("exc_info")]
        assert not faults, faults

    def nobody_is_left_behind(self) -> None:
        """Every phone that could hear us knows that its call is over."""
        if not self.town.lossy:
            left = [leg.call_id for node in self.town.phones for leg in node.legs if leg.state != "ended"]
            assert not left, f"phones still ring or talk: {left}"

    def everything_is_empty(self) -> None:
        town, core = self.town, self.town.ua.core
        assert not town.context.calls
        assert not town.context.legs
        assert not town.context.sounds
        assert not town.acd.operators()
        assert not core.legs
        assert len(core.transactions) == 0
        assert [trunk.calls for trunk in town.trunks] == [0, 0]
        assert all(leg.closed for leg in town.media.legs)
        assert all(leg.state == "ended" for node in town.nodes.values() for leg in node.legs)


PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
"Without the explaining of a failure, which traces every line run and takes minutes."

TestDay = pytest.mark.timeout(600)(Day.TestCase)  # shrinking a failure takes longer than any test that passes
TestDay.settings = settings(
    max_examples=200, stateful_step_count=40, deadline=None, phases=PHASES, report_multiple_bugs=False
)
