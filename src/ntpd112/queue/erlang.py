"""How many operators a load of calls needs: Erlang's formulas B and C, and Palm's A for callers who give up.

All assume calls that come independently of each other (Poisson) and talk times that are exponential. C lets
callers wait for ever and so asks for too many operators when they do not; A gives each an exponential
patience. Sources: Erlang 1917; Palm 1957; Mandelbaum and Zeltyn, "Service engineering in action: the
Palm/Erlang-A queue" (2007), whose names λ, μ, θ, A(x, y) are used here.

The load `a` is in erlangs: calls a second × seconds of talk, wrap-up included.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, log

MAX_OPERATORS = 20_000
"Beyond what any centre has; the search for the number needed ends here."
_RESCALE = 1e200
"Partial sums above this are scaled down, so that no load overflows a float."
_NEGLIGIBLE = 1e-17
"A term this small beside the sum no longer changes it."


@dataclass(frozen=True, slots=True)
class Staffing:
    """What so many operators give. Shares are 0 to 1, times seconds."""

    operators: int
    service_level: float
    "Share of all calls that an operator answers within the time asked for."
    mean_wait_s: float
    "Of all calls, also of those given up. Infinite when operators are too few and nobody gives up."
    occupancy: float
    "Share of their time that operators talk or wrap up."
    abandoned: float
    "Share of calls given up; 0 without a patience."


def blocking(operators: int, load: float) -> float:
    """Erlang B: the share of calls that find everybody busy when nobody may wait."""
    share = 1.0
    for n in range(1, operators + 1):
        share = load * share / (n + load * share)
    return share


def waiting(operators: int, load: float) -> float:
    """Erlang C: the share of calls that have to wait when all do so until they are answered."""
    if load >= operators:
        return 1.0
    share = blocking(operators, load)
    return operators * share / (operators - load * (1 - share))


def staffing(
    operators: int, calls_per_hour: float, talk_s: float, within_s: float, patience_s: float | None = None
) -> Staffing:
    """What `operators` give. `patience_s`: mean time after which callers give up; None: never. Raises
    ValueError."""
    _check(calls_per_hour, talk_s, within_s, patience_s)
    if operators < 1:
        raise ValueError(f"operators: {operators} is not above 0")
    if patience_s is None:
        return _erlang_c(operators, calls_per_hour * talk_s / 3600, talk_s, within_s)
    return _erlang_a(operators, calls_per_hour / 3600, talk_s, within_s, patience_s)


def operators_needed(
    calls_per_hour: float, talk_s: float, level: float, within_s: float, patience_s: float | None = None
) -> Staffing:
    """The fewest operators that answer the share `level` (0 to 1, both excluded) of all calls within
    `within_s`. Raises ValueError, also when MAX_OPERATORS are not enough."""
    if not 0 < level < 1:
        raise ValueError(f"level: {level} is not between 0 and 1, such as 0.9 for 90 %")

    def of(operators: int) -> Staffing:
        return staffing(operators, calls_per_hour, talk_s, within_s, patience_s)

    enough = 1
    while (found := of(enough)).service_level < level:
        if enough == MAX_OPERATORS:
            raise ValueError(
                f"{MAX_OPERATORS} operators are not enough for {calls_per_hour:g} calls an hour: "
                "divide them among several centres"
            )
        enough = min(2 * enough, MAX_OPERATORS)
    too_few = enough // 2
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        if (tried := of(middle)).service_level < level:
            too_few = middle
        else:
            enough, found = middle, tried
    return found


def _check(calls_per_hour: float, talk_s: float, within_s: float, patience_s: float | None) -> None:
    for name, value in (("calls_per_hour", calls_per_hour), ("talk_s", talk_s), ("patience_s", patience_s)):
        if value is not None and not 0 < value < inf:
            raise ValueError(f"{name}: {value} is not above 0")
    if not 0 <= within_s < inf:
        raise ValueError(f"within_s: {within_s} is below 0")


def _erlang_c(operators: int, load: float, talk_s: float, within_s: float) -> Staffing:
    if load >= operators:
        return Staffing(operators, 0.0, inf, 1.0, 0.0)  # the queue grows for ever
    wait = waiting(operators, load)
    spare = (operators - load) / talk_s
    return Staffing(operators, 1 - wait * exp(-spare * within_s), wait / spare, load / operators, 0.0)


def _erlang_a(operators: int, rate: float, talk_s: float, within_s: float, patience_s: float) -> Staffing:
    """Who waits has V ahead of them, of density nμ/A(c, y) · exp(λ(1 - e^(-θt))/θ - nμt) (Baccelli and
    Hebuterne 1981), and is answered if their patience is longer: the integral over t up to `within_s`."""
    load = rate * talk_s
    c = operators * patience_s / talk_s  # nμ/θ
    y = rate * patience_s  # λ/θ
    busy = _log_a(c, y)
    blocked = blocking(operators, load)
    wait = _delayed(blocked, busy)
    given_up = max(0.0, operators / load * exp(-busy) + 1 - operators / load)
    still = y * exp(-within_s / patience_s)
    rest = _log_a(c + 1, still) + (y - still) - (c + 1) * within_s / patience_s
    served = c / (c + 1) * (exp(_log_a(c + 1, y) - busy) - exp(rest - busy))
    abandoned = wait * given_up
    return Staffing(
        operators=operators,
        service_level=min(1.0, 1 - wait + wait * max(0.0, served)),
        mean_wait_s=abandoned * patience_s,
        occupancy=min(1.0, load * (1 - abandoned) / operators),
        abandoned=abandoned,
    )


def _delayed(blocked: float, log_a: float) -> float:
    """P{W > 0} = A·B / (1 + (A - 1)·B), for an A that may be too large for a float."""
    inverse = exp(-log_a)
    return blocked / (inverse * (1 - blocked) + blocked) if blocked else 0.0


def _log_a(x: float, y: float) -> float:
    """ln A(x, y), A = 1 + y/(x+1) + y²/((x+1)(x+2)) + ...: terms grow while y > x + k, then vanish."""
    total = term = 1.0
    scale = 0.0
    k = 0
    while term > _NEGLIGIBLE * total or y > x + k:
        k += 1
        term *= y / (x + k)
        total += term
        if total > _RESCALE:
            term /= _RESCALE
            total /= _RESCALE
            scale += log(_RESCALE)
    return scale + log(total)
