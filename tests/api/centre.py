"""A call centre that is only its views."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec
from tests.api.trials import FakeTrials

from ntpd112.calls.tally import Tally
from ntpd112.calls.views import (
    By,
    CallbackView,
    CallerStanding,
    CallView,
    ContactView,
    Figures,
    FloodView,
    GatewayView,
    Health,
    MaintenanceView,
    OperatorView,
    PartyView,
    PlaceView,
    ProbeView,
    QueueFigures,
    QueueView,
    SettableState,
    StateConflict,
    SupervisorMode,
    TransferView,
    TrunkTestView,
    TrunkView,
    UnknownCall,
    UnknownCallback,
    UnknownCaller,
    UnknownOperator,
    UnknownTrunk,
    Unreachable,
)
from ntpd112.journal.events import CallbackOutcome, Classification
from ntpd112.memory import Level, Standing
from ntpd112.memory.record import Classified
from ntpd112.memory.tallies import Calls, level

NOW = datetime(2026, 11, 1, 1, 0, tzinfo=UTC)
PRANKSTER = Standing(
    number="+628123456789",
    score=2.4,
    put_back=True,
    reasons=["3 prank calls, last 2 days ago: score 2.4, put back"],
    calls=3,
    last_at=NOW.timestamp(),
    classifications=[Classified(NOW.timestamp(), "01JCXS8Q3M6D9W8V4T2R7N5K1B", "prank")],
)
CALL_ID = "01JCXS8Q3M6D9W8V4T2R7N5K1B"


class FakeCallbacks:
    """One caller on the list."""

    def __init__(self) -> None:
        self.called: list[tuple[str, str]] = []
        self.closed: list[tuple[str, CallbackOutcome, str, str]] = []

    def entries(self) -> list[CallbackView]:
        return [
            CallbackView(
                id=CALL_ID,
                number="+628123456789",
                need="usual",
                calls=[CALL_ID],
                count=1,
                first_at=NOW,
                last_at=NOW,
                queue="112",
                waited_s=20.0,
                category="",
                reasons=["an emergency 2 h ago"],
                attempts=0,
                last_operator="",
                claimed_by="",
            )
        ]

    def call(self, entry_id: str, operator: str) -> str:
        if operator != "siti":
            raise Unreachable(f'operator "{operator}" has no registered phone')
        self._expect(entry_id)
        self.called.append((entry_id, operator))
        return "01JCXS8Q3M6D9W8V4T2R7N5K1C"

    def close(self, entry_id: str, outcome: CallbackOutcome, note: str, by: str) -> None:
        self._expect(entry_id)
        self.closed.append((entry_id, outcome, note, by))

    def _expect(self, entry_id: str) -> None:
        if entry_id != CALL_ID:
            raise UnknownCallback(f"call {entry_id} is not on the call-back list")


class FakeSteering:
    """Takes down what is wanted of the waiting call."""

    def __init__(self, centre: FakeCentre) -> None:
        self._centre = centre
        self.wanted: list[tuple[object, ...]] = []

    def lift(self, call_id: str, by: str) -> CallView:
        return self._want(call_id, "lift", by)

    def set_priority(self, call_id: str, priority: int, by: str) -> CallView:
        return self._want(call_id, "priority", priority, by)

    def set_requirements(
        self, call_id: str, skills: Mapping[str, int], prefer: Mapping[str, int], by: str
    ) -> CallView:
        return self._want(call_id, "requirements", skills, prefer, by)

    def pull(self, call_id: str, operator: str, by: str) -> CallView:
        if self._centre.operator(operator).state != "ready":
            raise StateConflict(f'operator "{operator}" is not ready')
        return self._want(call_id, "pull", operator, by)

    def climb(self, call_id: str, by: str) -> CallView:
        return self._want(call_id, "climb", by)

    def _want(self, call_id: str, *what: object) -> CallView:
        call = self._centre.call(call_id)
        self.wanted.append(what)
        return call


class FakeMemory:
    """A real memory's shapes: one caller, and one queue's quarter of an hour."""

    def __init__(self) -> None:
        self.corrected: list[tuple[str, str, str, str]] = []
        self.asked: list[tuple[object, ...]] = []

    def caller(self, number: str) -> Standing:
        if number != PRANKSTER.number:
            raise UnknownCaller(f"nothing is remembered of {number}")
        return PRANKSTER

    def callers(self, limit: int) -> Callable[[], list[Standing]]:
        self.asked.append(("callers", limit))
        return lambda: [PRANKSTER]

    def correct_caller(self, number: str, standing: CallerStanding, note: str, by: str) -> Standing:
        self.corrected.append((number, standing, note, by))
        return Standing(number=number)

    def levels(self, since: float | None, by: By) -> Callable[[], list[Level]]:
        self.asked.append(("levels", since, by))
        return lambda: self.live_levels(by)

    def intervals(self, since: float | None, by: By) -> Callable[[], list[Level]]:
        self.asked.append(("intervals", since, by))
        return lambda: self.live_levels(by)

    def live_levels(self, by: By) -> list[Level]:
        counted = Calls(offered=4, answered=2, within_20=1, abandoned=1, wait_s=30.0, longest_s=25.0)
        return [level("" if by == "all" else "112", int(NOW.timestamp()), [counted], [])]


class FakeCommands:
    """Writes down what it is told; answers with the call as if a colleague rang for it."""

    def __init__(self, call: Callable[[str], CallView]) -> None:
        self._call = call
        self.told: list[tuple[object, ...]] = []
        self.refuse: Exception | None = None

    def _do(self, call_id: str, *told: object) -> CallView:
        call = self._call(call_id)
        if self.refuse is not None:
            raise self.refuse
        self.told.append(told)
        party = PartyView(
            leg=1001,
            kind="operator",
            name="siti",
            state="ringing",
            mode="talk",
            purpose="transfer",
            holds=False,
        )
        transfer = TransferView(to="operator:siti", by="budi", attended=True, answered=False)
        return msgspec.structs.replace(call, parties=[party], transfer=transfer)

    def hold(self, call_id: str, by: str) -> CallView:
        return self._do(call_id, "hold", by)

    def resume(self, call_id: str, by: str) -> CallView:
        return self._do(call_id, "resume", by)

    def transfer(
        self, call_id: str, to: str, attended: bool, by: str, skills: Mapping[str, int] | None = None
    ) -> CallView:
        return self._do(call_id, "transfer", to, attended, by, *(skills or {}))

    def complete_transfer(self, call_id: str, by: str) -> CallView:
        return self._do(call_id, "complete", by)

    def cancel_transfer(self, call_id: str, by: str) -> CallView:
        return self._do(call_id, "cancel", by)

    def join_transfer(self, call_id: str, by: str) -> CallView:
        return self._do(call_id, "join", by)

    def add_party(self, call_id: str, to: str, by: str) -> CallView:
        return self._do(call_id, "add", to, by)

    def remove_party(self, call_id: str, leg: int, by: str) -> CallView:
        return self._do(call_id, "remove", leg, by)

    def hang_up(self, call_id: str, by: str) -> CallView:
        return self._do(call_id, "hang up", by)

    def supervise(self, call_id: str, supervisor: str, mode: SupervisorMode, by: str) -> CallView:
        return self._do(call_id, "supervise", supervisor, mode, by)

    def change_supervision(self, call_id: str, supervisor: str, mode: SupervisorMode, by: str) -> CallView:
        return self._do(call_id, "change", supervisor, mode, by)


PROBE = ProbeView(
    peer="192.0.2.20:5060",
    places=["peer 192.0.2.20"],
    transport="udp",
    fine=True,
    code=200,
    round_trip_ms=12.5,
    told="192.0.2.10:5060",
    seen="192.0.2.10:5060",
    says="it answers 200 OK",
)


class FakeCentre:
    """One waiting call, two operators, one queue, one trunk."""

    def __init__(self) -> None:
        self.classified: list[tuple[str, Classification, str]] = []
        self.trials = FakeTrials()
        self.changed: list[tuple[str, SettableState, str]] = []
        self.callbacks = FakeCallbacks()
        self.steering = FakeSteering(self)
        self.remembered = FakeMemory()
        self.maintenance: MaintenanceView | None = None
        self.flooded = FloodView(on=False, since=None, reason="", by="", prompt="", waiting=0)
        self.commands = FakeCommands(self.call)
        self.now = Health(ready=True, problems=[])
        self.tally = Tally(screened=Counter({"voice": 7, "silent": 2}), climbs=4, floods=1)
        self.has_call: str | None = None
        "Whose the one call is."
        self.last_calls: dict[str, str] = {}

    def calls(self) -> list[CallView]:
        return [
            CallView(
                id=CALL_ID,
                state="waiting",
                queue="112",
                trunk="pbx",
                caller="+628123456789",
                caller_name="",
                dialled="112",
                operator=self.has_call,
                parties=[],
                caller_held=False,
                transfer=None,
                note="",
                created_at=NOW,
                waiting_s=4.5,
                priority=5,
                skills={"medical": 1},
                reasons=["trunk pbx: priority 5"],
                place=PlaceView(
                    lane="normal",
                    step=1,
                    steps=3,
                    kept_s=0.0,
                    prefer={},
                    excluded=["reserve"],
                    incident=False,
                    rings=[],
                    offers=1,
                    declined={"budi": "rona"},
                ),
                category="",
                classification=None,
                location={"latitude": -7.25},
                access_network=None,
                parts=[],
            )
        ]

    def call(self, call_id: str) -> CallView:
        if call_id != CALL_ID:
            raise UnknownCall(f"no live call has the id {call_id}")
        return self.calls()[0]

    def operators(self) -> list[OperatorView]:
        phone = ContactView(
            uri="sip:siti@192.0.2.7",
            source="192.0.2.7:5060",
            user_agent="x",
            expires_at=NOW,
            reachable=True,
            answers_options=True,
        )
        siti = OperatorView(
            id="siti",
            name="Siti",
            skills={"medical": 3},
            state="ready",
            reason="registered",
            since=NOW,
            call=None,
            contacts=[phone],
        )
        return [siti, msgspec.structs.replace(siti, id="budi", state="offline", reason="", contacts=[])]

    def operator(self, operator_id: str) -> OperatorView:
        for operator in self.operators():
            if operator.id == operator_id:
                return operator
        raise UnknownOperator(f'no operator has the id "{operator_id}"')

    def set_operator_state(self, operator_id: str, state: SettableState, by: str) -> OperatorView:
        operator = self.operator(operator_id)
        if state == "ready" and not operator.contacts:
            raise StateConflict(f'operator "{operator_id}" cannot be ready: no phone is registered')
        self.changed.append((operator_id, state, by))
        return msgspec.structs.replace(operator, state=state, reason="api")

    def call_of(self, operator_id: str) -> str | None:
        return self.last_calls.get(operator_id)

    def classify(self, call_id: str, classification: Classification, by: str) -> None:
        self.call(call_id)
        self.classified.append((call_id, classification, by))

    def queues(self) -> list[QueueView]:
        return [
            QueueView(
                name="112",
                numbers=["112"],
                priority=5,
                skills={},
                waiting=1,
                lanes={"normal": 1},
                expected_wait_s=None,
                longest_wait_s=4.5,
                ringing=0,
                talking=0,
                operators_fit=1,
                operators_ready=1,
            )
        ]

    def trunks(self) -> list[TrunkView]:
        return [
            TrunkView(
                name="pbx",
                peers=["127.0.0.1"],
                calls=1,
                max_calls=60,
                up=True,
                reason="200",
                since=NOW,
                lines={"quiet": 0, "waiting": 1, "ringing": 0, "talking": 0},
                peak=17,
                peak_hour=9,
                nearly_full=False,
                refused={"trunk full": 2},
                max_rate=0.0,
                maintenance=self.maintenance,
                gateways=[GatewayView(uri="sip:127.0.0.1", address="127.0.0.1:5060/udp", up=True)],
                registered=True,
                registration="",
                registered_since=NOW,
            )
        ]

    def set_maintenance(self, trunk: str, on: bool, by: str, reason: str) -> TrunkView:
        if trunk != "pbx":
            raise UnknownTrunk(f'no trunk has the name "{trunk}"')
        self.maintenance = MaintenanceView(since=NOW, reason=reason, by=by) if on else None
        return self.trunks()[0]

    def test_trunk(self, trunk: str, done: Callable[[TrunkTestView], None]) -> None:
        if trunk != "pbx":
            raise UnknownTrunk(f'no trunk has the name "{trunk}"')
        done(
            TrunkTestView(
                trunk=trunk, fine=True, probes=[PROBE], registration=None, gateways=["sip:127.0.0.1"]
            )
        )

    def flood(self) -> FloodView:
        return self.flooded

    def set_flood(self, on: bool, by: str, reason: str, prompt: str) -> FloodView:
        self.flooded = FloodView(
            on=on, since=NOW, reason=reason, by=by, prompt=prompt or "incident", waiting=0
        )
        return self.flooded

    def figures(self) -> Figures:
        return Figures(
            calls={("waiting", "112"): 1},
            lanes={("112", "normal"): 3, ("112", "quiet"): 1},
            queues={"112": QueueFigures(unanswered=1, longest_wait_s=4.5, ready=1)},
            operators={"ready": 1, "offline": 1},
            phones=3,
            phones_unreachable=1,
            callbacks=2,
            flood=False,
            tally=self.tally,
        )

    def health(self) -> Health:
        return self.now
