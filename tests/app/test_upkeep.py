"""What the agent asks of the system, and what it looks after while it runs."""

from __future__ import annotations

import asyncio
import resource
import threading
from pathlib import Path

import pytest
from tests.tones import tone

from ntpd112.app import upkeep
from ntpd112.app.upkeep import allow_files, watch_prompts
from ntpd112.media.site import SitePrompts
from ntpd112.media.wav import alaw_header


def test_the_agent_may_open_as_many_files_as_the_system_allows() -> None:
    soft, hard = before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 500), hard))
    try:
        allow_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


class Looked(SitePrompts):
    """Says when it was looked at for the second time: the watch has begun, and found nothing new."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.once, self.twice = threading.Event(), threading.Event()

    def fingerprint(self) -> frozenset[tuple[str, int, int]]:
        (self.twice if self.once.is_set() else self.once).set()
        return super().fingerprint()


async def test_announcements_are_read_again_when_a_file_changes_by_whatever_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "PROMPTS_S", 0.01)
    reloaded = asyncio.Semaphore(0)
    sound = tone(440.0, 1.0)
    prompts = Looked(tmp_path)
    watch = asyncio.create_task(watch_prompts(prompts, reloaded.release))
    assert await asyncio.to_thread(prompts.twice.wait, 10)
    assert reloaded.locked()
    (tmp_path / "id").mkdir()
    (tmp_path / "id" / "welcome.wav").write_bytes(alaw_header(1, len(sound)) + sound)
    await asyncio.wait_for(reloaded.acquire(), 10)
    (tmp_path / "id" / "welcome.wav").unlink()
    await asyncio.wait_for(reloaded.acquire(), 10)
    watch.cancel()


async def test_without_a_folder_nobody_looks() -> None:
    await asyncio.wait_for(watch_prompts(SitePrompts(None), lambda: pytest.fail("nothing changed")), 10)
