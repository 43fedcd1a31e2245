"""`ntpd112 trunk test`, against a telco that sees us through a NAT."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from ntpd112.cli.running import KEY_VARIABLE

from .conftest import Stage
from .peers.raw import Raw

SEEN = "203.0.113.9"


def test_a_trunk_is_tried_from_the_agent_s_own_socket_and_a_nat_shows(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = stage.agent()
    monkeypatch.setenv(KEY_VARIABLE, agent.key)
    telco = Raw(agent.net.telco, agent.sip, 5060)

    def answer() -> str:
        asked = telco.expect("OPTIONS")
        telco.send(telco.answer(asked, 200, "OK").replace(";rport", f";received={SEEN};rport=61000", 1))
        return asked

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(answer)
        said = agent.cli("trunk", "test", "telco")
        assert f"SIP/2.0/UDP {agent.sip}" in asked.result()
    telco.close()
    assert f"It sees us at {SEEN}:61000, we say {agent.sip}: a NAT is between" in said
    assert "tcp: no connection by TCP: nobody listens at that port" in said
