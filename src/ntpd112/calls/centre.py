"""The live call centre as the API sees it: views made on demand, and the few things it may do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from ntpd112.journal.events import Classification
from ntpd112.queue import Call as Place
from ntpd112.queue import Operator
from ntpd112.sip.trunks import Trunks

from .call import Call
from .callback_list import LiveCallbacks
from .classifying import call_of, classify
from .commands import Commands
from .console import CallbackList, CallCommands, Remembered, WaitingCommands
from .context import Context
from .control import CallControl
from .expected import expected_wait
from .figures import figures
from .live_trials import LiveTrials, TrialCalls
from .plant import Plant
from .probing import Probing
from .remembered import LiveMemory
from .steering import Steering
from .views import (
    CallView,
    ContactView,
    Figures,
    FloodView,
    Health,
    OperatorView,
    PartyView,
    PlaceView,
    QueueView,
    SettableState,
    TransferView,
    TrunkTestView,
    TrunkView,
    UnknownCall,
    UnknownOperator,
)


class LiveCentre:
    """Implements `console.CallCentre`. `on_input` asks for a turn after something was changed; `faults` tells
    what is broken in the process (journal, media worker); `now` gives monotonic seconds."""

    def __init__(
        self,
        context: Context,
        control: CallControl,
        trunks: Trunks,
        on_input: Callable[[], None],
        faults: Callable[[], list[str]],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = context
        self._control = control
        self._on_input = on_input
        self._faults = faults
        self._now = now
        self._zone: tzinfo = ZoneInfo(context.config.site.timezone)
        self.plant = Plant(context, trunks, self._wall_date, on_input, now)
        self._probing = Probing(context, trunks, self._date, on_input, now)
        self.callbacks: CallbackList = LiveCallbacks(context, control.callbacks, self._zone, on_input, now)
        self.steering: WaitingCommands = Steering(context, self._call_view, on_input, now)
        self.remembered: Remembered = LiveMemory(context, on_input, now)
        self.trials: TrialCalls = LiveTrials(control.trials, trunks, self._date, on_input, now)
        self.commands: CallCommands = Commands(context, control, self._call_view, on_input, now)

    # --- calls

    def calls(self) -> Iterator[CallView]:
        for call in list(self._context.calls.values()):
            if call.id in self._context.calls:
                yield self._call_view(call, self._now())

    def call(self, call_id: str) -> CallView:
        call = self._context.calls.get(call_id)
        if call is None:
            raise UnknownCall(f"no live call has the id {call_id}")
        return self._call_view(call, self._now())

    def call_of(self, operator_id: str) -> str | None:
        return call_of(self._context, operator_id, self._now())

    def classify(self, call_id: str, classification: Classification, by: str) -> None:
        classify(self._context, call_id, classification, by, self._now())
        self._on_input()

    def _call_view(self, call: Call, now: float) -> CallView:
        until = call.connected_at if call.connected_at is not None else now
        facts, waits = call.facts, self._context.acd.call(call.id)
        needs = call.needs
        since = call.queued_at if needs is None else call.since
        return CallView(
            id=call.id,
            state=call.state,
            queue=call.queue.name,
            trunk=facts.trunk,
            caller=facts.caller,
            caller_name=facts.caller_name,
            dialled=facts.dialled,
            operator=call.operator,
            parties=_parties(call),
            caller_held=call.caller_mode == "hold",
            transfer=_transfer(call),
            note=call.note,
            created_at=self._date(call.started_at),
            waiting_s=round(max(0.0, until - since), 3),
            priority=needs.priority if needs else call.queue.priority,
            skills=waits.must if waits else dict(needs.skills) if needs else {},
            reasons=list(needs.reasons) if needs else [],
            place=_place(call, waits) if waits else None,
            category=facts.category,
            classification=call.classification,
            location=facts.location,
            access_network=facts.access_network or None,
            parts=facts.parts,
        )

    # --- operators

    def operators(self) -> Iterator[OperatorView]:
        for operator_id in self._context.acd.operator_ids():
            operator = self._context.acd.operator(operator_id)
            if operator is not None:
                yield self._operator_view(operator)

    def operator(self, operator_id: str) -> OperatorView:
        operator = self._context.acd.operator(operator_id)
        if operator is None:
            raise UnknownOperator(f'no operator has the id "{operator_id}"')
        return self._operator_view(operator)

    def set_operator_state(self, operator_id: str, state: SettableState, by: str) -> OperatorView:
        if self._context.acd.operator(operator_id) is None:
            raise UnknownOperator(f'no operator has the id "{operator_id}"')
        self._context.acd.request_state(operator_id, state, self._now(), reason=by)
        self._on_input()
        return self.operator(operator_id)

    def _operator_view(self, operator: Operator) -> OperatorView:
        contacts = [
            ContactView(
                uri=str(binding.uri),
                source=f"{binding.flow.remote.host}:{binding.flow.remote.port}",
                user_agent=binding.user_agent,
                expires_at=self._date(binding.expires_at),
                reachable=binding.reachable,
                answers_options=binding.liveness.answers,
            )
            for binding in self._context.registrar.bindings(operator.id)
        ]
        return OperatorView(
            id=operator.id,
            name=operator.spec.name,
            skills=dict(operator.spec.skills),
            state=operator.state,
            reason=operator.reason,
            since=self._date(operator.since),
            call=operator.call_id,
            contacts=contacts,
        )

    # --- queues, trunks, health

    def queues(self) -> list[QueueView]:
        return [self._queue_view(queue.name, self._now()) for queue in self._context.config.queue]

    def _queue_view(self, name: str, now: float) -> QueueView:
        policy = next(queue for queue in self._context.config.queue if queue.name == name)
        load, census = self._context.acd.load(name, now), self._context.census
        waiting = load.waiting + load.ringing
        fit = self._context.acd.operators_fit(policy.skills)
        return QueueView(
            name=name,
            numbers=list(policy.numbers),
            priority=policy.priority,
            skills=dict(policy.skills),
            waiting=waiting,
            lanes=load.lanes,
            expected_wait_s=expected_wait(fit, policy.wrap_up, waiting),
            longest_wait_s=round(load.longest_wait_s, 3),
            ringing=census["ringing", name],
            talking=census["talking", name] + census["held", name],
            operators_fit=sum(operator.state != "offline" for operator in fit),
            operators_ready=sum(operator.state == "ready" for operator in fit),
        )

    def trunks(self) -> list[TrunkView]:
        return self.plant.trunks()

    def set_maintenance(self, trunk: str, on: bool, by: str, reason: str) -> TrunkView:
        return self.plant.set_maintenance(trunk, on, by, reason)

    def test_trunk(self, trunk: str, done: Callable[[TrunkTestView], None]) -> None:
        self._probing.test(trunk, done)

    # --- flood, figures

    def flood(self) -> FloodView:
        state = self._context.memory.flood.state
        return FloodView(
            on=state.on,
            since=self._wall_date(state.since) if state.since else None,
            reason=state.reason,
            by=state.by,
            prompt=state.prompt,
            waiting=sum(call.incident for call in self._context.acd.waiting()),
        )

    def set_flood(self, on: bool, by: str, reason: str, prompt: str) -> FloodView:
        self._control.flood.switch(on, reason, self._now(), by=by, prompt=prompt)
        self._on_input()
        return self.flood()

    def figures(self) -> Figures:
        return figures(self._context, self._now())

    def health(self) -> Health:
        """Not ready: something of ours is broken. Nobody at the phones is a problem too, but taking the agent
        out of service for it would only hide the calls."""
        faults = self._faults()
        absent = "every operator is offline or on break: nobody would answer a call"
        nobody = [] if self._context.acd.anyone_serving() else [absent]
        return Health(ready=not faults, problems=faults + nobody)

    def _date(self, moment: float) -> datetime:
        """Monotonic seconds as a date in the site's time zone."""
        return self._wall_date(self._context.clock.wall(moment))

    def _wall_date(self, at: float) -> datetime:
        """Epoch seconds as a date in the site's time zone."""
        return datetime.fromtimestamp(at, self._zone)


def _place(call: Call, waits: Place) -> PlaceView:
    return PlaceView(
        lane=waits.lane,
        step=waits.step,
        steps=len(call.queue.ladder),
        kept_s=round(max(0.0, call.queued_at - waits.since), 3),
        prefer=waits.prefer,
        excluded=waits.excluded,
        incident=waits.incident,
        rings=list(waits.offers),
        offers=waits.made,
        declined=waits.declined,
    )


def _parties(call: Call) -> list[PartyView]:
    """Who is in the call, then whose phones ring for it."""
    within = [
        PartyView(
            leg=party.number,
            kind=party.kind,
            name=party.name,
            state="in",
            mode=party.mode,
            purpose=party.purpose,
            holds=party.number in call.holders,
        )
        for party in call.parties
    ]
    return within + [
        PartyView(
            leg=ring.number,
            kind=ring.kind,
            name=ring.name,
            state="ringing",
            mode=ring.attempt.mode if ring.attempt else "talk",
            purpose=ring.attempt.purpose if ring.attempt else None,
            holds=False,
        )
        for ring in call.rings.values()
    ]


def _transfer(call: Call) -> TransferView | None:
    if call.transfer is None:
        return None
    transfer = call.transfer
    return TransferView(
        to=transfer.to,
        by=transfer.by.name,
        attended=transfer.attended,
        answered=transfer.target is not None,
    )
