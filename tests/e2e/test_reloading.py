"""Another configuration, and a trunk out of service, while a call is talked on."""

from __future__ import annotations

import os
import signal

from .conftest import Stage
from .peers.agent import Agent
from .peers.scenario import ack_refusal, answered, expect, hangs_up, invite, pause


def rewrite(agent: Agent, old: str, new: str) -> None:
    text = agent.config.read_text()
    assert old in text
    agent.config.write_text(text.replace(old, new, 1))


def test_a_reload_lets_a_new_trunk_call_and_one_that_is_refused_changes_nothing(stage: Stage) -> None:
    agent = stage.agent()
    talking = stage.caller(agent, invite(), *answered(), pause(6000), *hangs_up())
    talking.start()
    agent.wait_for_calls("waiting")
    stranger = stage.net.stranger
    stage.caller(agent, invite(), expect(403), ack_refusal(), host=stranger).run()

    rewrite(agent, "[[queue]]", f'[[trunk]]\nname = "new"\npeers = ["{stranger}"]\n[[queue]]')
    changes = agent.command("POST", "/config/reload")["changes"]
    assert [change["path"] for change in changes] == ["trunk.new"]
    stage.caller(agent, invite(), *answered(), pause(200), *hangs_up(), host=stranger).run()

    rewrite(agent, "max_calls = 2", "max_calls = 3")
    rewrite(agent, 'drain = "1s"', 'drain = "2s"')
    os.kill(agent.program.pid, signal.SIGHUP)
    agent.program.wait_for_log("CONFIGURATION NOT RELOADED")
    assert "sip.drain: needs a restart of the agent" in agent.program.log()
    limits = {trunk["name"]: trunk["max_calls"] for trunk in agent.listed("/trunks")}
    assert (limits["narrow"], limits["new"]) == (2, 60)
    talking.finish()
    agent.wait_for_cdrs(2)


def test_a_trunk_in_maintenance_refuses_new_calls_over_a_kill_and_ends_none(stage: Stage) -> None:
    agent = stage.agent()
    talking = stage.caller(agent, invite(), *answered(), pause(2500), *hangs_up())
    talking.start()
    agent.wait_for_calls("waiting")
    refused = (
        invite(),
        expect(100, optional=True),
        expect(503, contains="Retry-After: *60"),
        ack_refusal(),
    )

    agent.command("PUT", "/trunks/telco/maintenance", {"on": True, "reason": "new cable"})
    stage.caller(agent, *refused).run()
    assert len(agent.calls()) == 1
    talking.finish()
    agent.kill()
    agent.start()
    assert any('trunk "telco" is in maintenance' in warning for warning in agent.ready()["warnings"])
    stage.caller(agent, *refused).run()

    agent.command("PUT", "/trunks/telco/maintenance", {"on": False})
    stage.caller(agent, invite(), *answered(), pause(200), *hangs_up()).run()
