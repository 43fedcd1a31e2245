"""What is assumed of callers and operators, each with its reason. Durations are seconds, shares 0 to 1.

The figures of the three places are published (docs/performance.md); what they leave open is filled from one
another, and what nobody publishes is a plain guess that says so. Both ways of queueing meet the same callers,
so a guess moves both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DAY_S = 86_400.0
HOUR_S = 3_600.0

Kind = Literal["emergency", "incident", "information", "prank", "ghost"]
"`incident`: a real emergency too, but one of very many calls about the same."


@dataclass(frozen=True, slots=True)
class Mix:
    """What a place published: calls of each kind in a number of days."""

    name: str
    days: int
    emergency: int
    information: int
    prank: int
    ghost: int

    @property
    def shares(self) -> dict[Kind, float]:
        kinds: dict[Kind, int] = {
            "emergency": self.emergency,
            "information": self.information,
            "prank": self.prank,
            "ghost": self.ghost,
        }
        return {kind: count / self.calls for kind, count in kinds.items()}

    @property
    def calls(self) -> int:
        return self.emergency + self.information + self.prank + self.ghost

    @property
    def calls_per_day(self) -> float:
        return self.calls / self.days


PURWOREJO = Mix("Purworejo", 365, emergency=30, information=455, prank=1_147, ghost=1_170)
"2,802 calls; the period is not given: taken as a year."
KOTA_BATU = Mix("Kota Batu", 214, emergency=67, information=352, prank=889, ghost=60_589)
"""June to December 2024: 61,897 calls, 1,308 answered, 67 of them real. The other 1,241 are shared out as in
Purworejo; the 60,589 that came to no conversation count as ghosts."""
SEMARANG = Mix("Semarang", 365, emergency=9_576, information=3_949, prank=4_206, ghost=4_290)
"2025: 22,021 calls; 8,496 were prank or ghost, shared out as in Purworejo."
MIXES = {"kota-batu": KOTA_BATU, "purworejo": PURWOREJO, "semarang": SEMARANG}

PROFILE = (4, 3, 2, 2, 2, 3, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7, 8, 9, 9, 8, 7, 6, 5)
"Calls by hour of the day, relative: a guess after usual curves: fewest before dawn, most after work."


@dataclass(frozen=True, slots=True)
class Habits:
    """How callers of one kind behave."""

    talk: tuple[float, float]
    "Seconds with the operator, evenly between these."
    patience: float
    "Mean time until one who waits hangs up, exponential, after `listens`."
    stays: float
    "Share who never hang up."
    redials: float
    "Share of those who hung up who call again."
    speaks: float
    "Share who say something while they wait."
    listens: float = 8.0
    "Nobody who calls on purpose hangs up before having heard what is said."
    anonymous: float = 0.05
    "Share without a number: no SIM. 112 works without."
    wrap_up: bool = True
    "Whether there is something to write down; else the operator is ready at once."


HABITS: dict[Kind, Habits] = {
    # 3 % cannot speak: threatened, or unable to. Who needs help calls again and again.
    "emergency": Habits((60, 150), 120, stays=0.4, redials=0.9, speaks=0.97),
    # What everybody reports is soon said.
    "incident": Habits((30, 60), 90, stays=0.3, redials=0.7, speaks=0.97),
    "information": Habits((45, 120), 60, stays=0.05, redials=0.4, speaks=0.97),
    # Some only breathe or giggle.
    "prank": Habits((10, 40), 45, stays=0, redials=0, speaks=0.85, wrap_up=False),
    # The operator says "halo" three times. Pockets do not know that they call: the line stays open for a
    # while. Every tenth has voices or a street in the background that pass for speech.
    "ghost": Habits((10, 15), 30, stays=0, redials=0, speaks=0.10, listens=0, anonymous=0.2, wrap_up=False),
}
WRAP_UP = 10.0
"As `[[queue]] wrap_up`."
RING_TIMEOUT = 15.0
PICK_UP = (1.0, 3.0)
"From the ring to the operator's answer: they sit before the phone."
SPEAKS_AFTER = (2.0, 0.5)
"Until a caller has said something: median, and spread of its logarithm. 95 % within 4.6 s."
PANIC_SHARE = 1 / 3
"Of silent emergencies: who knows the panic keys. A guess; campaigns teach it."
PANIC_AFTER = (6.0, 12.0)
"Until they are pressed: the question has been heard."
REDIAL_AFTER = (5.0, 30.0)
MAX_ATTEMPTS = 5
"Then the caller runs for help, or is driven by a neighbour."
CLASSIFIED = 0.8
"Share of calls that operators classify."

PRANKSTERS = 30
"Phones that prank again and again: few children, many calls. Of a region with Kota Batu's 220,000 people."
REPEATING_GHOSTS = 200
"Phones with a stuck emergency key or a bad pocket, which make half of the ghost calls."
GHOST_REPEATS = 0.5

INCIDENT_SHARE = 0.9
"Of the calls in a disaster hour: about what all see."
DISASTER_TIMES = 100
LOCATED = 0.4
"Share of calls that bring a location: handsets with AML."
INCIDENT_SPREAD_KM = 1.5
"Standard deviation, each axis, of where an incident's callers are."
REGION_KM = 12.0
"The others are anywhere within this, each axis."
PROMPT_S = 10.0
"Length of the incident's announcement. At its end who has another emergency presses the key."
PRESSES_KEY = 0.9
"Share of the others who do."
SATISFIED = 0.5
"Share of an incident's callers who only wanted it known and hang up after the announcement."
