"""Whether an operator is ready is a fact, not a flag: whose phone sends no sound in a call takes no more."""

from __future__ import annotations

from ntpd112.queue.states import SERVING

from .call import Call, Party
from .context import Context, log

NO_MEDIA = "no-media"


class Readiness:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._taken_out: dict[str, str] = {}
        "Operator to the call after which they are on break because of us."

    def mute(self, call: Call, party: Party, now: float) -> None:
        """Not one packet has come from the operator's phone since it answered: to break after this call,
        unless nobody else serves: better one who may be heard next time than nobody."""
        acd = self._context.acd
        operator = acd.operator(party.name)
        if party.kind != "operator" or operator is None:
            return
        others = any(one.state in SERVING and one.id != party.name for one in acd.operators())
        log.error(
            "OPERATOR CANNOT BE HEARD: the phone sends no sound; look at it and its network",
            call_id=call.id,
            operator=party.name,
            then="break after this call" if others else "stays ready, since nobody else serves",
        )
        if others and operator.next_state is None:
            self._taken_out[party.name] = call.id
            acd.request_state(party.name, "break", now, NO_MEDIA)

    def heard(self, call: Call, party: Party, now: float) -> None:
        """Sound comes after all."""
        if self._taken_out.get(party.name) != call.id:
            return
        del self._taken_out[party.name]
        operator = self._context.acd.operator(party.name)
        if operator is not None and operator.phone and operator.next_state == "break":
            self._context.acd.request_state(party.name, "ready", now, "sound is back")
