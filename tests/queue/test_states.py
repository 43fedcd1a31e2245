from typing import get_args

import pytest

from ntpd112.queue import IllegalEvent
from ntpd112.queue.states import TRANSITIONS, OperatorEvent, OperatorState, next_state

STATES = get_args(OperatorState)
EVENTS = get_args(OperatorEvent)


def test_the_table_has_every_state_and_uses_every_event() -> None:
    assert set(TRANSITIONS) == set(STATES)
    assert {event for events in TRANSITIONS.values() for event in events} == set(EVENTS)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("event", EVENTS)
def test_an_event_leads_where_the_table_says_or_names_operator_state_and_event(
    state: OperatorState, event: OperatorEvent
) -> None:
    if event in TRANSITIONS[state]:
        assert next_state("ani", state, event) in STATES
    else:
        with pytest.raises(IllegalEvent, match=f'operator "ani" is {state}: "{event}" cannot happen now'):
            next_state("ani", state, event)


@pytest.mark.parametrize("settled", ["ready", "break", "offline"])
def test_from_every_other_state_an_operator_can_settle(settled: OperatorState) -> None:
    others = [state for state in STATES if state != settled]
    assert all(settled in TRANSITIONS[state].values() for state in others)
