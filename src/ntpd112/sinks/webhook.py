"""From the journal to a webhook: what is wanted goes into an outbox in one transaction with the position, and
a courier takes it from there. So a receiver that is slow or away holds up nothing but its own deliveries."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from ntpd112.feed.messages import Writer
from ntpd112.journal import Source

from .courier import LOOK_S, Courier
from .delivery import RETRY_FOR_S, Answer, Clock, Envelope, Wanted, headers
from .messages import Messages, Telling
from .outbox import Counts, Dead, Outbox
from .pace import Pace
from .receiver import Open, ReceiverSettings
from .sink import LINGER_S, RETRY_S, Sink


@dataclass(frozen=True, kw_only=True)
class HookSettings:
    """`retry_for_s`: from the first try of a delivery to the last."""

    name: str
    receiver: ReceiverSettings
    wanted: Wanted
    region: str
    zone: tzinfo
    retry_for_s: float = RETRY_FOR_S

    def envelope(self, journal: str = "") -> Envelope:
        return Envelope(hook=self.name, journal=journal, region=self.region, zone=self.zone)


class WebhookSink(Sink):
    recovered = "works again"

    def __init__(
        self,
        journal: Source,
        outbox: Outbox,
        settings: HookSettings,
        opens: Open,
        pace: Pace,
        *,
        clock: Clock = time.time,
        linger_s: float = LINGER_S,
        retry_s: tuple[float, float] = RETRY_S,
        look_s: float = LOOK_S,
    ) -> None:
        super().__init__(journal, outbox, linger_s=linger_s, retry_s=retry_s)
        self.label = f'webhook "{settings.name}"'
        self.settings = settings
        self._outbox = outbox
        self._opens = opens
        self._clock = clock
        self._envelope = settings.envelope(journal.id)
        self._writer = Writer(journal.id, settings.zone)
        self._courier = Courier(
            self.label,
            outbox,
            settings.receiver.present_secrets,
            pace,
            retry_for_s=settings.retry_for_s,
            clock=clock,
            look_s=look_s,
        )

    @property
    def problem(self) -> str | None:
        return self._trouble or self._courier.problem

    @property
    def position(self) -> int:
        """One that is switched off holds nothing in the journal."""
        return self._journal.last_seq if self.gone else super().position

    @property
    def sent(self) -> int:
        return self._courier.results["taken"]

    @property
    def gone(self) -> bool:
        """The receiver has answered 410."""
        return self._courier.gone

    @property
    def shown_url(self) -> str:
        return self.settings.receiver.shown_url()

    @property
    def events(self) -> list[str]:
        return sorted(self.settings.wanted.kinds)

    @property
    def counts(self) -> Counts:
        return self._courier.counts

    @property
    def results(self) -> Counter[str]:
        """Tries since the start: `taken`, `again`, `dead`, `gone`."""
        return self._courier.results

    def stop(self) -> None:
        super().stop()
        self._courier.wait_no_more()

    async def dead(self, limit: int) -> Sequence[Dead]:
        """The last first. Raises sqlite3.Error."""
        return await asyncio.to_thread(self._outbox.dead, limit)

    async def resend(self, delivery: str | None) -> int:
        """Puts a dead delivery, or all, behind what waits. Returns how many. Raises sqlite3.Error."""
        found = await asyncio.to_thread(self._outbox.resend, delivery, self._clock())
        self._courier.wake()
        return found

    async def test(self) -> Answer:
        """Sends a `webhook.test` now, past everything that waits. If it is taken, a webhook that was switched
        off by a 410 is on again. Raises OSError, ValueError of the files of secrets and certificates."""
        answer = await send_test(self.settings, self._opens, self._clock())
        self._courier.accepted(answer)
        return answer

    async def _serve(self) -> None:
        async with self._opens() as post, asyncio.TaskGroup() as group:
            group.create_task(self._courier.run(post))
            kept = await asyncio.to_thread(self._outbox.kept)
            await self._follow(
                Messages(
                    self.settings.region,
                    self.settings.zone,
                    self._journal.read_call,
                    kept,
                    kinds=self.settings.wanted.kinds,
                    feed=self._writer,
                )
            )
            self._courier.stop()

    async def _may_tell(self) -> bool:
        return await self._courier.room()

    async def _tell(self, telling: Telling, seq: int) -> None:
        await asyncio.to_thread(self._put, telling, seq)
        await self._courier.look()
        self._courier.wake()

    def _put(self, telling: Telling, seq: int) -> None:
        """In a thread."""
        region, wanted = self.settings.region, self.settings.wanted
        deliveries = [self._envelope.around(m) for m in telling.messages if wanted.matches(m, region)]
        self._outbox.put(self._journal.id, seq, telling.operators, deliveries, self._clock())


async def send_test(settings: HookSettings, opens: Open, now: float) -> Answer:
    """One `webhook.test`, by nobody's outbox. Raises OSError, ValueError."""
    delivery = settings.envelope().test(now)
    secrets = await asyncio.to_thread(settings.receiver.present_secrets)
    async with opens() as post:
        return await post(delivery.body, headers(delivery, secrets, now))
