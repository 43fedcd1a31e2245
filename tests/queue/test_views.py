import pytest
from tests.queue.hall import RING, Hall

from ntpd112.queue import Ask, QueueLoad, QueuePolicy, UnknownQueue


def test_a_queue_s_load_counts_its_calls_and_the_longest_wait_of_those_not_answered() -> None:
    hall = Hall({"ani": {}, "budi": {}})
    hall.acd.set_queue(QueuePolicy("other", RING, 0.0))
    hall.answered_call("talks", "ani", now=0.0)
    hall.call("rings", now=10.0)
    hall.call("waits", now=12.0)
    hall.acd.enqueue(Ask(call_id="elsewhere", queue="other", priority=5), 13.0)
    assert hall.acd.load("112", now=20.0) == QueueLoad(
        waiting=1, ringing=1, talking=1, longest_wait_s=10.0, lanes={"normal": 2}
    )
    assert hall.acd.load("other", now=20.0) == QueueLoad(1, 0, 0, 7.0, {"normal": 1})
    hall.acd.withdraw("rings", now=21.0)
    hall.acd.call_finished("talks", "ani", now=21.0)
    assert hall.acd.load("112", now=22.0) == QueueLoad(0, 1, 0, 10.0, {"normal": 1})


def test_an_unknown_queue_has_no_load() -> None:
    with pytest.raises(UnknownQueue, match='"999"'):
        Hall().acd.load("999", 0.0)


def test_who_fits_a_requirement_whatever_their_state() -> None:
    hall = Hall({"ani": {"medical": 2}, "budi": {}, "citra": {"medical": 1}})
    hall.acd.phone_lost("ani", now=1.0, reason="expired")
    fit = hall.acd.operators_fit({"medical": 1})
    assert [(operator.id, operator.state) for operator in fit] == [("ani", "offline"), ("citra", "ready")]


def test_anyone_serves_as_long_as_one_operator_is_neither_offline_nor_on_break() -> None:
    hall = Hall()
    assert not hall.acd.anyone_serving()
    hall.join("ani")
    assert hall.acd.anyone_serving()
    hall.acd.request_state("ani", "break", now=1.0, reason="api")
    assert not hall.acd.anyone_serving()
    hall.acd.request_state("ani", "ready", now=2.0, reason="api")
    hall.acd.phone_lost("ani", now=3.0, reason="expired")
    assert not hall.acd.anyone_serving()


def test_views_are_snapshots() -> None:
    hall = Hall({"ani": {"medical": 1}})
    hall.call("c", skills={"medical": 1}, now=2.0)
    call, operator = hall.acd.call("c"), hall.operator("ani")
    hall.acd.withdraw("c", now=3.0)
    assert call is not None
    assert (call.state, call.offers, call.must, call.since) == ("ringing", {"ani": 1}, {"medical": 1}, 2.0)
    assert (operator.state, operator.call_id, operator.reason) == ("ringing", "c", "offered")
