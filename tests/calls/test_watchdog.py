"""Books that do not agree are found and put right; books that do are left alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.calls.desk import Desk, FakeLeg

from ntpd112.calls.call import Call
from ntpd112.calls.repairing import EVERY_S
from ntpd112.calls.watchdog import ARRIVING_S, Books, CallBook, Fault, faults, strays
from ntpd112.journal.events import StateRepaired

# --- the pure part

WAITS = CallBook("waiting", "in", 5.0, caller_over=False)
RINGS = replace(WAITS, state="ringing", offers={1: "budi"})
TALKS = replace(WAITS, state="talking", parties={1: ("budi", False)})


def books(**changes: Any) -> Books:
    """`a` waits, `b` rings at budi, `c` talks with sari."""
    talks = replace(TALKS, parties={1: ("sari", False)})
    sound: dict[str, Any] = {
        "calls": {"a": WAITS, "b": RINGS, "c": talks},
        "queued": frozenset({"a", "b"}),
        "ringing": {"b": {"budi": 1}},
        "talking": {"sari": "c"},
    }
    return Books(**(sound | changes))


def found(of: Books) -> list[Fault]:
    """In all books at once."""
    return [*faults(of), *strays(of, of.calls.keys())]


def test_books_that_agree_have_no_faults() -> None:
    assert found(books()) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"queued": frozenset({"b"})}, Fault("not in the queue", "a")),
        ({"queued": frozenset({"a", "b", "gone"})}, Fault("no call", "gone")),
        ({"ringing": {}}, Fault("no ringing operator", "b", "budi", 1)),
        ({"ringing": {"b": {"budi": 2}}}, Fault("no ringing operator", "b", "budi", 1)),
        ({"ringing": {"b": {"budi": 1}, "a": {"ani": 1}}}, Fault("no ring", "a", "ani", 1)),
        ({"talking": {"sari": "c", "ani": "gone"}}, Fault("no talk", "gone", "ani")),
        ({"talking": {"sari": "c", "ani": "a"}}, Fault("no talk", "a", "ani")),
        ({"over": frozenset({"old"})}, Fault("over", "old")),
    ],
)
def test_each_disagreement_is_found(changes: dict[str, Any], fault: Fault) -> None:
    assert fault in found(books(**changes))


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        (replace(WAITS, caller_over=True), "caller gone"),
        (replace(TALKS, parties={1: ("sari", True)}), "party gone"),
        (replace(WAITS, state="arriving", age_s=ARRIVING_S + 1), "arriving"),
        (replace(TALKS, parties={}), "not in the queue"),
    ],
)
def test_each_call_that_hangs_is_found(call: CallBook, fault: str) -> None:
    assert fault in [one.kind for one in found(books(calls={"c": call}, queued=frozenset(), ringing={}))]


def test_what_belongs_to_no_queue_is_left_alone() -> None:
    arriving = replace(WAITS, state="arriving", age_s=1.0)
    call_back = replace(WAITS, direction="out", dialled=frozenset({"ani"}))
    transferred = replace(TALKS, parties={}, others_ring=True, dialled=frozenset({"budi"}))
    calls = {"n": arriving, "o": call_back, "t": transferred}
    talking = {"ani": "o", "budi": "t", "sari": "*10"}
    assert found(Books(calls, frozenset(), {}, talking, elsewhere=frozenset({"sari"}))) == []


NAMES = st.sampled_from(["ani", "budi", "sari"])
CALLS = st.dictionaries(
    st.sampled_from("abcd"),
    st.builds(
        CallBook,
        st.sampled_from(["arriving", "waiting", "ringing", "talking", "held"]),
        st.sampled_from(["in", "out", "internal"]),
        st.floats(0, 100),
        st.booleans(),
        st.dictionaries(st.integers(1, 3), NAMES),
        st.frozensets(NAMES),
        st.booleans(),
        st.dictionaries(st.integers(1, 3), st.tuples(NAMES, st.booleans())),
    ),
)
ALL_BOOKS = st.builds(
    Books,
    CALLS,
    st.frozensets(st.sampled_from("abcde")),
    st.dictionaries(st.sampled_from("abcde"), st.dictionaries(NAMES, st.integers(1, 3))),
    st.dictionaries(NAMES, st.sampled_from("abcde")),
    st.frozensets(st.sampled_from("xyz")),
    st.frozensets(NAMES),
)


@given(ALL_BOOKS)
def test_whatever_the_books_say_each_fault_is_about_something_in_them(of: Books) -> None:
    for fault in found(of):
        assert fault.call_id in of.calls or fault.call_id in of.queued | of.over | set(of.talking.values())
        assert fault.subject


@given(ALL_BOOKS, st.integers(1, 3))
def test_books_looked_at_in_slices_have_the_faults_of_all_books_at_once(of: Books, size: int) -> None:
    ids = list(of.calls)
    slices = [ids[start : start + size] for start in range(0, len(ids), size)]
    of_slices = [replace(of, calls={call_id: of.calls[call_id] for call_id in some}) for some in slices]
    in_slices = [fault for books_of in of_slices for fault in faults(books_of)]
    assert Counter(in_slices + list(strays(of, of.calls.keys()))) == Counter(found(of))


# --- and its hands


def watched(**queue: Any) -> Desk:
    desk = Desk(**queue)
    desk.control.start(desk.now)
    return desk


def look_twice(desk: Desk) -> list[str]:
    """What the watchdog repaired."""
    before = len(desk.all_of(StateRepaired))
    desk.pass_time(EVERY_S)
    assert len(desk.all_of(StateRepaired)) == before, "not at first sight"
    desk.pass_time(EVERY_S)
    return [event.repaired for event in desk.all_of(StateRepaired)[before:]]


def only_call(desk: Desk) -> Call:
    (call,) = desk.context.calls.values()
    return call


def talking() -> tuple[Desk, FakeLeg, FakeLeg]:
    desk = watched()
    desk.register("budi")
    caller = desk.call()
    return desk, caller, desk.pick_up("budi")


def test_a_busy_floor_on_which_all_is_well_is_left_alone() -> None:
    desk = watched()
    desk.register("budi")
    desk.register("sari")
    desk.call()
    desk.pick_up("budi")
    desk.call()
    desk.call()
    assert look_twice(desk) == []


def test_a_call_the_acd_has_forgotten_waits_again_at_the_front() -> None:
    desk = watched()
    desk.call()
    call = only_call(desk)
    desk.acd.withdraw(call.id, desk.now)
    assert look_twice(desk) == ["the call waits at the front of its queue"]
    waiting = desk.acd.call(call.id)
    assert waiting is not None
    assert (waiting.lane, waiting.since) == ("lifted", call.queued_at)
    assert desk.media.legs[0].hears
    desk.register("budi")
    assert desk.phones("budi")


def test_a_caller_nobody_talks_to_any_more_waits_again() -> None:
    desk, caller, _ = talking()
    only_call(desk).parties.clear()
    assert "the call waits at the front of its queue" in look_twice(desk)
    assert not caller.over
    assert only_call(desk).state in ("waiting", "ringing")


def test_an_operator_who_rings_without_a_phone_ringing_is_passed_over() -> None:
    desk = watched()
    desk.register("budi")
    desk.register("sari")
    desk.call()
    only_call(desk).rings.clear()
    assert look_twice(desk) == ["the call goes to the next operator"]
    assert desk.phones("sari")


def test_phones_that_ring_for_nothing_stop() -> None:
    desk = watched()
    desk.register("budi")
    desk.call()
    phone = desk.phones("budi")[0]
    desk.acd.withdraw(only_call(desk).id, desk.now)
    desk.acd.effects()
    assert "the phones stop ringing" in look_twice(desk)
    assert phone.over


def test_an_operator_busy_with_nothing_is_free_again() -> None:
    desk = watched()
    desk.register("budi")
    desk.acd.engage("budi", "nothing", desk.now, "lost")
    assert look_twice(desk) == ["the operator is free again"]
    assert desk.state("budi") == "ready"


def test_a_call_that_the_acd_keeps_after_its_end_is_taken_out() -> None:
    desk = watched()
    desk.call()
    call = desk.context.calls.popitem()[1]
    desk.context.legs.clear()
    assert look_twice(desk) == ["taken out of the ACD"]
    assert desk.acd.call(call.id) is None


def test_a_call_whose_caller_is_gone_is_ended() -> None:
    desk, caller, operator = talking()
    caller.over = True
    assert look_twice(desk) == ["the call is ended"]
    assert operator.over
    assert desk.end().disposition == "answered"


def test_a_party_whose_leg_is_gone_is_taken_out_of_the_call() -> None:
    desk, caller, operator = talking()
    operator.over = True
    assert look_twice(desk) == ["the party is out of the call"]
    assert desk.state("budi") != "talking"
    assert caller.over or desk.acd.known(), "ended, or held over"


def test_legs_that_an_ended_call_left_behind_are_hung_up() -> None:
    desk, caller, operator = talking()
    call = desk.context.calls.popitem()[1]
    call.state = "ending"
    desk.acd.call_finished(call.id, "budi", desk.now)
    assert look_twice(desk) == ["its legs are hung up"]
    assert (caller.over, operator.over) == (True, True)
    assert desk.media.open_legs() == 0


def test_a_call_that_hangs_in_its_arrival_gets_into_the_queue() -> None:
    desk = watched()
    desk.call()
    call = only_call(desk)
    desk.acd.withdraw(call.id, desk.now)
    call.state = "arriving"
    desk.pass_time(ARRIVING_S)
    assert look_twice(desk)[-1] == "the call waits at the front of its queue"


def test_what_cannot_be_repaired_ends_that_call_only(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = watched()
    desk.register("budi")
    other = desk.call()
    desk.pick_up("budi")
    caller = desk.call()
    desk.acd.withdraw(list(desk.context.calls)[-1], desk.now)

    def broken(*args: Any) -> None:
        raise RuntimeError("injected")

    monkeypatch.setattr(desk.acd, "enqueue", broken)
    assert look_twice(desk) == ["the call is ended"]
    assert caller.over
    assert not other.over


def test_what_the_acd_finds_wrong_with_itself_is_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = watched()
    monkeypatch.setattr(desk.acd, "audit_rest", lambda now: ["2 calls wait, 1 counted"])
    desk.pass_time(EVERY_S)
    desk.pass_time(EVERY_S)
    assert [event.found for event in desk.all_of(StateRepaired)] == ["2 calls wait, 1 counted"]


@pytest.mark.parametrize("size", [1, 2, 5, 6])
def test_many_calls_are_looked_at_a_few_at_a_time_and_none_is_left_out(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ntpd112.calls.repairing.SLICE_CALLS", size)
    desk = watched()
    looks = []

    def watch(
        call_ids: list[str], audit: Callable[[list[str]], list[str]] = desk.acd.audit_calls
    ) -> list[str]:
        looks.append(len(call_ids))
        return audit(call_ids)

    monkeypatch.setattr(desk.acd, "audit_calls", watch)
    for _ in range(5):
        desk.call()
    for call_id in desk.context.calls:
        desk.acd.withdraw(call_id, desk.now)
    for _ in range(50):  # two rounds
        desk.pass_time(EVERY_S / 20)
    repaired = [event.repaired for event in desk.all_of(StateRepaired)]
    assert repaired == 5 * ["the call waits at the front of its queue"]
    assert max(looks) == min(size, 5)
    assert sum(looks) == 2 * 5
