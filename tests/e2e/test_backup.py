"""A centre is lost and put back from its backup somewhere else, and calls go on."""

from __future__ import annotations

import time

from ntpd112.app.backup import parts_of
from ntpd112.config import load_config

from .conftest import CALLER_TONE, OPERATOR_TONE, Stage
from .peers.agent import Settings
from .peers.raw import header
from .peers.scenario import answered, hangs_up, invite, is_hung_up, pause, picks_up
from .peers.sound import read_wav, tone_level
from .test_following import by_websocket

NOT_IN_IT = {"journal.db-lock", "ntpd112-trace.db", "agent.log"}
"Who runs, SIP messages of late, the test's own."


def test_a_centre_put_back_at_another_address_has_its_calls_and_takes_the_next_one(stage: Stage) -> None:
    old = stage.agent(op1={}, op2={})
    phone = stage.sipp_phone(old, "op1", *picks_up(), *is_hung_up())
    talked = stage.caller(old, invite(), *answered(), pause(1500), *hangs_up())
    talked.run()
    phone.finish()
    (cdr,) = old.wait_for_cdrs()
    recording = old.request("GET", f"/cdrs/{cdr['id']}/recording").content
    old.command("PUT", "/operators/op1/state", {"state": "offline"})
    waits = stage.raw_caller(old)
    waits.send(waits.request("INVITE", 1, body=waits.description()))
    to = header(waits.expect("200 INVITE"), "To")
    waits.send(waits.request("ACK", 1, to=to))
    (waiting,) = old.wait_for_calls("waiting")

    old.cli("backup", str(stage.folder / "backup"), "--recordings")

    waits.send(waits.request("BYE", 2, to=to))
    waits.expect("200 BYE")
    old.wait_for_cdrs(2)  # this the backup does not know
    position = next(by_websocket(old, ""))["position"]
    old.kill()
    parts = {part.place for part in parts_of(load_config(old.config, {}))} | {old.config}
    found = {file.name.removesuffix("-wal").removesuffix("-shm") for file in old.folder.iterdir()}
    assert found - {part.name for part in parts if part} == NOT_IN_IT

    new = stage.second_agent(Settings(), backup=stage.folder / "backup")
    new.key = old.key
    cdrs = {cdr["id"]: cdr for cdr in new.wait_for_cdrs(2)}
    assert cdrs[cdr["id"]] == cdr
    assert cdrs[waiting["id"]]["disposition"] == "interrupted"
    assert new.request("GET", f"/cdrs/{cdr['id']}/recording").content == recording
    assert "as they were written" in new.cli("audit", "--verify")
    told = (event for event in by_websocket(new, f"since={position}") if event["type"] != "heartbeat")
    assert next(told)["type"] == "journal.restored"

    softphone = stage.operator_phone(new, "op2", registrar=new.net.agent)
    telco = stage.telco()
    telco.dial(f"sip:112@{new.net.agent}")
    softphone.wait_for_call()
    (call,) = new.wait_for_calls("talking")
    assert next(event for event in told if event["type"] == "call.started")["call_id"] == call["id"]
    time.sleep(1.5)
    telco.hang_up()
    new.wait_for_cdrs(3)
    assert tone_level(read_wav(softphone.heard()).channels[0], CALLER_TONE) > -25
    assert tone_level(read_wav(telco.heard()).channels[0], OPERATOR_TONE) > -25
