"""A party's leg is over while the caller is still there: does the call go on, and with whom?

A phone that vanished (lost signalling, or a BYE that states a failure) is no hang-up: its caller is held
over, which means hears `hold-over` and goes to the front of the queue.
"""

from __future__ import annotations

from functools import partial

from ntpd112.sip.events import Cause, Ended
from ntpd112.sip.leg import LOST, Leg

from .call import STAFF, Call, Party
from .context import Context, log
from .parties import Parties
from .requeue import Requeue
from .transfer import Transfers

HOLD_OVER_PROMPT = "hold-over"
PROBE_S = 4.0
"Seconds for a silent phone to answer OPTIONS: by then it was sent four times over UDP (as `sip.liveness`)."
PROBE_AGAIN_S = 15.0
"Seconds until a phone that stays silent but answers (muted) is asked again."
FAILURES_Q850 = frozenset({27, 38, 41, 42, 44, 47, 102})
"""Causes of a BYE that nobody pressed: destination or network out of order, temporary failure, congestion,
no channel or resource, a timer that ran out."""
FAILURES_SIP = frozenset({408, 480, 481, 500, 503, 504})


def vanished(event: Ended) -> bool:
    """Whether the leg was lost rather than hung up by a person."""
    cause = event.cause
    return event.by != "remote" or cause.q850 in FAILURES_Q850 or cause.sip_code in FAILURES_SIP


class HoldOver:
    def __init__(self, context: Context, transfers: Transfers, parties: Parties, requeue: Requeue) -> None:
        self._context = context
        self._transfers = transfers
        self._parties = parties
        self._requeue = requeue

    def party_gone(self, call: Call, party: Party, cause: Cause, lost: bool, now: float) -> bool:
        """False: nobody is left for the caller, and that was meant: the call is to be ended."""
        reason = "lost" if lost else ""
        transfer = call.transfer
        if transfer is not None and party in (transfer.by, transfer.target):
            self._transfers.party_gone(call, party, cause, reason, now)
        elif call.anybody(but=party):
            self._parties.leave(call, party, cause, now, reason=reason)
        elif lost and self._requeue.possible(call):
            self._hold_over(call, party, cause, now)
        else:
            return False
        if lost and party.kind in STAFF:
            self._context.registrar.doubt(party.name, now)
        return True

    def _hold_over(self, call: Call, party: Party, cause: Cause, now: float) -> None:
        log.error("PHONE LOST IN MID-CALL: the caller goes to the next", call_id=call.id, who=party.name)
        self._parties.leave(call, party, cause, now, reason="lost")
        call.held_over = True
        avoid = party.name if party.kind == "operator" else ""
        reason = f"connection to {party.name} was lost"
        self._requeue.front(call, call.queue, now, reason=reason, prompt=HOLD_OVER_PROMPT, avoid=avoid)

    # --- phones that fall silent

    def silent(self, call: Call, party: Party, now: float) -> None:
        """No sound comes from this party: muted, on hold, or gone? Only our own phones are asked so soon: the
        gateway of an agency may send nothing in silence and answer no OPTIONS either (`silences.py`)."""
        if party.kind in STAFF:
            party.silent = True
            self._ask(call, party, now)

    def heard(self, party: Party) -> None:
        party.silent = False
        _stop(party)

    def unreachable(self, operator: str, now: float) -> None:
        """The registrar has given up the operator's phones: the one they talk on, too?"""
        for call in list(self._context.calls.values()):
            for party in list(call.parties):
                if party.name == operator and party.kind in STAFF:
                    self._ask(call, party, now)

    def probed(self, call: Call, leg: Leg, now: float) -> None:
        """The phone is still there. While it is silent it is asked again."""
        party = call.party_of(leg)
        if party is None or party.probe is None:
            return
        _stop(party)
        if party.silent:
            again = partial(self._ask, call, party)
            party.probe = self._context.later(call, now + PROBE_AGAIN_S, again)

    def _ask(self, call: Call, party: Party, now: float) -> None:
        """Whose phone never answers OPTIONS is believed to be there, as at its registration."""
        _stop(party)
        bindings = self._context.registrar.bindings(party.name)
        if party not in call.parties or (bindings and not any(one.liveness.answers for one in bindings)):
            return
        party.leg.probe(now)
        party.probe = self._context.later(call, now + PROBE_S, partial(self._no_answer, call, party))

    def _no_answer(self, call: Call, party: Party, now: float) -> None:
        party.probe = None
        if party in call.parties:
            self.party_gone(call, party, LOST, True, now)


def _stop(party: Party) -> None:
    if party.probe is not None:
        party.probe.cancel()
        party.probe = None
