"""Announcements over REST: listened to, put, removed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.api.conftest import Site
from tests.tones import decode, level, tone

from ntpd112.api import models
from ntpd112.api.limits import MAX_BODY_BYTES, MAX_UPLOAD_BYTES, UPLOADS_AT_ONCE
from ntpd112.media.prompts import FOLDER
from ntpd112.media.site import SitePrompts
from ntpd112.media.wav import alaw_header, read_alaw_mono

PATH = "/api/v1/prompts"
WELCOME = f"{PATH}/id/welcome"


def sound(seconds: float = 1.0, hz: float = 1000.0) -> bytes:
    data = tone(hz, seconds)
    return alaw_header(1, len(data)) + data


def prompts(site: Site) -> SitePrompts:
    made: SitePrompts = site.app.state.prompts
    return made


async def test_the_list_has_the_built_in_ones_and_the_sites(site: Site) -> None:
    await site.client.put(WELCOME, content=sound())
    await site.client.put(f"{PATH}/en/flood-in-the-north", content=sound(2.0))
    listed = [models.PromptOut.model_validate(one) for one in (await site.client.get(PATH)).json()]
    shown = {(one.language, one.name): one for one in listed}
    assert (shown["id", "welcome"].own, shown["id", "welcome"].replaces) == (True, True)
    assert (shown["en", "welcome"].own, shown["en", "welcome"].replaces) == (False, False)
    north = shown["en", "flood-in-the-north"]
    assert (north.own, north.replaces, north.seconds) == (True, False, 2.0)


async def test_an_upload_is_converted_and_kept_as_callers_will_hear_it(site: Site, tmp_path: Path) -> None:
    answer = await site.client.put(WELCOME, content=sound(1.5, 440.0))
    assert answer.status_code == 200
    made = models.PromptMadeOut.model_validate(answer.json())
    assert (made.language, made.name, made.seconds, made.doubts) == ("id", "welcome", 1.5, [])
    heard = await site.client.get(WELCOME)
    assert heard.headers["content-type"] == "audio/wav"
    (tmp_path / "heard.wav").write_bytes(heard.content)
    samples = decode(read_alaw_mono(tmp_path / "heard.wav"))
    assert level(samples, 440.0) > 10 * level(samples, 1000.0)


async def test_larger_than_other_bodies_may_be(site: Site) -> None:
    file = sound(20.0)
    assert len(file) > MAX_BODY_BYTES
    assert (await site.client.put(WELCOME, content=file)).status_code == 200
    too_large = await site.client.put(WELCOME, content=b"\0" * (MAX_UPLOAD_BYTES + 1))
    assert too_large.status_code == 413


@pytest.mark.parametrize(
    ("body", "why"),
    [(b"", "empty"), (b"ID3 this is an MP3", "no WAV file"), (sound()[:58], "no sound in it")],
)
async def test_what_is_no_announcement_is_refused_with_the_reason(site: Site, body: bytes, why: str) -> None:
    answer = await site.client.put(WELCOME, content=body)
    assert answer.status_code == 422
    assert why in answer.json()["detail"]
    assert prompts(site).find("id", "welcome") == FOLDER / "id" / "welcome.wav"


@pytest.mark.parametrize("where", ["fr/welcome", "id/Wel come", "id/..%2Fx", "id/x.wav", f"id/{'x' * 65}"])
async def test_no_name_leads_out_of_the_folder(site: Site, where: str) -> None:
    for answer in (
        await site.client.put(f"{PATH}/{where}", content=sound()),
        await site.client.delete(f"{PATH}/{where}"),
        await site.client.get(f"{PATH}/{where}"),
    ):
        assert answer.status_code in (404, 422)
    folder = prompts(site).folder
    assert folder is not None
    assert not list(folder.parent.rglob("*x*.wav"))


async def test_a_removed_one_gives_way_to_the_built_in(site: Site) -> None:
    await site.client.put(WELCOME, content=sound())
    assert (await site.client.delete(WELCOME)).status_code == 204
    assert (await site.client.get(WELCOME)).content == (FOLDER / "id" / "welcome.wav").read_bytes()
    again = await site.client.delete(WELCOME)
    assert (again.status_code, "of its own" in again.json()["detail"]) == (404, True)


async def test_without_a_folder_it_is_said_what_to_configure(site: Site) -> None:
    site.app.state.prompts = SitePrompts(None)
    for answer in (await site.client.put(WELCOME, content=sound()), await site.client.delete(WELCOME)):
        assert answer.status_code == 409
        assert "[media] prompts" in answer.json()["detail"]
    assert (await site.client.get(WELCOME)).status_code == 200


async def test_a_folder_that_cannot_be_written_is_503(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "a-file"
    file.touch()
    site.app.state.prompts = SitePrompts(file)
    answer = await site.client.put(WELCOME, content=sound())
    assert (answer.status_code, str(file) in answer.json()["detail"]) == (503, True)


async def test_more_uploads_at_once_than_the_memory_is_for_are_told_to_come_later(site: Site) -> None:
    begun, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield sound()
        begun.release()
        await go_on.wait()

    running = [asyncio.create_task(site.client.put(WELCOME, content=slow())) for _ in range(UPLOADS_AT_ONCE)]
    for _ in running:
        await begun.acquire()
    refused = await site.client.put(WELCOME, content=sound())
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    assert (await site.client.put("/api/v1/operators/siti/state", json={"state": "break"})).status_code == 200
    go_on.set()
    assert [answer.status_code for answer in await asyncio.gather(*running)] == [200] * UPLOADS_AT_ONCE
    assert (await site.client.put(WELCOME, content=sound())).status_code == 200
