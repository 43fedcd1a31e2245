"""Announcements of the site's own: in place of built-in ones and beside them, read again in mid-call."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.tones import hears, tone

from ntpd112.media import MediaClient, prompts
from ntpd112.media.prompts import MAX_PROMPT_BYTES, Prompts, prompt_names
from ntpd112.media.wav import alaw_header

from .conftest import MakePhone
from .phone import LOOPBACK, Phone, running, talk


def put(folder: Path, name: str, sound: bytes) -> None:
    """A prompt file, as `language/name`."""
    path = folder / f"{name}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(alaw_header(1, len(sound)) + sound)


def sound_of(known: Prompts, language: str, name: str) -> bytes:
    return b"".join(known.frames(language, name) or ())


def test_the_sites_own_takes_the_place_of_the_built_in_of_its_language(tmp_path: Path) -> None:
    put(tmp_path, "en/welcome", b"\x01" * 320)
    known, built_in = Prompts(tmp_path), Prompts()
    assert sound_of(known, "en", "welcome") == b"\x01" * 320
    assert known.frames("id", "welcome") == built_in.frames("id", "welcome")


def test_the_sites_own_are_played_beside_the_built_in(tmp_path: Path) -> None:
    put(tmp_path, "id/flood", b"\x01" * 320)
    put(tmp_path, "jv/flood", b"\x02" * 320)
    put(tmp_path, "jv/only-here", b"\x03" * 320)
    known = Prompts(tmp_path)
    assert sound_of(known, "jv", "flood") == b"\x02" * 320
    assert sound_of(known, "en", "flood") == b"\x01" * 320
    assert sound_of(known, "id", "only-here") == b"\x03" * 320
    assert prompt_names(tmp_path) == prompt_names() | {"flood", "only-here"}


def test_folder_that_is_not_there_changes_nothing(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    assert Prompts(missing).frames("id", "wait") == Prompts().frames("id", "wait")
    assert prompt_names(missing) == prompt_names()


def test_files_that_cannot_be_played_are_left_out_and_named(tmp_path: Path) -> None:
    put(tmp_path, "id/good", b"\x01" * 160)
    put(tmp_path, "id/empty", b"")
    put(tmp_path, "id/endless", bytes(MAX_PROMPT_BYTES))
    (tmp_path / "id" / "text.wav").write_text("no sound")
    (tmp_path / "id" / "folder.wav").mkdir()
    with capture_logs() as logs:
        known = Prompts(tmp_path)
    assert sound_of(known, "id", "good") == b"\x01" * 160
    assert [name for name in ("empty", "endless", "text", "folder") if known.frames("id", name)] == []
    said = " ".join(entry["problem"] for entry in logs)
    assert [name for name in ("empty", "endless", "text", "folder") if f"{name}.wav" not in said] == []


def test_more_than_there_is_room_for_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, "MAX_SITE_BYTES", 1000)
    for name in "abc":
        put(tmp_path, f"id/{name}", b"\x01" * 400)
    known = Prompts(tmp_path)
    assert [name for name in "abc" if known.frames("id", name)] == ["a", "b"]


async def heard_playing(media: MediaClient, caller: Phone, hz: float) -> bool:
    """One playing of the prompt `drill` was this tone."""
    leg = media.open()
    caller.heard.clear()
    caller.call(leg)
    leg.play("drill", loop=True)
    media.flush()
    await talk(0.4, caller)
    leg.close()
    media.flush()
    return hears(caller.sound(), hz, share=0.7)


async def test_new_announcement_is_heard_after_a_reload(phone: MakePhone, tmp_path: Path) -> None:
    put(tmp_path, "id/drill", tone(440, 1))
    async with running(replace(LOOPBACK, prompts=tmp_path)) as media:
        caller = phone()
        assert await heard_playing(media, caller, 440)
        put(tmp_path, "id/drill", tone(1000, 1))
        assert await heard_playing(media, caller, 440)
        media.reload_prompts()
        media.reload_prompts()
        media.flush()
        played = [await heard_playing(media, caller, 1000) for _ in range(4)]
        assert played[-1]
