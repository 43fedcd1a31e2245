import pytest

from ntpd112.config.regions import nearest, region_code, regions, timezone_of


def test_all_514_regions_are_known_by_code_and_name() -> None:
    assert len(regions()) == 514
    assert regions()["35.78"] == "Kota Surabaya"
    assert regions()["73.10"] == "Kabupaten Pangkajene dan Kepulauan"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ("3578", "35.78"),
        ("35.99", "35.79"),
        ("99.01", "96.71"),
        ("35", "35.01"),
        ("Surabaya", "35.78"),
        ("kota batu", "35.79"),
    ],
)
def test_an_unknown_code_is_refused_with_the_nearest(wrong: str, code: str) -> None:
    with pytest.raises(ValueError, match=f'the nearest is "{code}"'):
        region_code(wrong)


@pytest.mark.parametrize("text", ["", "?", "xyzzy"])
def test_any_text_has_a_nearest_region(text: str) -> None:
    assert nearest(text) in regions()


@pytest.mark.parametrize(
    ("code", "zone"),
    [
        ("35.78", "Asia/Jakarta"),
        ("62.71", "Asia/Jakarta"),
        ("51.71", "Asia/Makassar"),
        ("73.71", "Asia/Makassar"),
        ("91.71", "Asia/Jayapura"),
        ("81.71", "Asia/Jayapura"),
        ("", "Asia/Jakarta"),
    ],
)
def test_the_time_zone_is_the_province_s(code: str, zone: str) -> None:
    assert timezone_of(code) == zone
