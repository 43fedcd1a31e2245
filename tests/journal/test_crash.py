"""The journal against the end of its process and of its disk space, for real."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from ntpd112.journal import Journal

WRITER = """
import sys
from ntpd112.journal import Journal
from tests.journal.builders import ended, started
journal = Journal(sys.argv[1], checkpoint_bytes=1)
number = journal.last_seq
while True:
    number += 1
    journal.append(started(f"C{number:08}"))
    if number % 3 == 0:
        journal.append(ended(f"C{number:08}"))
    journal.commit()
    if number % 500 == 0:
        journal.checkpoint()
    print(number, flush=True)  # the acknowledgement: what outside has seen
"""

FULL_DISK = """
import resource, signal, sys
from ntpd112.journal import Journal
from tests.journal.builders import started
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
for number in range(2_000):
    journal.append(started(f"C{number:08}"))
    journal.commit()
print(journal.problem, journal.waiting)
journal.commit()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.commit()
print(journal.problem, journal.waiting, len(journal.read(0, 5_000)))
journal.close()
"""


def test_what_was_acknowledged_is_there_after_kill_9_at_any_moment(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    for seed in range(4):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True, cwd=os.getcwd()
        )
        assert writer.stdout is not None
        acknowledged = ""
        for _ in range(random.Random(seed).randint(1, 1500)):
            acknowledged = writer.stdout.readline().strip()
        writer.send_signal(signal.SIGKILL)
        acknowledged = (writer.stdout.read().splitlines() or [acknowledged])[-1] or acknowledged
        writer.wait()
        writer.stdout.close()

        journal = Journal(path)
        calls = {stored.event.call_id for stored in journal.read(0, 1_000_000)}
        last = int(acknowledged) if acknowledged.isdigit() else 0
        assert last > 0
        assert f"C{last:08}" in calls
        open_now = set(journal.open_calls())
        assert open_now == {call_id for call_id in calls if int(call_id[1:]) % 3}
        journal.close_open_calls(now=2000.0)
        assert journal.open_calls() == []
        journal.close()
        path.unlink()


def test_a_full_disk_keeps_events_in_memory_and_says_so_until_there_is_room(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "j.db")], capture_output=True, text=True, timeout=60
    )
    full, room = done.stdout.splitlines()
    assert "in memory only: free some space" in full
    assert int(full.split()[-1]) > 100
    assert room == "None 0 2000"
    assert done.stderr.count("free some space") == 1
