"""Ready is a fact: an operator whose phone sends no sound gets no more calls, if there is anybody else."""

from __future__ import annotations

from tests.calls.desk import Desk, FakeLeg

from ntpd112.media.events import AudioBack, NoAudio
from ntpd112.queue import Operator


def talk(desk: Desk) -> FakeLeg:
    """budi, on media leg 2, talks."""
    desk.register("budi")
    caller = desk.call()
    desk.pick_up("budi")
    return caller


def operator(desk: Desk, name: str) -> Operator:
    found = desk.acd.operator(name)
    assert found is not None
    return found


def silent(desk: Desk, leg: int, never: bool = True) -> None:
    desk.media.pending.append(NoAudio(leg, 10.0, never))
    desk.happen()


def test_a_phone_that_never_sent_sound_takes_its_operator_out_after_the_call() -> None:
    desk = Desk()
    caller = talk(desk)
    desk.register("sari")
    silent(desk, 2)
    assert desk.state("budi") == "talking", "the call goes on"
    desk.hang_up(caller)
    assert (desk.state("budi"), operator(desk, "budi").reason) == ("break", "no-media")


def test_the_only_operator_stays() -> None:
    desk = Desk()
    caller = talk(desk)
    silent(desk, 2)
    desk.hang_up(caller)
    assert desk.state("budi") == "wrap-up"


def test_a_phone_that_was_heard_before_is_only_muted() -> None:
    desk = Desk()
    caller = talk(desk)
    desk.register("sari")
    silent(desk, 2, never=False)
    desk.hang_up(caller)
    assert desk.state("budi") == "wrap-up"


def test_sound_that_comes_after_all_makes_it_good() -> None:
    desk = Desk()
    caller = talk(desk)
    desk.register("sari")
    silent(desk, 2)
    desk.media.pending.append(AudioBack(2))
    desk.happen()
    desk.hang_up(caller)
    assert desk.state("budi") == "wrap-up"


def test_a_break_that_the_operator_asked_for_stays_whatever_is_heard() -> None:
    desk = Desk()
    caller = talk(desk)
    desk.register("sari")
    desk.acd.request_state("budi", "break", desk.now, "api:x")
    silent(desk, 2)
    desk.media.pending.append(AudioBack(2))
    desk.happen()
    desk.hang_up(caller)
    assert (desk.state("budi"), operator(desk, "budi").reason) == ("break", "api:x")


def test_a_silent_caller_takes_nobody_out() -> None:
    desk = Desk()
    caller = talk(desk)
    desk.register("sari")
    silent(desk, 1)
    desk.hang_up(caller)
    assert desk.state("budi") == "wrap-up"
