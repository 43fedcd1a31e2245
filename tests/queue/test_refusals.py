"""A call remembers who declined it or let it ring; the last operator is never taken out of rotation."""

from tests.queue.hall import PAUSE, RING, Hall, cancels, changes, of_kind, offers

from ntpd112.queue import Counters, LastOperator


def test_who_refused_is_rung_again_only_when_nobody_else_is_free() -> None:
    hall = Hall(("ani", "budi"))
    hall.call("c", now=0.0)
    hall.acd.offer_declined("c", "ani", now=1.0)
    hall.later(1.0 + PAUSE)
    assert hall.state("ani") == "ready"
    hall.join("citra", now=7.0)
    hall.acd.effects()
    hall.acd.offer_declined("c", "budi", now=8.0)
    assert offers(hall.acd.effects()) == [("c", "citra")]
    hall.acd.offer_declined("c", "citra", now=9.0)
    effects = hall.acd.effects()
    assert offers(effects) == [("c", "ani")]
    assert hall.view("c").declined == {"ani": "declined", "budi": "declined", "citra": "declined"}


def test_the_next_attempt_follows_at_once() -> None:
    hall = Hall(("ani", "budi"))
    hall.call("c", now=0.0)
    assert offers(hall.later(RING)) == [("c", "budi")]
    assert hall.view("c").declined == {"ani": "rona"}


def test_another_call_still_goes_to_who_refused_this_one() -> None:
    hall = Hall({"ani": {}})
    hall.call("c", now=0.0)
    hall.acd.offer_declined("c", "ani", now=1.0)
    hall.acd.withdraw("c", 2.0)
    hall.later(1.0 + PAUSE)
    assert offers(hall.call("d", now=7.0)) == [("d", "ani")]


def test_a_call_enqueued_again_remembers_and_counts_its_offers_on() -> None:
    hall = Hall(("ani", "budi"))
    hall.call("c", offers=3, declined={"ani": "rona"})
    assert hall.view("c").offers == {"budi": 4}


def test_the_last_serving_operator_stays_in_rotation_after_a_short_pause() -> None:
    hall = Hall(("ani", "budi"))
    hall.acd.request_state("budi", "break", 0.0, "api")
    hall.call("c", now=0.0)
    hall.acd.effects()
    effects = hall.later(RING)
    assert [cancel.outcome for cancel in cancels(effects)] == ["rona"]
    assert changes(effects) == [("ani", "wrap-up", "rona")]
    assert of_kind(effects, LastOperator) == [LastOperator("c", "ani")]
    assert hall.operator("ani").counters == Counters(offers=1, rona=1)
    assert offers(hall.later(RING + 1.0)) == [("c", "ani")]


def test_who_is_kept_out_by_a_role_or_a_skill_does_not_make_the_last_one_leave() -> None:
    hall = Hall({"nurse": {"medical": 1}, "ani": {}, "boss": {"supervisor": 1}})
    hall.call("c", skills={"medical": 1}, now=0.0)
    effects = hall.later(RING)
    assert changes(effects) == [("nurse", "wrap-up", "rona")]
    assert of_kind(effects, LastOperator) == [LastOperator("c", "nurse")]
    assert offers(hall.later(RING + 1.0)) == [("c", "nurse")]


def test_two_who_let_it_ring_at_one_instant_do_not_both_leave() -> None:
    hall = Hall(("ani", "budi"), strategy="ring-all")
    hall.call("c", now=0.0)
    effects = hall.later(RING)
    assert changes(effects) == [("ani", "break", "rona"), ("budi", "wrap-up", "rona")]
    assert of_kind(effects, LastOperator) == [LastOperator("c", "budi")]


def test_the_last_operator_may_still_leave_by_their_own_wish() -> None:
    hall = Hall({"ani": {}})
    hall.call("c", now=0.0)
    hall.acd.request_state("ani", "break", 1.0, "api")
    hall.acd.effects()
    assert changes(hall.later(RING)) == [("ani", "break", "api")]
