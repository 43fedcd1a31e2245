"""The image is built from the repository's Dockerfile, a call goes through it, and a stop ends no call."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import CALLER_TONE, OPERATOR_TONE, Stage
from .peers.agent import Settings
from .peers.image import IMAGE, USER, Podman, processes, status_of
from .peers.scenario import ack_refusal, expect, invite
from .peers.sound import read_wav, tone_level
from .peers.waiting import eventually

HEARD_DBFS, UNHEARD_DBFS = -25.0, -40.0
pytestmark = pytest.mark.timeout(300)  # with the building of the image, and its removal
MAX_MB = 220
"What the image may have beside its base."


@pytest.fixture(scope="module")
def podman() -> Iterator[Podman]:
    folder = Path(tempfile.mkdtemp(prefix="podman-"))  # it takes a short path only
    podman = Podman(folder)
    podman.build()
    yield podman
    podman.clear()
    shutil.rmtree(folder)


def test_the_image_is_small_and_says_who_it_runs_as_where_its_data_is_and_how_it_is_asked(
    podman: Podman,
) -> None:
    (image,) = json.loads(podman.do("image", "inspect", IMAGE))

    (base,) = json.loads(podman.do("image", "inspect", f"{IMAGE}-base"))
    assert image["Size"] - base["Size"] < MAX_MB * 1e6
    assert image["Config"]["User"] == str(USER)
    assert list(image["Config"]["Volumes"]) == ["/var/lib/ntpd112"]
    assert image["Config"]["StopSignal"] == "SIGTERM"
    assert image["Healthcheck"]["Test"][0] == "CMD"


def test_a_call_goes_through_the_image_and_a_stop_waits_for_its_end_while_new_calls_get_503(
    podman: Podman, stage: Stage
) -> None:
    agent = stage.contained_agent(podman, Settings(drain="1m"), "op1")
    phone, telco = stage.operator_phone(agent, "op1"), stage.telco()
    telco.dial(f"sip:112@{agent.net.agent}")
    phone.wait_for_call()
    agent.wait_for_calls("talking")

    assert podman.try_("healthcheck", "run", agent.name).returncode == 0
    agent_and_worker = [status_of(pid) for pid in processes(podman, agent.name)]
    assert len(agent_and_worker) == 2
    for status in agent_and_worker:
        assert set(status["Uid"].split()) == set(status["Gid"].split()) == {str(USER)}
        assert (int(status["CapEff"], 16), status["NoNewPrivs"]) == (0, "1")
    written = podman.try_("exec", "--user", "0", agent.name, "touch", "/opt/ntpd112/bin/ntpd112")
    assert "Read-only file system" in written.stderr

    stop = agent.end()
    eventually(lambda: "draining" in agent.program.log(), "the agent drains")
    late = stage.caller(agent, invite(), expect(100, optional=True), expect(503), ack_refusal())
    late.run()
    time.sleep(2.0)
    assert stop.running
    telco.hang_up()
    assert stop.wait(20.0) == 0
    assert agent.program.wait(20.0) == 0

    # Both heard each other, to the end.
    for heard, said, other in (
        (phone.heard(), CALLER_TONE, OPERATOR_TONE),
        (telco.heard(), OPERATOR_TONE, CALLER_TONE),
    ):
        sound = read_wav(heard)
        end = sound.part(-2.0, -0.5)
        assert tone_level(end.channels[0], said, sound.rate) > HEARD_DBFS
        assert tone_level(end.channels[0], other, sound.rate) < UNHEARD_DBFS
    (recording,) = agent.folder.glob("recordings/*/*/*/*.wav")
    caller, operator = read_wav(recording).part(-2.0, -0.5).channels
    assert tone_level(caller, CALLER_TONE) > HEARD_DBFS
    assert tone_level(operator, OPERATOR_TONE) > HEARD_DBFS
