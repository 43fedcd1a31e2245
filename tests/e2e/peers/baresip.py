"""baresip as a softphone without a screen: registers, answers, says a tone, writes down what it hears.

What it hears goes through its `sndfile` filter into `dump-…-dec.wav`; it is driven by JSON commands over TCP.
"""

from __future__ import annotations

import json
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from .loopback import free_port, in_uri
from .process import Program
from .sound import read_wav, sine, write_wav
from .waiting import eventually

MODULES = Path("/usr/lib/baresip/modules")
CONTROL_PORT = 4444
TONE_S = 60.0
"How long the phone's tone is; no call of a test lasts longer."


@dataclass(frozen=True)
class Account:
    """Whom the phone registers as. Without a password it registers nowhere (a telco's line)."""

    user: str
    domain: str
    "The registrar, `127.1.2.3` or `[::1]:5070`."
    password: str = ""
    auto_answer: bool = True
    transport: str = "udp"
    register_every_s: int = 60
    srtp: str = ""
    "`srtp` (if the other side can) or `srtp-mand`; plain by default."


class Baresip:
    """One softphone at an address of its own. `tone` (Hz) is what it says all the time during a call, if it
    is not given `speech`, a WAV file. `ca`: whom it trusts, for TLS."""

    def __init__(
        self,
        folder: Path,
        host: str,
        accounts: list[Account],
        *,
        tone: int,
        speech: Path | None = None,
        ca: Path | None = None,
        accounts_file: str = "",
    ) -> None:
        """`accounts_file`: what its file of accounts has besides."""
        folder.mkdir(parents=True)
        self._ca = ca
        self.folder = folder
        self.host = host
        # Of IPv6 loopback has one address, which all share.
        alone = ":" not in host
        self.sip_port = 5060 if alone else free_port()
        self._control_port = CONTROL_PORT if alone else free_port()
        self._accounts = accounts
        (folder / "config").write_text(self._config())
        written = "".join(self._account(account) for account in accounts)
        (folder / "accounts").write_text(written + accounts_file)
        (folder / "contacts").touch()
        said = read_wav(speech).channels[0] if speech is not None else sine(tone, TONE_S)
        write_wav(folder / "tone.wav", said)
        command = shutil.which("baresip")
        assert command, "baresip is missing: scripts/install-test-tools.sh installs it"
        self.program = Program([command, "-f", folder], folder / "baresip.log")

    def _config(self) -> str:
        trusted = f"sip_cafile {self._ca}\nsip_verify_server yes\n" if self._ca is not None else ""
        modules = "".join(
            f"module {name}.so\n" for name in ("g711", "aufile", "aubridge", "sndfile", "srtp", "ctrl_tcp")
        )
        return f"""poll_method epoll
sip_listen {in_uri(self.host)}:{self.sip_port}
{trusted}net_interface {self.host}
ctrl_tcp_listen {in_uri(self.host)}:{self._control_port}
module_path {MODULES}
{modules}module_app account.so
module_app menu.so
audio_source aufile,{self.folder}/tone.wav
audio_player aubridge,none
audio_channels 1
ausrc_srate 8000
auplay_srate 8000
snd_path {self.folder}
statmode_default off
call_max_calls 8
call_local_timeout 120
"""

    def _account(self, account: Account) -> str:
        parameters = {
            "regint": str(account.register_every_s if account.password else 0),
            "answermode": "auto" if account.auto_answer else "manual",
            "audio_codecs": "PCMA/8000/1,PCMU/8000/1",
        }
        if account.srtp:
            parameters["mediaenc"] = account.srtp
        if account.password:
            parameters |= {"auth_user": account.user, "auth_pass": account.password}
        settings = "".join(f";{name}={value}" for name, value in parameters.items())
        return f"<sip:{account.user}@{account.domain};transport={account.transport}>{settings}\n"

    def start(self) -> None:
        """Starts it and waits until every account with a password is registered."""
        self.program.start()
        self.program.wait_for_log("baresip is ready")
        registered = sum(1 for account in self._accounts if account.password)
        if registered:
            self.program.wait_for_log("200 OK", times=registered)

    def stop(self) -> None:
        self.program.stop()

    def do(self, command: str, params: str = "") -> str:
        """Runs one command (`dial`, `hangup`, `hold`, `resume`, `accept`) and returns what it said."""
        request = json.dumps({"command": command, "params": params, "token": "t"}).encode()
        with socket.create_connection((self.host, self._control_port), timeout=5) as connection:
            connection.sendall(b"%d:%s," % (len(request), request))
            received = b""
            while True:
                message, received = _netstring(received)
                if message is None:
                    received += connection.recv(65536)
                elif message.get("response"):  # others are events
                    return str(message.get("data", ""))

    def dial(self, uri: str) -> None:
        self.do("dial", uri)

    def press(self, key: str) -> None:
        """A key of the telephone (RFC 4733)."""
        self.do("sndcode", key)

    def hang_up(self) -> None:
        self.do("hangup")

    def wait_for_ring(self, *, times: int = 1) -> None:
        """Waits until the phone rings (for the n-th time); one that does not answer by itself."""
        self.program.wait_for_log("Incoming call from", times=times)

    def wait_for_call(self, *, times: int = 1) -> None:
        """Waits until a call (the n-th of this phone) is established."""
        self.program.wait_for_log("Call established", times=times)

    def wait_for_end(self, *, times: int = 1) -> None:
        """Waits until the n-th call is over, whoever ended it."""

        def ended() -> bool:
            log = (
                self.program.log()
            )  # the first comes if the other side ended it, the second if it was answered
            return max(log.count("session closed"), log.count("terminated (duration")) >= times

        eventually(ended, "the phone's call ends")

    def heard(self) -> Path:
        """What the phone heard in its latest call, WAV."""
        dumps = eventually(self._dumps, "the phone writes down what it hears")
        return max(dumps, key=lambda file: file.stat().st_mtime)

    def _dumps(self) -> list[Path]:
        return list(self.folder.glob("dump-*-dec.wav"))


def _netstring(data: bytes) -> tuple[dict[str, object] | None, bytes]:
    """The first `length:content,` of the data, if it is there as a whole, and the rest."""
    length, separator, rest = data.partition(b":")
    if not separator or len(rest) <= int(length):
        return None, data
    return json.loads(rest[: int(length)]), rest[int(length) + 1 :]
