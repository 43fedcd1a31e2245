"""Announcements of the site's own, by the command line."""

from pathlib import Path

import pytest
from tests.cli.terminal import Terminal
from tests.tones import tone

from ntpd112.media.wav import alaw_header


@pytest.fixture
def recording(tmp_path: Path) -> str:
    sound = tone(440.0, 1.5)
    file = tmp_path / "recording.wav"
    file.write_bytes(alaw_header(1, len(sound)) + sound)
    return str(file)


@pytest.fixture
def site(terminal: Terminal) -> Terminal:
    terminal.config.write_text(f'{terminal.config.read_text("utf-8")}[media]\nprompts = "own"\n', "utf-8")
    return terminal


def own(terminal: Terminal) -> list[tuple[str, str, bool]]:
    listed = terminal.json("prompt", "list")
    return [(one["language"], one["name"], one["replaces"]) for one in listed if one["own"]]


def test_a_recording_becomes_an_announcement_in_the_sites_language_until_it_is_removed(
    site: Terminal, recording: str
) -> None:
    assert site.run("prompt", "add", "welcome", recording).stdout == "welcome: 1.5 s\n"
    site.run("prompt", "add", "closed", recording, "--language", "en")
    assert own(site) == [("en", "closed", False), ("id", "welcome", True)]
    assert "in place of the built-in" in site.run("prompt", "list").stdout
    site.run("prompt", "remove", "welcome")
    assert own(site) == [("en", "closed", False)]


def test_what_is_wrong_is_said(site: Terminal, recording: str, tmp_path: Path) -> None:
    junk = tmp_path / "junk.wav"
    junk.write_bytes(b"junk")
    assert "no WAV file" in site.run("prompt", "add", "welcome", str(junk), code=1).stderr
    assert "nowhere.wav" in site.run("prompt", "add", "welcome", "nowhere.wav", code=1).stderr
    assert '"../x"' in site.run("prompt", "add", "../x", recording, code=1).stderr.replace("id/", "")
    assert 'language "fr"' in site.run("prompt", "add", "x", recording, "--language", "fr", code=1).stderr
    assert "prompt list" in site.run("prompt", "remove", "welcome", code=1).stderr


def test_without_a_folder_it_is_said_what_to_configure(terminal: Terminal, recording: str) -> None:
    said = terminal.run("prompt", "add", "welcome", recording, code=1).stderr
    assert 'prompts = "prompts"' in said
