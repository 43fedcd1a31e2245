"""A real Asterisk with the files of `asterisk-config/`; only the site's own files are written here."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .loopback import Loopback
from .process import Program

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / "asterisk-config"
SITE_FILES = {"asterisk.conf", "pjsip-site.conf", "pjsip-operators.conf", "extensions-site.conf", "rtp.conf"}
"The files that a site writes for itself; all others are used as they are."


def asterisk_command() -> Path:
    """The Asterisk that `scripts/install-asterisk.sh` found or installs."""
    script = ROOT / "scripts" / "install-asterisk.sh"
    return Path(subprocess.run([script], check=True, capture_output=True, text=True).stdout.strip())


@dataclass(frozen=True)
class PbxPhone:
    """An operator's second account, at the PBX."""

    user: str
    password: str


class Asterisk:
    """One Asterisk in a folder of its own."""

    def __init__(
        self,
        command: Path,
        folder: Path,
        net: Loopback,
        phones: Sequence[PbxPhone],
        *,
        agent_silence_s: int = 20,
        extensions: str = "",
        subscriber: PbxPhone | None = None,
        telco: str = "",
        printed: Path | None = None,
    ) -> None:
        """`extensions`: dialplan of the site's own, contexts and all. `subscriber`: what the agent registers
        as; it is then not known by its address, and dials in the context `from-subscriber`. `telco`: the
        session's by default. `printed`: what `ntpd112 asterisk-config` has written, taken as it is but for
        the folders of this machine."""
        self._command = command
        self._phones = phones
        self._folder = folder
        self.etc = printed or folder / "etc"
        if printed is None:
            self._write_config(net, agent_silence_s, telco or net.telco, known=subscriber is None)
            self._write_accounts(subscriber)
        folder.mkdir(exist_ok=True)
        (self.etc / "asterisk.conf").write_text(self._folders())
        with (self.etc / "extensions-site.conf").open("a") as site:
            site.write(extensions)
        # Without an answer to its own host name every call would wait for a name server.
        self.program = Program(
            [command, "-f", "-C", self.etc / "asterisk.conf"],
            folder / "asterisk.log",
            environment={"RES_OPTIONS": "timeout:1 attempts:1"},
        )

    def _write_config(self, net: Loopback, agent_silence_s: int, telco: str, *, known: bool) -> None:
        self.etc.mkdir(parents=True)
        for file in CONFIG.glob("*.conf"):
            if file.name not in SITE_FILES:
                (self.etc / file.name).symlink_to(file)
        (self.etc / "rtp.conf").write_text("[general]\nrtpstart = 10000\nrtpend = 10999\n")
        (self.etc / "pjsip-site.conf").write_text(
            f"""[site-system](!)
[site-udp](!)
bind = {net.pbx}:5060
[site-tcp](!)
bind = {net.pbx}:5060
[site-telco](!)
[site-telco-identify](!)
match = {telco}
[site-agent](!)
rtp_timeout = {agent_silence_s}
disallow = all
allow = alaw,ulaw
timers = yes
[site-agent-aor](!)
contact = sip:{net.agent}:5060
[site-agent-identify](!)
match = {net.agent if known else net.stranger}
"""
        )
        hunt_group = "&".join(f"PJSIP/{phone.user}" for phone in self._phones)
        (self.etc / "extensions-site.conf").write_text(
            f"FALLBACK_PHONES = {hunt_group}\n"
            "AGENT_ANSWER_S = 60\nFALLBACK_RING_S = 30\nFALLBACK_ROUNDS = 3\n"
        )

    def _write_accounts(self, subscriber: PbxPhone | None) -> None:
        accounts = [(phone, "", "") for phone in self._phones]
        if subscriber is not None:
            accounts.append((subscriber, "context = from-subscriber\n", "minimum_expiration = 2\n"))
        (self.etc / "pjsip-operators.conf").write_text(
            "".join(
                f"[{phone.user}](operator)\nauth = {phone.user}\naors = {phone.user}\n{endpoint}"
                f"[{phone.user}](operator-auth)\nusername = {phone.user}\npassword = {phone.password}\n"
                f"[{phone.user}](operator-aor)\n{aor}"
                for phone, endpoint, aor in accounts
            )
        )

    def change(self, subscriber: PbxPhone) -> None:
        """The subscriber's password is another one from now on."""
        self._write_accounts(subscriber)
        self.ask("module reload res_pjsip.so")

    def _folders(self) -> str:
        """asterisk.conf: it writes under the test's folder, what it reads came with its packages."""
        prefix = self._command.parents[1]  # ROOT/bin/asterisk
        system = Path("/") if prefix == Path("/usr") else prefix
        modules = next(system.glob("usr/lib/*/asterisk/modules"))
        written = "".join(
            f"{name} => {self._folder}/{kind}\n"
            for name, kind in (
                ("astvarlibdir", "lib"),
                ("astdbdir", "lib"),
                ("astkeydir", "lib"),
                ("astspooldir", "spool"),
                ("astrundir", "run"),
                ("astlogdir", "log"),
                ("astcachedir", "cache"),
            )
        )
        for kind in ("lib", "spool", "run", "log", "cache"):
            (self._folder / kind).mkdir()
        return (
            f"[directories]\nastetcdir => {self.etc}\nastmoddir => {modules}\n"
            f"astdatadir => {system}/usr/share/asterisk\n{written}[options]\nverbose = 3\n"
        )

    def start(self) -> None:
        self.program.start()
        self.program.wait_for_log("Asterisk Ready")

    def stop(self) -> None:
        self.program.stop()

    def ask(self, command: str) -> str:
        """Runs one command of Asterisk's command line (`core show channels`)."""
        done = subprocess.run(
            [self._command, "-C", self.etc / "asterisk.conf", "-rx", command],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    def messages(self) -> str:
        """The log with the dialplan's own lines."""
        return (self._folder / "log" / "messages").read_text(errors="replace")
