"""When many calls are taken to be about one incident, and which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.memory.story import T0, started

from ntpd112.journal.events import CallStarted, FloodChanged
from ntpd112.memory import Flood, FloodSettings
from ntpd112.memory.incident import Spot, densest, distance_km, spot_of
from ntpd112.memory.settings import MAX_SEEN

SETTINGS = FloodSettings(calls=10)
STADIUM = (-7.2458, 112.7378)
CELL = "3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=510100A1B2C3D4"


def call(at: float, place: tuple[float, float] | None = None, network: str = "") -> CallStarted:
    location = {"latitude": place[0], "longitude": place[1]} if place else None
    return started(f"c{at}", T0 + at, location=location, access_network=network)


def flooded(
    settings: FloodSettings = SETTINGS, calls: int = 10, place: tuple[float, float] | None = None
) -> Flood:
    """Has taken `calls` calls, one a second."""
    flood = Flood(settings)
    for second in range(calls):
        flood.called(call(second, place))
    return flood


def begun(flood: Flood, at: float = 10.0) -> Flood:
    suggestion = flood.suggest(T0 + at)
    assert suggestion is not None
    flood.changed(suggestion)
    return flood


class TestBeginning:
    def test_so_many_calls_in_a_window_suggest_it_and_one_fewer_does_not(self) -> None:
        assert flooded(calls=9).suggest(T0 + 10) is None
        suggestion = flooded().suggest(T0 + 10)
        assert suggestion == FloodChanged(at=T0 + 10, on=True, reason="10 calls in 60 s")

    def test_calls_older_than_the_window_do_not_count(self) -> None:
        assert flooded().suggest(T0 + 61) is None

    def test_without_a_threshold_only_a_person_begins_it(self) -> None:
        flood = flooded(FloodSettings(), calls=500)
        assert flood.suggest(T0 + 500) is None
        flood.changed(FloodChanged(at=T0, on=True, reason="earthquake", by="rina", prompt="gempa"))
        assert (flood.state.on, flood.state.prompt) == (True, "gempa")

    def test_the_reason_says_where_from(self) -> None:
        suggestion = flooded(place=STADIUM).suggest(T0 + 10)
        assert suggestion is not None
        assert suggestion.reason == "10 calls in 60 s, 10 within 5 km of -7.2458,112.7378"

    def test_with_a_place_share_calls_from_everywhere_are_no_flood(self) -> None:
        settings = FloodSettings(calls=10, place_share=0.5)
        everywhere = Flood(settings)
        for second in range(20):
            everywhere.called(call(second, (-7.0 + second, 112.0)))
        assert everywhere.suggest(T0 + 20) is None
        assert flooded(settings).suggest(T0 + 10) is None  # nobody knows where from
        assert flooded(settings, place=STADIUM).suggest(T0 + 10) is not None


class TestEnding:
    def test_it_ends_when_fewer_calls_came_for_long(self) -> None:
        flood = begun(flooded())
        assert flood.suggest(T0 + 10 + 599) is None
        end = flood.suggest(T0 + 10 + 600)
        assert end == FloodChanged(at=T0 + 610, on=False, reason="fewer than 10 calls in 60 s since")
        flood.changed(end)
        assert not flood.state.on
        assert flood.suggest(T0 + 611) is None

    def test_as_long_as_many_come_it_goes_on(self) -> None:
        flood = begun(flooded())
        for second in range(11, 2_000):
            flood.called(call(second))
        assert flood.suggest(T0 + 2_000) is None

    def test_what_a_person_began_a_person_ends(self) -> None:
        flood = flooded()
        flood.changed(FloodChanged(at=T0, on=True, reason="flood in the north", by="rina"))
        assert flood.suggest(T0 + 100_000) is None

    def test_what_a_person_ended_begins_anew_only_after_a_lull(self) -> None:
        flood = begun(flooded())
        flood.changed(FloodChanged(at=T0 + 11, on=False, reason="drill", by="rina"))
        for second in range(12, 40):
            flood.called(call(second))
        assert flood.suggest(T0 + 40) is None
        for second in range(500, 510):
            flood.called(call(second))
        assert flood.suggest(T0 + 510) is not None


class TestWhatACallIsAbout:
    def flood(self) -> Flood:
        return begun(flooded(place=STADIUM))

    def test_from_near_it_is_from_afar_it_is_not(self) -> None:
        flood = self.flood()
        assert flood.about(call(20, STADIUM)) == (True, "0.0 km from the incident")
        about, reason = flood.about(call(20, (-7.9666, 112.6326)))
        assert (about, reason) == (False, "81.0 km from the incident")

    def test_an_uncertain_position_is_given_the_benefit(self) -> None:
        far = started("x", T0, location={"latitude": -7.33, "longitude": 112.7378, "radius_m": 6_000})
        assert self.flood().about(far) == (True, "9.4 km from the incident")

    def test_without_a_position_it_is_taken_to_be(self) -> None:
        assert self.flood().about(call(20)) == (True, "where the caller is, is not known")
        assert begun(flooded()).about(call(20, STADIUM)) == (True, "where the incident is, is not known")

    def test_by_radio_cell(self) -> None:
        flood = Flood(SETTINGS)
        for second in range(10):
            flood.called(call(second, network=CELL))
        begun(flood)
        assert flood.state.reason == "10 calls in 60 s, 10 from cell 510100a1b2c3d4"
        assert flood.about(call(20, network=CELL)) == (True, "from the incident's cell")
        other = 'IEEE-802.11;i-wlan-node-id="00ff"'
        assert flood.about(call(20, network=other)) == (False, "from another cell")

    def test_without_a_flood_no_call_is(self) -> None:
        assert Flood(SETTINGS).about(call(0, STADIUM)) == (False, "no flood")

    def test_a_few_neighbours_among_calls_from_everywhere_are_not_the_incident(self) -> None:
        flood = Flood(SETTINGS)
        for second in range(12):
            flood.called(call(second, STADIUM if second < 4 else (-7.0 + second, 112.0)))
        assert begun(flood, 12).state.incident is None

    def test_a_supervisor_who_changes_the_prompt_later_does_not_lose_the_place(self) -> None:
        flood = self.flood()
        flood.changed(FloodChanged(at=T0 + 300, on=True, reason="stadium", by="rina", prompt="stadion"))
        assert flood.state.incident is not None


@given(
    st.lists(st.tuples(st.floats(-0.015, 0.015), st.floats(-0.015, 0.015)), min_size=5, max_size=40),
    st.lists(st.tuples(st.floats(1, 60), st.floats(-170, 170)), max_size=4),
    st.floats(-8, 0),
)
def test_an_incident_is_found_wherever_the_grid_lies(
    near: list[tuple[float, float]], far: list[tuple[float, float]], latitude: float
) -> None:
    """All within 2.4 km of a point, so within 5 km of their middle, and up to four calls from elsewhere."""
    spots = [Spot(latitude + dy, 112.7 + dx) for dy, dx in near] + [Spot(la, lo) for la, lo in far]
    found = densest(spots, 5.0)
    assert found is not None
    assert found.count >= len(near)
    away = distance_km(found.spot, Spot(latitude, 112.7))
    assert away is not None
    assert away <= 5.0


def test_garbled_positions_are_none() -> None:
    for location in (
        {"latitude": "x", "longitude": 1},
        {"latitude": 91, "longitude": 1},
        {"error": "?"},
        None,
    ):
        assert spot_of(started("x", T0, location=location)) == Spot()


def test_what_is_seen_is_bounded() -> None:
    flood = Flood(SETTINGS)
    for n in range(MAX_SEEN + 50):
        flood.called(call(n / 1_000))
    assert len(flood.state.seen) == MAX_SEEN


@pytest.mark.parametrize("wrong", [{"calls": MAX_SEEN + 1}, {"window_s": 0}, {"place_share": 1.5}])
def test_settings_that_make_no_sense_are_named(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="flood: "):
        FloodSettings(**wrong)  # type: ignore[arg-type]
