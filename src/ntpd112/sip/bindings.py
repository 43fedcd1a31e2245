"""The table of registered phones: contacts by user, their expiry and whether they still answer.

One heap tells the next deadline; an entry that became void stays in it until its time comes. A user is
announced with the first reachable contact, and taken back with the last. `now` is monotonic seconds.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from math import inf

from .events import Registered, SipEvent, Unregistered
from .flow import Flow
from .liveness import Liveness
from .nameaddr import NameAddr
from .session_policy import SessionPolicy
from .target import Target
from .uri import Uri

MAX_CONTACTS = 8
"""Phones of one user. One more drops the one not heard of for longest: a phone that comes back after a crash
under a new port must not be locked out by its own leftovers."""
_VOID_ENTRIES = 64
"Void heap entries that are not worth a clean-up."


@dataclass(slots=True, eq=False)
class Binding:
    """One phone of a user."""

    user: str
    key: tuple[object, ...]
    "What makes two Contacts the same phone."
    contact: NameAddr
    "As registered, without `expires`."
    flow: Flow
    "Where the REGISTER came from, and so where requests go: the phone may be behind NAT."
    path: list[NameAddr]
    call_id: str
    cseq: int
    expires_at: float
    user_agent: str
    liveness: Liveness
    registered_at: float
    policy: SessionPolicy | None = None
    "Of calls with it."
    wake_at: float = field(default=inf, init=False)
    "The time of its valid heap entry; -inf once removed."

    @property
    def uri(self) -> Uri:
        return self.contact.uri

    @property
    def reachable(self) -> bool:
        return self.liveness.alive

    @property
    def target(self) -> Target:
        return Target(self.contact.uri, self.flow, tuple(self.path), policy=self.policy)


class Bindings:
    def __init__(self) -> None:
        self._by_user: dict[str, dict[tuple[object, ...], Binding]] = {}
        self._by_flow: dict[Flow, list[Binding]] = {}
        "Without those behind a proxy (Path)."
        self._sources: Counter[Flow] = Counter()
        "How many phones are registered from each flow, proxies' included: one look tells a stranger."
        self._heap: list[tuple[float, int, Binding]] = []
        self._serial = count()
        self._size = 0
        self._due: dict[Binding, None] = {}
        self._announced: set[str] = set()
        self.changes = 0
        "Grows with every phone that came or went."
        self._events: list[SipEvent] = []

    def of(self, user: str) -> list[Binding]:
        """All of a user, the one registered last first."""
        return sorted(self._by_user.get(user, {}).values(), key=lambda b: b.registered_at, reverse=True)

    def all(self) -> list[Binding]:
        return [binding for known in self._by_user.values() for binding in known.values()]

    def get(self, user: str, key: tuple[object, ...]) -> Binding | None:
        return self._by_user.get(user, {}).get(key)

    def user_of_flow(self, flow: Flow) -> str | None:
        """Whose phone sends from there; None for unknown sources and for phones behind a proxy."""
        bindings = self._by_flow.get(flow)
        return bindings[0].user if bindings else None

    def is_phone(self, flow: Flow) -> bool:
        """Whether a phone is registered from there, by itself or by a proxy."""
        return flow in self._sources

    def is_users(self, flow: Flow, user: str) -> bool:
        """Whether a phone of `user` is registered from there, by itself or by a proxy."""
        return any(binding.flow == flow for binding in self._by_user.get(user, {}).values())

    def put(self, binding: Binding) -> None:
        """Add it, in place of the one with the same key."""
        known = self._by_user.setdefault(binding.user, {})
        old = known.get(binding.key)
        if old is not None:
            self._drop(old)
        elif len(known) >= MAX_CONTACTS:
            self._drop(min(known.values(), key=lambda b: (b.reachable, b.registered_at)))
        self._by_user.setdefault(binding.user, {})[binding.key] = binding
        self._sources[binding.flow] += 1
        if not binding.path:
            self._by_flow.setdefault(binding.flow, []).append(binding)
        self._size += 1
        self.changes += 1
        self._arm(binding)
        self._announce(binding.user, "")

    def remove(self, binding: Binding, reason: str) -> None:
        self._drop(binding)
        self._announce(binding.user, reason)

    def close_flow(self, flow: Flow) -> None:
        """A connection is gone, and with it the way to its phones (RFC 5626 §5.3)."""
        if flow.reliable:
            for binding in list(self._by_flow.get(flow, ())):
                self.remove(binding, "unreachable")

    def next_timer(self) -> float | None:
        heap = self._heap
        while heap and heap[0][0] != heap[0][2].wake_at:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def handle_timer(self, now: float) -> None:
        while (at := self.next_timer()) is not None and at <= now:
            binding = heapq.heappop(self._heap)[2]
            binding.wake_at = inf
            if binding.expires_at <= now:
                self.remove(binding, "expired")
                continue
            liveness = binding.liveness
            if liveness.due_at <= now:
                if liveness.asked:
                    liveness.missed(now)
                    self._announce(binding.user, "unreachable")
                else:
                    liveness.ask(now)
                    self._due[binding] = None
            self._arm(binding)

    def take_due(self) -> list[Binding]:
        due = [binding for binding in self._due if binding.wake_at != -inf]
        self._due.clear()
        return due

    def keepalive_result(self, binding: Binding, ok: bool, now: float) -> None:
        if binding.wake_at == -inf:
            return
        if ok:
            binding.liveness.heard(now)
        else:
            binding.liveness.missed(now)
        self._arm(binding)
        self._announce(binding.user, "unreachable")

    def seen(self, flow: Flow, user: str) -> None:
        """A phone of `user` called us from there."""
        for binding in self._by_user.get(user, {}).values():
            if binding.flow == flow:
                binding.liveness.seen()
        self._announce(user, "")

    def doubt(self, user: str, now: float) -> None:
        for binding in self.of(user):
            binding.liveness.doubt(now)
            self._arm(binding)

    def take_events(self) -> list[SipEvent]:
        events, self._events = self._events, []
        return events

    def _drop(self, binding: Binding) -> None:
        binding.wake_at = -inf
        self._size -= 1
        self.changes += 1
        known = self._by_user[binding.user]
        del known[binding.key]
        if not known:
            del self._by_user[binding.user]
        self._sources[binding.flow] -= 1
        if not self._sources[binding.flow]:
            del self._sources[binding.flow]
        if not binding.path:
            same_flow = self._by_flow[binding.flow]
            same_flow.remove(binding)
            if not same_flow:
                del self._by_flow[binding.flow]

    def _arm(self, binding: Binding) -> None:
        """See that the heap wakes us in time; waking too early costs less than a second entry."""
        due = min(binding.expires_at, binding.liveness.due_at)
        if due < binding.wake_at:
            binding.wake_at = due
            heapq.heappush(self._heap, (due, next(self._serial), binding))
        if len(self._heap) > 2 * self._size + _VOID_ENTRIES:
            self._heap = [entry for entry in self._heap if entry[0] == entry[2].wake_at]
            heapq.heapify(self._heap)

    def _announce(self, user: str, reason: str) -> None:
        reachable = any(binding.reachable for binding in self._by_user.get(user, {}).values())
        if reachable and user not in self._announced:
            self._announced.add(user)
            self._events.append(Registered(user))
        elif not reachable and user in self._announced:
            self._announced.remove(user)
            self._events.append(Unregistered(user, reason))
