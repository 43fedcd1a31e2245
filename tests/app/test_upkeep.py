"""What the agent asks of the system, and what it looks after while it runs."""

from __future__ import annotations

import asyncio
import resource
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.tones import tone

from ntpd112.app import upkeep
from ntpd112.app.upkeep import allow_files, prune_once, watch_prompts
from ntpd112.journal import Journal
from ntpd112.journal.events import AgentStarted
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


@dataclass
class Reader:
    position: int


DAY_S = 86_400.0


@pytest.mark.parametrize(
    ("read", "told", "removed"),
    [
        (8, [], 8),
        (4, [8], 4),
        (8, [6], 6),
        (8, [8, 2], 4),  # what is due for 30 days more goes
        (0, [0], 0),
    ],
)
def test_the_journal_is_pruned_as_far_as_everybody_is_and_waits_for_a_sink_only_so_long(
    tmp_path: Path, read: int, told: list[int], removed: int
) -> None:
    journal = Journal(tmp_path / "j.db")
    now = 100 * DAY_S
    for age in (70, 65, 64, 63, 20, 15, 12, 11, 1):
        journal.append(AgentStarted(at=now - age * DAY_S, version="1"))
    journal.commit()
    before = now - 10 * DAY_S
    found = prune_once(journal, Reader(read), [Reader(position) for position in told], before)
    journal.close()
    assert found == removed
