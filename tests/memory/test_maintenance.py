"""Trunks out of service are remembered."""

from __future__ import annotations

from ntpd112.journal.events import TrunkMaintenance
from ntpd112.memory.maintenance import MAX_TRUNKS, Maintained, Maintenance


def change(
    trunk: str = "pbx", *, on: bool = True, at: float = 1.0, reason: str = "cable"
) -> TrunkMaintenance:
    return TrunkMaintenance(at=at, trunk=trunk, on=on, reason=reason, by="rina")


def test_a_trunk_is_out_of_service_until_it_is_put_back() -> None:
    memory = Maintenance()
    memory.changed(change())
    assert memory.trunks == {"pbx": Maintained(1.0, "cable", "rina")}
    memory.changed(change(on=False, at=2.0))
    assert memory.trunks == {}


def test_another_reason_does_not_change_since_when() -> None:
    memory = Maintenance()
    memory.changed(change())
    memory.changed(change(at=9.0, reason="new card"))
    assert memory.trunks["pbx"] == Maintained(1.0, "new card", "rina")


def test_the_table_is_bounded() -> None:
    memory = Maintenance()
    for number in range(MAX_TRUNKS + 1):
        memory.changed(change(str(number)))
    assert len(memory.trunks) == MAX_TRUNKS
    assert "0" not in memory.trunks
