"""The folder of the site's own announcements."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tones import tone

from ntpd112.media import site
from ntpd112.media.site import SitePrompts
from ntpd112.media.wav import alaw_header

SOUND = tone(1000.0, 1.0)
FILE = alaw_header(1, len(SOUND)) + SOUND


def test_what_is_put_is_found_before_the_built_in(tmp_path: Path) -> None:
    prompts = SitePrompts(tmp_path / "prompts")
    built_in = prompts.find("id", "welcome")
    prompts.put("id", "welcome", FILE)
    assert prompts.find("id", "welcome") == tmp_path / "prompts" / "id" / "welcome.wav"
    assert prompts.remove("id", "welcome")
    assert prompts.find("id", "welcome") == built_in
    assert not prompts.remove("id", "welcome")


def test_the_fingerprint_changes_with_the_files_and_only_then(tmp_path: Path) -> None:
    prompts = SitePrompts(tmp_path)
    empty = prompts.fingerprint()
    prompts.put("en", "closed", FILE)
    one = prompts.fingerprint()
    assert one != empty
    assert prompts.fingerprint() == one
    prompts.remove("en", "closed")
    assert prompts.fingerprint() == empty


def test_a_broken_upload_leaves_the_one_before_and_no_rubbish(tmp_path: Path) -> None:
    prompts = SitePrompts(tmp_path)
    prompts.put("id", "welcome", FILE)
    before = prompts.fingerprint()
    with pytest.raises(ValueError, match="no WAV file"):
        prompts.put("id", "welcome", b"junk")
    assert prompts.fingerprint() == before
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["welcome.wav"]


def test_the_folder_has_a_limit_that_replacing_does_not_touch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = SitePrompts(tmp_path)
    monkeypatch.setattr(site, "MAX_SITE_BYTES", len(FILE) + 100)
    prompts.put("id", "welcome", FILE)
    prompts.put("id", "welcome", FILE)
    with pytest.raises(ValueError, match="no room"):
        prompts.put("id", "closed", FILE)


@pytest.mark.parametrize(
    ("language", "name"), [("id", "../x"), ("id", ""), ("..", "x"), ("id", "A"), ("id", "x\n")]
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, language: str, name: str) -> None:
    for act in (SitePrompts(tmp_path).find, SitePrompts(tmp_path).remove):
        with pytest.raises(ValueError, match="no announcement"):
            act(language, name)  # type: ignore[arg-type]


def test_without_a_folder_there_are_the_built_in_ones(tmp_path: Path) -> None:
    prompts = SitePrompts(None)
    assert all(not one.own for one in prompts.all())
    assert ("en", "welcome") in {(one.language, one.name) for one in prompts.all()}
    assert prompts.fingerprint() == frozenset()
