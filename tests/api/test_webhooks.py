"""Webhooks over REST."""

from __future__ import annotations

import pytest
from tests.api.conftest import Site
from tests.api.hooks import DELIVERY, FakeHook

from ntpd112.api import models
from ntpd112.sinks.delivery import Answer

PATH = "/api/v1/webhooks"


def hook(site: Site) -> FakeHook:
    found: FakeHook = site.app.state.webhooks["dispatch"]
    return found


async def test_the_list_says_how_each_does_and_not_the_path_of_its_url(site: Site) -> None:
    hook(site).problem = "it hangs"
    (shown,) = [models.WebhookOut.model_validate(one) for one in (await site.client.get(PATH)).json()]
    assert (shown.name, shown.url, shown.events) == (
        "dispatch",
        "https://dispatch.example.go.id",
        ["call.state", "cdr"],
    )
    assert (shown.on, shown.problem, shown.pending, shown.dead) == (True, "it hangs", 2, 1)
    assert shown.oldest_s is not None
    hook(site).gone = True
    assert not (await site.client.get(PATH)).json()[0]["on"]


async def test_dead_deliveries_are_shown_with_times_of_the_site_and_sent_again(site: Site) -> None:
    (shown,) = (await site.client.get(f"{PATH}/dispatch/dead")).json()
    models.DeadOut.model_validate(shown)
    assert (shown["id"], shown["status"], shown["first_at"]) == (DELIVERY, 500, "2025-10-09T15:53:20+07:00")
    for where in (f"dead/{DELIVERY}/resend", "dead/resend"):
        answer = await site.client.post(f"{PATH}/dispatch/{where}")
        assert (answer.status_code, answer.json()) == (202, {"resent": 1})


async def test_a_test_says_what_the_receiver_made_of_it(site: Site) -> None:
    taken = models.TestedOut.model_validate((await site.client.post(f"{PATH}/dispatch/test")).json())
    assert (taken.taken, taken.status, taken.error) == (True, 204, "")
    hook(site).answer = Answer(None, "Connection refused")
    refused = models.TestedOut.model_validate((await site.client.post(f"{PATH}/dispatch/test")).json())
    assert (refused.taken, refused.status, refused.error) == (False, None, "Connection refused")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "other/dead"),
        ("POST", "other/test"),
        ("POST", "other/dead/resend"),
        ("POST", f"dispatch/dead/{DELIVERY[:-1]}1/resend"),
    ],
)
async def test_what_there_is_not_is_named(site: Site, method: str, path: str) -> None:
    answer = await site.client.request(method, f"{PATH}/{path}")
    assert answer.status_code == 404
    assert "other" in answer.json()["detail"] or DELIVERY[:-1] in answer.json()["detail"]


@pytest.mark.parametrize("path", ["dead/x/resend", "dead/../resend", "test?really=1"])
async def test_what_is_no_delivery_or_no_parameter_is_refused(site: Site, path: str) -> None:
    assert (await site.client.post(f"{PATH}/dispatch/{path}")).status_code in (404, 422)


async def test_an_outbox_that_cannot_be_used_and_a_secret_that_cannot_be_read_are_503(site: Site) -> None:
    hook(site).breaks()
    for method, path in (("GET", "dead"), ("POST", "dead/resend"), ("POST", f"dead/{DELIVERY}/resend")):
        answer = await site.client.request(method, f"{PATH}/dispatch/{path}")
        assert (answer.status_code, "disk I/O error" in answer.json()["detail"]) == (503, True)
    hook(site).broken = FileNotFoundError(2, "No such file or directory", "/secret")
    answer = await site.client.post(f"{PATH}/dispatch/test")
    assert (answer.status_code, "/secret" in answer.json()["detail"]) == (503, True)
