"""Registered phones, and operators on break or logged out, survive a restart of the agent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal

import pytest

from ntpd112.app import phones
from ntpd112.app.phones import PhoneBook
from ntpd112.queue import Acd, OperatorSpec
from ntpd112.sip.digest import make_credentials
from ntpd112.sip.events import Registered
from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.registrar import Registrar

KNOWN = make_credentials("budi", "test", "secret")
CONTACT = NameAddr.parse("<sip:budi@192.0.2.7:5062>")
EPOCH = 1_700_000_000.0


def make_flow(transport: str = "udp") -> Flow:
    return Flow(transport, Address("127.0.0.1", 5060), Address("192.0.2.7", 5062))


def registrar(*, keepalive_s: float = 30.0, users: tuple[str, ...] = ("budi",)) -> Registrar:
    return Registrar(
        "test", lambda user: KNOWN if user in users else None, secret=b"s", keepalive_s=keepalive_s
    )


def acd() -> Acd:
    made = Acd()
    made.set_operator(OperatorSpec("budi", "Budi"), 0.0)
    return made


def put_phone(where: Registrar, flow: Flow, expires_at: float = 600.0, *, answers: bool = True) -> None:
    where.restore(
        "budi",
        CONTACT,
        flow,
        [],
        call_id="c",
        cseq=3,
        expires_at=expires_at,
        user_agent="phone",
        answers=answers,
        now=0.0,
    )


async def saved(folder: Path, before: Registrar, who: Acd, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What an agent saves within a moment before it is killed."""
    monkeypatch.setattr(phones, "SAVE_S", 0.01)
    path = folder / "phones.json"
    book = PhoneBook(path, before, who, lambda now: EPOCH + now)
    task = asyncio.create_task(book.keep_saved())
    for _ in range(1_000):
        if path.exists():
            break
        await asyncio.sleep(0.01)
    task.cancel()
    return path


async def test_a_phone_is_asked_at_once_and_counts_when_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = registrar(), registrar()
    put_phone(before, make_flow())
    path = await saved(tmp_path, before, acd(), monkeypatch)
    # The new process' monotonic clock started elsewhere.
    book = PhoneBook(path, after, acd(), lambda now: EPOCH - 5_000 + now)
    assert book.restore(5_100.0) == 1
    assert after.contacts("budi") == []
    (binding,) = after.due_keepalives(5_100.0)
    assert (binding.flow, binding.uri, binding.cseq) == (make_flow(), CONTACT.uri, 3)
    assert binding.expires_at == pytest.approx(5_600.0)
    after.keepalive_result(binding, True, 5_100.1)
    assert after.contacts("budi") == [binding]
    assert after.events() == [Registered("budi")]


async def test_a_phone_that_does_not_answer_stays_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = registrar(), registrar()
    put_phone(before, make_flow())
    path = await saved(tmp_path, before, acd(), monkeypatch)
    PhoneBook(path, after, acd(), lambda now: EPOCH + now).restore(0.0)
    (binding,) = after.due_keepalives(0.0)
    after.keepalive_result(binding, False, 4.0)
    assert after.contacts("budi") == []
    assert after.events() == []


async def test_a_phone_that_never_answers_options_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = registrar(), registrar()
    put_phone(before, make_flow(), answers=False)
    path = await saved(tmp_path, before, acd(), monkeypatch)
    PhoneBook(path, after, acd(), lambda now: EPOCH + now).restore(0.0)
    assert len(after.contacts("budi")) == 1


async def test_without_keepalive_a_phone_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = registrar(), registrar(keepalive_s=0)
    put_phone(before, make_flow())
    path = await saved(tmp_path, before, acd(), monkeypatch)
    PhoneBook(path, after, acd(), lambda now: EPOCH + now).restore(0.0)
    assert len(after.contacts("budi")) == 1


@pytest.mark.parametrize("gone", ["tcp", "expired", "user removed"])
async def test_what_cannot_be_reached_any_more_is_passed_over(
    gone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = registrar()
    after = registrar(users=() if gone == "user removed" else ("budi",))
    put_phone(before, make_flow("tcp" if gone == "tcp" else "udp"))
    path = await saved(tmp_path, before, acd(), monkeypatch)
    started = 700.0 if gone == "expired" else 0.0
    assert PhoneBook(path, after, acd(), lambda now: EPOCH + now).restore(started) == 0


@pytest.mark.parametrize(("state", "reason"), [("break", "rona"), ("offline", "code")])
async def test_who_was_away_is_away_again_though_their_phone_registers(
    state: Literal["break", "offline"], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = acd(), acd()
    before.phone_available("budi", 0.0)
    before.request_state("budi", state, 1.0, reason)
    path = await saved(tmp_path, registrar(), before, monkeypatch)
    PhoneBook(path, registrar(), after, lambda now: EPOCH + now).restore(0.0)
    after.phone_available("budi", 1.0)
    operator = after.operator("budi")
    assert operator is not None
    assert (operator.state, operator.reason) == (state, reason)


async def test_who_talks_and_wants_a_break_has_it_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = acd(), acd()
    before.phone_available("budi", 0.0)
    before.engage("budi", "call", 1.0, "desk")
    before.request_state("budi", "break", 2.0, "code")
    path = await saved(tmp_path, registrar(), before, monkeypatch)
    PhoneBook(path, registrar(), after, lambda now: EPOCH + now).restore(0.0)
    after.phone_available("budi", 1.0)
    operator = after.operator("budi")
    assert operator is not None
    assert operator.state == "break"


@pytest.mark.parametrize("text", ["", "{", '{"phones": 1}', "\x00" * 100])
def test_a_damaged_file_costs_a_warning_only(text: str, tmp_path: Path) -> None:
    path = tmp_path / "phones.json"
    path.write_text(text)
    assert PhoneBook(path, registrar(), acd(), lambda now: now).restore(0.0) == 0


def test_no_file_is_no_phones(tmp_path: Path) -> None:
    assert PhoneBook(tmp_path / "none.json", registrar(), acd(), lambda now: now).restore(0.0) == 0
