"""The program behind `PyVoipPhone`: one pyVoIP softphone that answers every call and says a tone.

Runs in a process of its own, because pyVoIP keeps a thread a phone and a call, and because it is GPL:
nothing of ours imports it. What it hears is written as one WAV file a call. SIGTERM unregisters and ends it,
SIGUSR1 dials.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
from pyVoIP.VoIP import CallState, InvalidStateError, VoIPCall, VoIPPhone
from tests.e2e.peers.sound import sine, write_wav

CHUNK = 160
"Samples read at a time: 20 ms at 8 kHz, eight bits a sample, unsigned."
TONE_S = 60.0
DIAL_FILE = "dial"
"Has the number to dial at SIGUSR1."


class Phone:
    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._calls = 0
        self.phone = VoIPPhone(
            options.server,
            options.port,
            options.user,
            options.password,
            callCallback=self._ring,
            myIP=options.host,
            sipPort=5060,
            rtpPortLow=40000,
            rtpPortHigh=40100,
        )

    def dial(self) -> None:
        """What the file `dial` says. Nothing is said or heard: pyVoIP's ACK is of no dialog, so that a call
        of its own never quite begins."""
        self.phone.call((self._options.folder / DIAL_FILE).read_text())

    def _ring(self, call: VoIPCall) -> None:
        """Called by pyVoIP on a thread of the call."""
        self._calls += 1
        path = self._options.folder / f"heard-{self._calls}.wav"
        try:
            time.sleep(self._options.ring_s)
            call.answer()
            print(f"answered {self._calls}", flush=True)
            call.write_audio(np.uint8(sine(self._options.tone, TONE_S) * 127 + 128).tobytes())
            heard = bytearray()
            started = time.monotonic()
            while call.state == CallState.ANSWERED:
                heard += call.read_audio(CHUNK, blocking=False)
                if (
                    self._options.hang_up_after_s
                    and time.monotonic() - started > self._options.hang_up_after_s
                ):
                    call.hangup()
                time.sleep(CHUNK / 8000)
        except InvalidStateError:  # the caller was faster
            print("the call went away", flush=True)
            return
        write_wav(path, np.frombuffer(bytes(heard), np.uint8).astype(np.float64) / 128.0 - 1.0)
        print(f"wrote {path}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("server", "user", "password", "host"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--port", type=int, default=5060)
    parser.add_argument("--tone", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--ring-s", type=float, default=0.2)
    parser.add_argument("--hang-up-after-s", type=float, default=0.0)
    phone = Phone(parser.parse_args())
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGUSR1, lambda *_: phone.dial())
    phone.phone.start()
    print(f"status {phone.phone.get_status()}", flush=True)
    ended.wait()
    phone.phone.stop()
    sys.exit(0)


if __name__ == "__main__":
    main()
