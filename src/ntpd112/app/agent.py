"""Puts the parts of the agent together, starts them in the order they need each other, and stops them."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ntpd112 import __version__
from ntpd112.access import Gate, Principal
from ntpd112.api.app import create_app
from ntpd112.api.server import ListenError, serve
from ntpd112.audit import AuditLog
from ntpd112.calls.centre import LiveCentre
from ntpd112.calls.context import Context
from ntpd112.calls.control import CallControl
from ntpd112.calls.unserved import unserved
from ntpd112.cdr.database import DatabaseError
from ntpd112.cdr.directory import Directory, Operator
from ntpd112.cdr.lastknown import LastKnown
from ntpd112.cdr.projection import CdrProjection
from ntpd112.cdr.reports import Reports
from ntpd112.cdr.store import CdrStore
from ntpd112.config import Config, certificate_doubts, dead_ends, warnings_of
from ntpd112.feed import Feed
from ntpd112.journal import Journal, JournalError
from ntpd112.journal.events import AgentStarted
from ntpd112.media import MediaClient, MediaError, MediaSettings
from ntpd112.media.site import SitePrompts
from ntpd112.memory import Saver, restore
from ntpd112.queue import Acd
from ntpd112.sinks import Sink
from ntpd112.sip.agent import UaConfig, UserAgent
from ntpd112.sip.endpoint import SipEndpoint
from ntpd112.sip.outbound import Outbound
from ntpd112.sip.registrar import Registrar
from ntpd112.sip.session_policy import SessionPolicy
from ntpd112.sip.tls import TlsError
from ntpd112.sip.trunks import Trunks

from .capturing import start_capture
from .certificates import Expiry, keep_renewed, tls_of
from .database import MainDatabase
from .metering import metrics_of
from .naming import Naming, Saved
from .operators import OperatorWatch
from .pauses import Pauses
from .phones import PhoneBook
from .policies import policy_of, trunk_of
from .publishing import mqtt_sinks, say_goodbye, webhook_sinks
from .reloading import Reloading
from .remembering import give_back_counters, keep_saved, save_last, settings_of
from .retention import REMOVED, keep_retention, keepers
from .telcos import Telcos
from .turn import Turn
from .upkeep import (
    collect_when_quiet,
    keep_clock,
    prune_journal,
    unwritable,
    watch_prompts,
)

log = structlog.get_logger("ntpd112")
LAST_CDRS_S = 5.0
"Seconds the database gets at the end to take the last CDRs."


class StartError(Exception):
    """The agent cannot serve; the message names what stands in the way."""


STOPPERS = (JournalError, DatabaseError, SQLAlchemyError, MediaError, ListenError)
"What may keep the agent from starting through no fault of ours."


class Agent:
    """The whole agent. `start`, then it serves until `stop`. `read`: the configuration again, for a reload;
    raises ConfigErrors. None: it comes from nowhere that could be read."""

    def __init__(self, config: Config, read: Callable[[], Config] | None = None) -> None:
        self.config = config
        self._read = read
        self.pauses = Pauses()
        self._tasks: list[asyncio.Task[None]] = []
        self._opened = AsyncExitStack()
        "What `start` has opened so far."

    async def start(self) -> None:
        config = self.config
        self.journal = Journal(config.journal.path)
        self._opened.callback(self.journal.close)
        loop = asyncio.get_running_loop()
        self.journal.on_retry = partial(self._from_thread, loop)
        interrupted = self.journal.close_open_calls(time.time())
        if interrupted:
            log.error("the last run ended in mid-call; these get a CDR `interrupted`", calls=interrupted)
        file, settings = self._beside("-memory"), settings_of(config)
        self.memory = restore(self.journal, file, settings)
        self.saver = Saver(self.memory, self.journal, file, settings)
        self.database = MainDatabase(config.database.url)
        self._opened.push_async_callback(self.database.close)
        self._build()
        await self.database.begin([self.operators, self.gate])
        self._opened.push_async_callback(self.gate.close)
        give_back_counters(self.memory, self.acd, time.time())
        self.control.start(loop.time())
        self._opened.push_async_callback(self.media.stop)
        await self.media.start(
            MediaSettings(
                ports=config.media.ports,
                workers=config.media.workers,
                language=config.site.language,
                prompts=config.media.prompts,
                dscp=config.media.dscp,
                log_format=config.log.format,
                log_level=config.log.level,
            )
        )
        self.audit = AuditLog(config.audit.path)
        self.audit.start()
        self._opened.callback(self.audit.close)
        self.holds, self.retention = keepers(config, self.database.work, self.journal)
        self.projection = CdrProjection(self.journal, CdrStore(self.database.work))
        self.feed = Feed(self.journal, ZoneInfo(config.site.timezone))
        self.journal.on_commit += [self.projection.wake, self.feed.wake]
        self.webhooks = webhook_sinks(config, self.journal, self._opened)
        self.sinks: dict[str, Sink] = {
            **mqtt_sinks(config, self.journal, self._opened),
            **{f"webhook.{name}": sink for name, sink in self.webhooks.items()},
        }
        self.context.write(AgentStarted(at=time.time(), version=__version__))
        self.capture = start_capture(config.trace, self.trunks, self.endpoint)
        if self.capture is not None:
            self._opened.callback(self.capture.close)
        # Before the first REGISTER can come: what was saved must not take the place of what is newer.
        if restored := self.phones.restore(loop.time()):
            log.info("phones registered before are asked whether they are there", phones=restored)
        self._opened.push_async_callback(self.endpoint.close)
        try:
            await self.endpoint.open(config.sip.listen)
        except OSError as error:
            raise StartError(f"[sip] listen {error.strerror or error}") from error
        self._opened.callback(self.turn.close)
        self.telcos.begin()
        self._opened.push_async_callback(self.telcos.naming.close)
        self._tasks = [
            asyncio.create_task(self.database.look_after(), name="main database"),
            asyncio.create_task(self.database.once_usable(self.projection.run), name="cdr projection"),
            asyncio.create_task(self.feed.run(), name="live feed"),
            *(asyncio.create_task(sink.run(), name=name) for name, sink in self.sinks.items()),
            asyncio.create_task(self.database.once_usable(self.operators.run), name="operator directory"),
            asyncio.create_task(self.database.once_usable(self.gate.run), name="API keys"),
            asyncio.create_task(self.phones.keep_saved(), name="registered phones"),
            asyncio.create_task(collect_when_quiet(self.context.calls.__len__), name="collector"),
            asyncio.create_task(keep_saved(self.saver), name="memory"),
            asyncio.create_task(keep_clock(self.context.clock), name="clock"),
            asyncio.create_task(self.pauses.watch(), name="pauses"),
            asyncio.create_task(keep_renewed(self.tls, config.tls, self.expiry), name="certificates"),
            asyncio.create_task(self.telcos.keep(), name="telcos"),
            asyncio.create_task(
                watch_prompts(SitePrompts(config.media.prompts), self._reload_prompts), name="prompts"
            ),
            asyncio.create_task(
                prune_journal(self.journal, self.projection, list(self.sinks.values()), config.journal.keep),
                name="journal upkeep",
            ),
            asyncio.create_task(
                self.database.once_usable(partial(keep_retention, self.retention, self.holds, self.audit)),
                name="retention",
            ),
        ]
        await self._start_api()
        for dead_end in dead_ends(config):
            log.error(dead_end.message)
        for warning in self._doubts():
            log.warning(warning)
        log.info(
            "ntpd112 is ready",
            version=__version__,
            sip=[str(url) for url in config.sip.listen],
            http=f"http://{config.http.listen[0]}:{config.http.listen[1]}",
            operators=len(self.acd.operators()),
        )

    def _beside(self, suffix: str) -> Path:
        """A file of the agent's own, beside the journal."""
        journal = self.config.journal.path
        return journal.with_name(journal.stem + suffix)

    def _doubts(self) -> list[str]:
        """What does not keep us from serving, and will be missed when a call comes."""
        doubts = [*warnings_of(self.config), *certificate_doubts(self.config, datetime.now(UTC))]
        doubts += unserved(self.config, [operator.spec.skills for operator in self.acd.operators()])
        folder = self.config.media.recordings
        if folder is not None and (problem := unwritable(folder)):
            doubts.append(f'[media] recordings "{folder}": {problem}: calls will not be recorded')
        return doubts

    def _build(self) -> None:
        config = self.config
        try:
            self.tls = tls_of(config.tls)
        except TlsError as problem:
            raise StartError(f"[tls] {problem}") from problem
        self.expiry = Expiry(config.tls)
        self.media = MediaClient(on_input=self._request_turn)
        self.acd = Acd()
        for queue in config.queue:
            self.acd.set_queue(policy_of(queue, config.shield, config.flood))
        database = self.database.work
        self.operators = OperatorWatch(
            Directory(database),
            self.acd,
            config.sip.realm,
            self._request_turn,
            LastKnown(self._beside("-operators.json"), list[Operator]),
        )
        self.gate = Gate(
            database,
            rate=config.http.rate,
            burst=config.http.burst,
            session_s=config.http.session,
            last_keys=LastKnown(self._beside("-keys.json"), dict[str, Principal]),
            last_sessions=LastKnown(self._beside("-sessions.json"), dict[str, Principal]),
        )
        names = LastKnown(self._beside("-names.json"), Saved, "name servers")
        naming = Naming(names, config.dns, {url.transport for url in config.sip.listen})
        self.trunks = Trunks(trunk_of(trunk, naming.names) for trunk in config.trunk)
        self.registrar = Registrar(
            config.sip.realm,
            self.operators.credentials,
            min_expires=int(config.registrar.expires[0]),
            max_expires=int(config.registrar.expires[1]),
            keepalive_s=config.registrar.keepalive,
            policy=SessionPolicy(srtp=config.registrar.srtp),
            secret=secrets.token_bytes(32),
        )
        self.operators.on_removed = self.registrar.remove_user
        self.ua = UserAgent(
            UaConfig(user_agent=f"ntpd112/{__version__}", advertise=config.sip.advertise),
            self.registrar,
            self.trunks,
        )
        context = Context(config, self.ua, self.registrar, self.acd, self.media, self.journal)
        context.memory = self.memory
        outbound = context.outbound = Outbound(self.ua, self.trunks, naming.names)
        self.telcos = Telcos(outbound, config.trunk, naming, self._request_turn)
        context.on_unknown_user = self.operators.look_soon
        self.context = context
        self.control = CallControl(context)
        self.phones = PhoneBook(self._beside("-phones.json"), self.registrar, self.acd, context.clock.wall)
        self.endpoint = SipEndpoint(self.ua, self._request_turn, self.tls, config.sip.dscp, outbound.name_of)
        self.turn = Turn(self.control, self.ua, self.journal, self.media, self.endpoint, context.tally)
        self.centre = LiveCentre(context, self.control, self.trunks, self._request_turn, self._faults)
        self.reloading = Reloading(
            self._read or (lambda: context.config),
            context,
            self.control,
            self.telcos,
            self.centre,
            self._request_turn,
        )

    def _request_turn(self) -> None:
        self.turn.request()

    def _reload_prompts(self) -> None:
        """At once: the turn of the next call may be hours away, and its caller would hear the old ones."""
        self.media.reload_prompts()
        self._request_turn()

    def _from_thread(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_soon_threadsafe(self._request_turn)

    def _faults(self) -> list[str]:
        faults = [self.journal.problem] if self.journal.problem else []
        if not self.media.up:
            faults.append("no media worker runs: calls would have no sound")
        return faults

    def _warnings(self) -> list[str]:
        late = self.projection.problem
        problems = [
            self.database.warning,
            f"CDRs are late: {late}" if late else None,
            self.operators.problem,
            self.audit.problem,
            *(sink.problem for sink in self.sinks.values()),
            *self.gate.warnings(),
            *self.centre.plant.warnings(),
            *self.telcos.warnings(),
        ]
        return [problem for problem in problems if problem]

    async def _start_api(self) -> None:
        metrics = metrics_of(
            self.centre,
            self.ua,
            self.media,
            self.journal,
            self.projection,
            self.sinks,
            self.webhooks,
            self.feed,
            self.pauses,
            self.gate,
        )
        metrics.register(REMOVED)
        metrics.register(self.expiry)
        if self.capture is not None:
            metrics.register(self.capture)
        app = create_app(
            self.centre,
            CdrStore(self.database.reading),
            self.gate,
            recordings=self.config.media.recordings,
            announcements=SitePrompts(self.config.media.prompts),
            feed=self.feed,
            audit_log=self.audit,
            legal_holds=self.holds,
            report_store=Reports(self.database.reading),
            zone=ZoneInfo(self.config.site.timezone),
            metrics=metrics,
            warnings=self._warnings,
            read_call=self.holds.history,
            hooks=self.webhooks,
            reload=self.reloading.reload,
        )
        host, port = self.config.http.listen
        self._api = await serve(app, host, port)

    async def _write_last_cdrs(self) -> None:
        """A database that is away does not hold up the stop: the journal keeps what is left."""
        if not self.database.is_usable:
            return
        try:
            async with asyncio.timeout(LAST_CDRS_S):
                await self.projection.drain()
        except Exception as problem:
            log.error("last CDRs not written; they will be at the next start", reason=repr(problem))

    def refresh_soon(self) -> None:
        """SIGHUP: operators and configuration are read again."""
        self.operators.refresh_soon()
        reload = asyncio.create_task(self.reloading.on_signal(), name="reload")
        self._tasks.append(reload)
        reload.add_done_callback(self._tasks.remove)

    def drain(self) -> None:
        """New calls get 503 from now on, so that the PBX sends them elsewhere; running ones go on."""
        self.ua.drain()
        self.telcos.leave()
        log.warning("draining: new calls get 503", calls=len(self.context.calls))

    async def drained(self) -> None:
        """Returns when the last call has ended."""
        await self.turn.until(lambda: not self.context.calls)

    async def stop(self) -> None:
        """End what still runs, write the last CDRs, close everything."""
        if self.context.calls:
            log.error(
                "stopping with calls in progress: they get a CDR `interrupted`", calls=len(self.context.calls)
            )
        self.ua.drain()
        self.control.stop(asyncio.get_running_loop().time())
        self.turn.run()
        await self.telcos.goodbye(self.turn.until)
        await self.feed.stop()
        await self._api.stop()
        await self.media.stop()
        self.turn.run()
        await save_last(self.saver)
        await self._write_last_cdrs()
        await say_goodbye(self.sinks, self._tasks)
        await self.close()
        log.info("stopped")

    async def close(self) -> None:
        """Close what `start` has opened, the last first; also after a start that failed half-way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._opened.aclose()
