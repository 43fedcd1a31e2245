"""Service levels over REST and as metrics."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.api.conftest import Site

from ntpd112.api import models


@pytest.mark.parametrize("path", ["levels", "levels/intervals"])
@pytest.mark.parametrize(
    ("by", "name"), [("all", ""), ("queue", "112"), ("trunk", "112"), ("operator", "112")]
)
async def test_levels_are_as_the_openapi_document_says(site: Site, path: str, by: str, name: str) -> None:
    answer = await site.client.get(f"/api/v1/{path}?by={by}")
    assert answer.status_code == 200
    (row,) = answer.json()
    shown = models.LevelOut.model_validate(row)
    assert (shown.name, shown.offered, shown.mean_wait_s, shown.level_20) == (name, 4, 15.0, 0.333)
    assert row["start_at"] == "2026-11-01T08:00:00+07:00"


async def test_since_is_a_date_in_the_sites_zone(site: Site) -> None:
    assert (await site.client.get("/api/v1/levels?since=2026-11-01")).status_code == 200
    midnight = datetime(2026, 10, 31, 17, 0, tzinfo=UTC).timestamp()
    assert site.centre.remembered.asked == [("levels", midnight, "all")]


@pytest.mark.parametrize("query", ["since=yesterday", "by=skill", "until=2026-11-01"])
async def test_what_is_not_understood_is_refused_by_name(site: Site, query: str) -> None:
    answer = await site.client.get(f"/api/v1/levels?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.json()["detail"]


async def test_service_levels_are_metrics_of_the_last_half_hour(site: Site) -> None:
    shown = (await site.client.get("/metrics")).text
    assert 'ntpd112_service_level{name="",per="all",within="20"} 0.33' in shown
    assert 'ntpd112_service_level{name="112",per="queue",within="20"} 0.33' in shown
    assert 'ntpd112_recent_calls{name="112",outcome="answered",per="queue"} 2.0' in shown
    assert 'ntpd112_recent_mean_wait_seconds{name="112",per="queue"} 15.0' in shown
