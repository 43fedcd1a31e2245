"""Why did this call wait, and why was this operator rung?"""

from tests.queue.hall import PAUSE, Hall, of_kind, whys

from ntpd112.queue import LadderStep, Skipped, Waits, Why
from ntpd112.queue.effects import MAX_NAMED


def test_an_offer_tells_who_was_free_who_fits_and_how_the_operator_was_chosen() -> None:
    hall = Hall({"ani": {"medical": 1}, "budi": {}, "citra": {"medical": 2}, "boss": {"supervisor": 1}})
    hall.acd.request_state("citra", "break", 0.0, "api")
    hall.acd.effects()
    assert whys(hall.call("c", now=2.0, since=0.5, skills={"medical": 1})) == [
        Why(
            waited_ms=1500,
            step=0,
            lane="normal",
            free=1,
            candidates=["ani"],
            fit={"ready": 1, "break": 1},
            unfit=2,
            chosen_by="longest-idle",
        )
    ]


def test_it_names_who_was_passed_over_and_the_reason() -> None:
    hall = Hall(("ani", "budi"))
    hall.call("c", now=0.0)
    hall.acd.offer_declined("c", "ani", now=1.0)
    hall.later(1.0 + PAUSE)
    hall.join("citra", now=7.0)
    hall.acd.offer_declined("c", "budi", now=8.0)
    (why,) = whys(hall.acd.effects())
    assert why.candidates == ["ani", "citra"]
    assert why.skipped == [Skipped("ani", "declined")]


def test_it_tells_why_a_wished_for_operator_was_not_rung() -> None:
    hall = Hall(("ani", "budi"))
    assert whys(hall.call("c", wish="budi"))[0].chosen_by == "sticky"
    assert whys(hall.call("d", wish="budi"))[0].skipped == [Skipped("budi", "sticky, but ringing")]


def test_a_call_that_waited_for_someone_to_be_free_says_so_and_how_many_steps_it_had_taken() -> None:
    hall = Hall(ladder=(LadderStep(after=5.0, any=True),))
    hall.call("c", now=0.0)
    hall.join("ani", now=8.0)
    (why,) = whys(hall.acd.effects())
    assert (why.chosen_by, why.free, why.candidates, why.waited_ms, why.step) == (
        "freed",
        1,
        ["ani"],
        8000,
        1,
    )


def test_it_stays_short_in_a_large_hall() -> None:
    hall = Hall([f"op{number}" for number in range(50)])
    (why,) = whys(hall.call("c"))
    assert (why.free, len(why.candidates), why.fit) == (50, MAX_NAMED, {"ready": 50})


def test_a_call_that_begins_to_wait_says_what_those_who_fit_are_doing() -> None:
    hall = Hall({"ani": {"medical": 1}, "budi": {}})
    hall.answered_call("talks", "ani")
    assert of_kind(hall.call("c", skills={"medical": 1}), Waits) == [
        Waits("c", {"talking": 1}, 1, "nobody free")
    ]
    assert of_kind(hall.call("d", skills={"fire": 1}), Waits) == [Waits("d", {}, 2, "nobody serving fits")]


def test_each_new_reason_to_wait_is_told_once() -> None:
    hall = Hall({"ani": {}})
    hall.call("c", now=0.0)
    hall.acd.offer_declined("c", "ani", now=1.0)
    assert [wait.reason for wait in of_kind(hall.acd.effects(), Waits)] == ["nobody free"]
    hall.acd.set_priority("c", 1, 2.0)
    assert of_kind(hall.acd.effects(), Waits) == []


def test_with_nobody_at_work_a_call_says_so() -> None:
    assert of_kind(Hall().call("c"), Waits) == [Waits("c", {}, 0, "nobody serving")]
