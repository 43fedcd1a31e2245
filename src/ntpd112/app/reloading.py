"""Another configuration while calls run: as a whole or not at all.

Calls in progress go on. One that waits keeps the ladder and the rules of its queue as they were when it came;
the next call, and one that comes back to the queue, has the new ones.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable

import structlog

from ntpd112.api.routes.configuration import Changed, NotReloaded, Reloaded
from ntpd112.calls.centre import LiveCentre
from ntpd112.calls.context import Context
from ntpd112.calls.control import CallControl
from ntpd112.config import Config, ConfigErrors, dead_ends, warnings_of
from ntpd112.config.differences import Difference, differences, needing_restart

from .policies import policy_of
from .remembering import settings_of
from .telcos import Telcos

log = structlog.get_logger("ntpd112")


class Reloading:
    """`read` reads the configuration anew and raises ConfigErrors; `on_input` asks for a turn; `now` gives
    monotonic seconds."""

    def __init__(
        self,
        read: Callable[[], Config],
        context: Context,
        control: CallControl,
        telcos: Telcos,
        centre: LiveCentre,
        on_input: Callable[[], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._context = context
        self._control = control
        self._telcos = telcos
        self._centre = centre
        self._on_input = on_input
        self._now = now
        self._one_at_a_time = asyncio.Lock()

    async def reload(self, by: str) -> Reloaded:
        """Take over what the file says now. Raises NotReloaded with all problems; then nothing has
        changed."""
        async with self._one_at_a_time:
            try:
                config = await asyncio.to_thread(self._read)
            except ConfigErrors as errors:
                raise self._refused([str(problem) for problem in errors.problems], by) from errors
            found = differences(self._context.config, config)
            if problems := self._problems(config, found):
                raise self._refused(problems, by)
            self._apply(config)
            changes = [Changed(path=one.path, was=one.was, now=one.now) for one in found]
            log.info("configuration reloaded", by=by, changed=[one.path for one in found])
            return Reloaded(changes=changes, warnings=warnings_of(config))

    async def on_signal(self) -> None:
        """For SIGHUP: whoever sent it finds in the log what came of it."""
        try:
            await self.reload("SIGHUP")
        except NotReloaded:
            pass  # said in the log
        except Exception:
            log.exception("OUR MISTAKE: the configuration was not reloaded, please report this")

    def _problems(self, config: Config, found: list[Difference]) -> list[str]:
        problems = [f"{path}: needs a restart of the agent" for path in needing_restart(found)]
        known = {one.message for one in dead_ends(self._context.config)}
        problems += [one.message for one in dead_ends(config) if one.message not in known]
        named = {queue.name for queue in config.queue}
        calls = Counter(call.queue.name for call in self._context.calls.values())
        problems += [
            f'queue "{name}": {count} calls are in it: remove it when they are over'
            for name, count in calls.items()
            if name not in named and self._has_queue(name)
        ]
        return problems

    def _has_queue(self, name: str) -> bool:
        """Calls among operators are in a queue that is none."""
        return any(queue.name == name for queue in self._context.config.queue)

    def _apply(self, config: Config) -> None:
        """Nothing here may fail: the configuration was checked, and half a one would be in force."""
        context = self._context
        self._telcos.configure(config.trunk, config.dns)
        for queue in config.queue:
            context.acd.set_queue(policy_of(queue, config.shield, config.flood))
        context.memory.use(settings_of(config))
        context.config = config
        self._centre.plant.resume()
        self._control.flood.reconfigured(self._now())
        self._on_input()

    def _refused(self, problems: list[str], by: str) -> NotReloaded:
        log.error("CONFIGURATION NOT RELOADED: the old one stays in force", by=by, problems=problems)
        return NotReloaded(problems)
