"""What is kept in a file for a start without the database."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ntpd112.cdr.directory import Operator
from ntpd112.cdr.lastknown import LastKnown, write_private

SITI = Operator(id="siti", name="Siti", realm="r", ha1_md5="0" * 32, ha1_sha256="a" * 64)


def kept(path: Path) -> LastKnown[list[Operator]]:
    return LastKnown(path, list[Operator])


async def test_what_was_kept_is_recalled_by_the_next_start_and_by_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "operators.json"
    assert kept(file).recall() is None
    await kept(file).keep([SITI])
    assert kept(file).recall() == [SITI]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_nobody_is_somebody_known(tmp_path: Path) -> None:
    await kept(tmp_path / "f").keep([])
    assert kept(tmp_path / "f").recall() == []


@pytest.mark.parametrize("content", [b"", b'[{"id": "siti"', b'[{"id": "siti"}]', b"\xff"])
def test_a_broken_file_is_logged_and_as_good_as_none(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    write_private(tmp_path / "f", content)
    assert kept(tmp_path / "f").recall() is None
    assert "cannot be read" in caplog.text


async def test_a_disk_that_refuses_is_logged_once_and_the_old_file_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    known = kept(tmp_path / "f")
    await known.keep([SITI])
    (tmp_path / "f.new").mkdir()
    for _ in range(2):
        await known.keep([])
    assert kept(tmp_path / "f").recall() == [SITI]
    assert caplog.text.count("cannot be written") == 1
