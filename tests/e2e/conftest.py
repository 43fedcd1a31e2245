"""Fixtures of the whole-system tests. Each test has its agent, its PBX and its phones to itself, all on
loopback addresses of the test session; whatever was started ends with the test."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from .peers.agent import OUTSIDE, SIPS_PORT, Agent, Settings
from .peers.asterisk import Asterisk, PbxPhone, asterisk_command
from .peers.baresip import Account, Baresip
from .peers.broker import Broker, Subscriber
from .peers.directories import Directories
from .peers.image import ContainedAgent, Podman
from .peers.kamailio import SECOND_AGENT, Kamailio
from .peers.linphone import Linphone
from .peers.loopback import Loopback, in_uri
from .peers.nameserver import NameServer
from .peers.pyvoip import PyVoipPhone
from .peers.raw import Raw
from .peers.receiver import Receiver
from .peers.registration import Registrar, register
from .peers.secured import SecuredSound
from .peers.sipp import Sipp
from .peers.waiting import eventually

OPERATOR_TONE = 1000
CALLER_TONE = 440


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def net() -> Loopback:
    return Loopback.of_this_process()


@pytest.fixture(scope="session")
def asterisk_program() -> Path:
    return asterisk_command()


@pytest.fixture(scope="session")
def directories(tmp_path_factory: pytest.TempPathFactory) -> Directories:
    return Directories(tmp_path_factory.mktemp("directories"))


class Stage:
    """Puts programs on the stage and takes them off at the end, last first."""

    def __init__(
        self, folder: Path, net: Loopback, directories: Directories, asterisk: Callable[[], Path]
    ) -> None:
        self.folder = folder
        self._directories = directories
        self.net = net
        self._asterisk = asterisk
        self._stops: list[Callable[[], None]] = []
        self._numbers = itertools.count(1)

    def agent(self, settings: Settings | None = None, **operators: dict[str, int]) -> Agent:
        """A started agent with these operators (id to skills)."""
        agent = Agent(self.folder / "agent", self.net, settings)
        self._directories.fill(agent, operators)
        self._stops.append(agent.stop)
        agent.start()
        return agent

    def second_agent(
        self, settings: Settings, *, backup: Path | None = None, **operators: dict[str, int]
    ) -> Agent:
        """Another started one, at an address of its own; what it has comes from a backup, else it has these
        operators."""
        net = replace(self.net, agent_byte=SECOND_AGENT)
        settings = replace(settings, media_ports=self.net.second_media_ports)
        agent = Agent(self.folder / "second-agent", net, settings)
        if backup is None:
            self._directories.fill(agent, operators)
        else:
            agent.cli("restore", str(backup))
        self._stops.append(agent.stop)
        agent.start()
        return agent

    def contained_agent(self, podman: Podman, settings: Settings, *operators: str) -> ContainedAgent:
        """A started agent in a container of the image, with operators added there."""
        agent = ContainedAgent(podman, self.folder / "agent" / "data", self.net, settings)
        self._stops.append(agent.stop)
        agent.start()
        agent.make_key()
        for operator in operators:
            agent.add_operator(operator)
        return agent

    def pbx(
        self,
        *phones: str,
        agent_silence_s: int = 20,
        extensions: str = "",
        subscriber: PbxPhone | None = None,
        telco: str = "",
    ) -> Asterisk:
        """A started Asterisk with the files of `asterisk-config/`, second accounts for these phones, and
        `extensions` of the site's own. `subscriber`: it is a telco at which the agent registers as that;
        `telco`: whose calls it takes for the telco's."""
        pbx = Asterisk(
            self._asterisk(),
            self.folder / "pbx",
            self.net,
            [PbxPhone(phone, f"pbx-{phone}") for phone in phones],
            agent_silence_s=agent_silence_s,
            extensions=extensions,
            subscriber=subscriber,
            telco=telco,
        )
        self._stops.append(pbx.stop)
        pbx.start()
        return pbx

    def pbx_of(self, folder: Path) -> Asterisk:
        """A started Asterisk with the files of this folder, that `ntpd112 asterisk-config` has written."""
        pbx = Asterisk(self._asterisk(), self.folder / "pbx", self.net, [], printed=folder)
        self._stops.append(pbx.stop)
        pbx.start()
        return pbx

    def printed_pbx(
        self, agent: Agent, *, extensions: str = "", changed: Mapping[str, str] | None = None
    ) -> Asterisk:
        """A started Asterisk with what `ntpd112 asterisk-config` prints for this agent, op1 in its hunt
        group. `extensions`: of the site's own; `changed`: in pjsip-site.conf."""
        folder = self.folder / "printed"
        options = ["--operator", "op1", "--certificates", str(agent.folder), "--folder", str(folder)]
        agent.cli("asterisk-config", "--telco", self.net.telco, *options)
        site = folder / "pjsip-site.conf"
        for old, new in (changed or {}).items():
            assert old in site.read_text()
            site.write_text(site.read_text().replace(old, new))
        pbx = Asterisk(
            self._asterisk(), self.folder / "pbx", self.net, [], extensions=extensions, printed=folder
        )
        self._stops.append(pbx.stop)
        pbx.start()
        return pbx

    def printed_phone(self) -> Baresip:
        """op1's phone with its second account only, at the printed PBX."""
        accounts = (self.folder / "printed" / "pjsip-operators.conf").read_text()
        password = accounts.partition("password = ")[2].split()[0]
        account = Account("op1", self.net.pbx, password)
        return self._baresip("op1", self.net.phone(next(self._numbers)), [account], OPERATOR_TONE)

    def operator_phone(
        self,
        agent: Agent,
        operator: str,
        *,
        with_pbx: bool | str = False,
        register_every_s: int = 60,
        tone: int = OPERATOR_TONE,
        transport: str = "udp",
        answers: bool = True,
        ca: Path | None = None,
        srtp: str = "",
        registrar: str = "",
        host: str = "",
    ) -> Baresip:
        """A baresip registered as the operator. `with_pbx`: also with the second account at the PBX
        (its password there); `answers`: every call, by itself; `ca`: whom it trusts, for `transport` tls;
        `srtp`: see `Account`; `registrar`: a proxy before the agent, or another address of it;
        `host`: the phone's."""
        straight = self.net.agent if ca is None else f"{self.net.agent}:{SIPS_PORT}"
        accounts = [
            Account(
                operator,
                registrar or straight,
                f"secret-{operator}",
                auto_answer=answers,
                register_every_s=register_every_s,
                transport=transport,
                srtp=srtp,
            )
        ]
        if with_pbx:
            password = with_pbx if isinstance(with_pbx, str) else f"pbx-{operator}"
            accounts.append(Account(operator, self.net.pbx, password))
        host = host or self.net.phone(next(self._numbers))
        phone = self._baresip(operator, host, accounts, tone, ca=ca)
        agent.wait_for_operator(operator, "ready")
        return phone

    def softphone(self, name: str, accounts_file: str) -> Baresip:
        """A baresip with this file of accounts; it has the operators' tone."""
        return self._baresip(
            name, self.net.phone(next(self._numbers)), [], OPERATOR_TONE, accounts_file=accounts_file
        )

    def linphone(self, name: str, linphonerc: str) -> Linphone:
        """A registered Linphone with this file; it has the operators' tone."""
        host = self.net.phone(next(self._numbers))
        phone = Linphone(self.folder / name, host, linphonerc, tone=OPERATOR_TONE)
        self._stops.append(phone.stop)
        phone.start()
        return phone

    def pbx_phone(self, user: str) -> Baresip:
        """A baresip with an account at the PBX only, which answers by itself; it has the operators' tone."""
        account = Account(user, self.net.pbx, f"pbx-{user}")
        return self._baresip(user, self.net.phone(next(self._numbers)), [account], OPERATOR_TONE)

    def pyvoip_phone(self, agent: Agent, operator: str) -> PyVoipPhone:
        host = self.net.phone(next(self._numbers))
        phone = PyVoipPhone(
            self.folder / operator, host, operator, f"secret-{operator}", self.net.agent, tone=OPERATOR_TONE
        )
        self._stops.append(phone.stop)
        phone.start()
        agent.wait_for_operator(operator, "ready")
        return phone

    def telco(
        self,
        number: str = "08123456789",
        *,
        speech: Path | None = None,
        transport: str = "udp",
        ca: Path | None = None,
        srtp: str = "",
        host: str = "",
    ) -> Baresip:
        """A telco's line: a softphone at the telco's address (or `host`) that can dial 112 and be called. It
        says its tone, or speech from a WAV file. For the others see `operator_phone`."""
        host = host or self.net.telco
        account = Account(number, in_uri(host), transport=transport, srtp=srtp)
        name = f"telco-{next(self._numbers)}"
        return self._baresip(name, host, [account], CALLER_TONE, speech, ca)

    def outside_phone(self, user: str, *, tone: int = OPERATOR_TONE, host: str = "") -> Baresip:
        """A phone somewhere outside that answers by itself; it says the operators' tone by default."""
        host = host or self.net.phone(OUTSIDE)
        return self._baresip(user, host, [Account(user, in_uri(host))], tone)

    def _baresip(
        self,
        name: str,
        host: str,
        accounts: list[Account],
        tone: int,
        speech: Path | None = None,
        ca: Path | None = None,
        accounts_file: str = "",
    ) -> Baresip:
        phone = Baresip(
            self.folder / name, host, accounts, tone=tone, speech=speech, ca=ca, accounts_file=accounts_file
        )
        self._stops.append(phone.stop)
        phone.start()
        return phone

    def sipp_phone(self, agent: Agent, operator: str, *steps: str, calls: int = 1) -> Sipp:
        """SIPp as the operator's phone: registered and listening; it then does what the steps say."""
        host = self.net.phone(next(self._numbers))
        register(Registrar(self.net.agent, 5060, self.net.agent), operator, f"secret-{operator}", host)
        phone = Sipp(self.folder, steps, host=host, calls=calls)
        self._stops.append(phone.stop)
        phone.start()
        agent.wait_for_operator(operator, "ready")
        return phone

    def crew(self, agent: Agent, count: int, *steps: str, calls: int) -> Sipp:
        """So many operators, whose phones are one SIPp that takes as many calls at once as come."""
        host = self.net.phone(next(self._numbers))
        names = [f"op{number}" for number in range(1, count + 1)]
        listed = self.folder / "operators.csv"
        rows = "".join(f"{name},{name},secret-{name},\n" for name in names)
        listed.write_text(f"id,name,password,skills\n{rows}")
        agent.set_up("operator", "import", str(listed))
        eventually(lambda: len(agent.listed("/operators")) == count, "the operators are known")
        for name in names:
            register(Registrar(self.net.agent, 5060, self.net.agent), name, f"secret-{name}", host)
        phones = Sipp(self.folder, steps, host=host, calls=calls)
        self._stops.append(phones.stop)
        phones.start()
        for name in names:
            agent.wait_for_operator(name, "ready")
        return phones

    def sipp_outside(self, *steps: str) -> Sipp:
        """SIPp as the phone somewhere outside, listening."""
        phone = Sipp(self.folder, steps, host=self.net.phone(OUTSIDE))
        self._stops.append(phone.stop)
        phone.start()
        return phone

    def caller(
        self,
        agent: Agent,
        *steps: str,
        host: str = "",
        target: str = "",
        transport: str = "u1",
        calls: int = 1,
        rate: int = 1,
        answers_options: bool = False,
    ) -> Sipp:
        """SIPp as a telco's trunk, not started yet. `rate`: calls a second."""
        caller = Sipp(
            self.folder,
            steps,
            host=host or self.net.telco,
            port=5060 + next(self._numbers),
            target=target or agent.sip,
            transport=transport,
            calls=calls,
            rate=rate,
            answers_options=answers_options,
        )
        self._stops.append(caller.stop)
        return caller

    def raw_caller(self, agent: Agent) -> Raw:
        """A telco's trunk by hand."""
        peer = Raw(self.net.telco, agent.sip)
        self._stops.append(peer.close)
        return peer

    def secured_sound(self, tone: int, host: str = "") -> SecuredSound:
        """The sound that goes with a raw caller."""
        sound = SecuredSound(host or self.net.telco, tone)
        self._stops.append(sound.close)
        return sound

    def raw_phone(self, agent: Agent, operator: str) -> Raw:
        """The operator's phone by hand, registered."""
        host = self.net.phone(next(self._numbers))
        register(Registrar(self.net.agent, 5060, self.net.agent), operator, f"secret-{operator}", host)
        peer = Raw(host, agent.sip, 5060)
        self._stops.append(peer.close)
        agent.wait_for_operator(operator, "ready")
        return peer

    def edge(self, *, tls: bool = False, pbx: bool = False) -> Kamailio:
        """A started Kamailio in front of the agent."""
        edge = Kamailio(self.folder / "edge", self.net, tls=tls, pbx=pbx)
        self._stops.append(edge.stop)
        edge.start()
        return edge

    def broker(self, certificate: tuple[Path, Path] | None = None, rules: str = "") -> Broker:
        """A started mosquitto, by default without TLS and access rules."""
        broker = Broker(self.folder / "broker", self.net.broker, certificate, rules)
        self._stops.append(broker.stop)
        broker.start()
        return broker

    def subscriber(self, broker: Broker, *, ca: Path | None = None) -> Subscriber:
        """A started mosquitto_sub; the broker knows it."""
        folder = self.folder / f"subscriber-{next(self._numbers)}"
        subscriber = Subscriber(folder, broker, ca)
        self._stops.append(subscriber.stop)
        subscriber.start()
        return subscriber

    def receiver(self) -> Receiver:
        """A started receiver of webhooks."""
        receiver = Receiver(self.folder / "receiver", self.net.receiver)
        self._stops.append(receiver.stop)
        receiver.start()
        return receiver

    def name_server(self, *records: str) -> NameServer:
        """A started dnsmasq with these records."""
        server = NameServer(self.folder / "name-server", self.net.name_server)
        self._stops.append(server.stop)
        server.has(*records)
        return server

    def clear(self) -> None:
        while self._stops:
            self._stops.pop()()


@pytest.fixture
def stage(
    tmp_path: Path, net: Loopback, directories: Directories, request: pytest.FixtureRequest
) -> Iterator[Stage]:
    stage = Stage(tmp_path, net, directories, lambda: request.getfixturevalue("asterisk_program"))
    yield stage
    stage.clear()
