"""What a centre may set about its memory. Durations are seconds; the defaults suit a kabupaten or kota."""

from __future__ import annotations

from dataclasses import dataclass, field

DAY_S = 86_400.0
MAX_SEEN = 2_000
"Calls of one window that flood detection looks at; a threshold above it would never be reached."


@dataclass(frozen=True, slots=True)
class ShieldSettings:
    """What a caller's record does to the next call. Nobody is ever dropped for it."""

    half_life_s: float = 7 * DAY_S
    "After it a prank counts half."
    prank_weight: float = 1.0
    ghost_weight: float = 0.5
    emergency_relief: float = 1.0
    "What a real emergency takes off the score of what came before it."
    information_relief: float = 0.5
    put_back_at: float = 2.0
    "From this score the caller waits in the quiet lane."
    lift_emergency_s: float = DAY_S
    "How long an emergency lifts the same caller's next calls; 0: not at all."
    sticky_s: float = 1_800.0
    "How long a caller goes to the operator they spoke to, if free; 0: not at all."
    keep_place_s: float = 300.0
    "Who hung up while waiting and calls again within this keeps the time waited; 0: nobody."

    def __post_init__(self) -> None:
        if self.half_life_s <= 0:
            raise ValueError(f"shield: half_life {self.half_life_s} s is not above 0")
        if self.put_back_at <= 0:
            raise ValueError(f"shield: put_back_at {self.put_back_at} is not above 0")
        weights = (self.prank_weight, self.ghost_weight, self.emergency_relief, self.information_relief)
        if min(weights) < 0:
            raise ValueError(f"shield: a weight is below 0 among {weights}")


@dataclass(frozen=True, slots=True)
class FloodSettings:
    """When many calls are taken to be about one incident."""

    calls: int = 0
    "So many within the window begin flood mode; 0: only a person does."
    window_s: float = 60.0
    place_share: float = 0.0
    "Share of them that must come from one place, 0 to 1; 0: the number alone decides."
    radius_km: float = 5.0
    "Calls from within it are from one place."
    ends_after_s: float = 600.0
    "It ends when for so long fewer than `calls` came in a window."

    def __post_init__(self) -> None:
        if not 0 <= self.calls <= MAX_SEEN:
            raise ValueError(f"flood: calls {self.calls} is not between 0 and {MAX_SEEN}")
        if self.window_s <= 0 or self.radius_km <= 0:
            raise ValueError("flood: window and radius_km must be above 0")
        if not 0 <= self.place_share <= 1:
            raise ValueError(f"flood: place_share {self.place_share} is not between 0 and 1")


@dataclass(frozen=True, slots=True)
class CallbackSettings:
    keep_s: float = DAY_S
    "How long a lost caller stays on the call-back list after the last attempt."
    claim_s: float = 600.0
    "How long an entry is of the operator who took it: two never call the same person."


@dataclass(frozen=True, slots=True)
class MemorySettings:
    shield: ShieldSettings = field(default_factory=ShieldSettings)
    flood: FloodSettings = field(default_factory=FloodSettings)
    callbacks: CallbackSettings = field(default_factory=CallbackSettings)
