"""Linphone without a screen (`linphonec`): it has the file that an operator's Linphone has, says a tone from
a file in place of a microphone, and writes down what it hears."""

from __future__ import annotations

import shutil
from pathlib import Path

from .process import Program
from .sound import sine, write_wav
from .waiting import eventually

TONE_S = 60.0
PLACE = """[sip]
sip_port=5060
use_ipv6=0
bind_address={host}
[rtp]
audio_rtp_port=-1
"""
"Where it is on the session's network, RTP at any free port: the installation's file, beside the user's."


class Linphone:
    """One softphone at an address of its own, with `linphonerc` as its file."""

    def __init__(self, folder: Path, host: str, linphonerc: str, *, tone: int) -> None:
        command = shutil.which("linphonec")
        assert command, "linphonec is missing: scripts/install-test-tools.sh installs it"
        (folder / ".local" / "share" / "linphone").mkdir(parents=True)
        self._folder = folder
        (folder / "place").write_text(PLACE.format(host=host))
        (folder / "linphonerc").write_text(linphonerc)
        write_wav(folder / "tone.wav", sine(tone, TONE_S))
        self.program = Program(
            [command, "-b", folder / "place", "-c", folder / "linphonerc"],
            folder / "linphone.log",
            environment={"HOME": str(folder), "TERM": "dumb"},
            takes_commands=True,
        )

    def start(self) -> None:
        """Starts it and waits until it is registered."""
        self.program.start()
        self.program.say("soundcard use files")
        self.program.say(f"play {self._folder}/tone.wav")
        self.program.say(f"record {self.heard}")

        def registered() -> bool:
            self.program.say("status register")
            return "registered, identity=" in self.program.log()

        eventually(registered, "Linphone is registered")

    def stop(self) -> None:
        self.program.stop()

    @property
    def heard(self) -> Path:
        """What it heard in its call, WAV."""
        return self._folder / "heard.wav"

    def pick_up(self) -> None:
        """Waits until it rings, and answers. Other commands are Linphone's own: `pause`, `terminate`."""
        self.program.wait_for_log("Receiving new incoming call")
        self.program.say("answer")
