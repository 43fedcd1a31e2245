"""What becomes of a running call, with real phones and by listening to them."""

from __future__ import annotations

import re
import time

from .conftest import CALLER_TONE, OPERATOR_TONE, Stage
from .listening import HEARD_DBFS, TALK_S, THIRD_TONE, heard, recorded, tones_of
from .peers.agent import Agent, Json, Settings
from .peers.raw import Raw, header
from .peers.registration import authorization
from .peers.sound import read_wav, sine, tones_in_turn, write_wav
from .peers.waiting import eventually

HOLD_OVER_TONE, SAVIOUR_TONE = THIRD_TONE, 1600
PROMPT_S = 30.0
"Longer than it is listened to."
PSYCHOLOGIST = """[[destination]]
name = "psychologist"
kind = "agency"
to = "sip:psy@{phone}"
numbers = ["119"]
"""


def command(agent: Agent, method: str, path: str, body: Json | None = None) -> Json:
    answer = agent.request(method, path, body)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def parties(agent: Agent, *names: str) -> None:
    """Waits until these, and nobody else, are in the only call."""

    def look() -> bool:
        (call,) = agent.calls()
        return {party["name"] for party in call["parties"] if party["state"] == "in"} == set(names)

    eventually(look, f"{names} are in the call")


def test_in_a_conference_each_of_three_hears_the_two_others_and_not_themselves(stage: Stage) -> None:
    agent = stage.agent(Settings(sections=PSYCHOLOGIST), op1={})
    operator = stage.operator_phone(agent, "op1")
    psychologist = stage.outside_phone("psy", tone=THIRD_TONE)
    telco = stage.telco()
    telco.dial(f"sip:112@{stage.net.agent}")
    (call,) = agent.wait_for_calls("talking")

    command(agent, "POST", f"/calls/{call['id']}/parties", {"to": "destination:psychologist"})
    parties(agent, "op1", "psychologist")
    time.sleep(TALK_S)
    telco.hang_up()

    (cdr,) = agent.wait_for_cdrs()
    assert heard(telco) == {OPERATOR_TONE, THIRD_TONE}
    assert heard(operator) == {CALLER_TONE, THIRD_TONE}
    assert heard(psychologist) == {CALLER_TONE, OPERATOR_TONE}
    assert recorded(agent, cdr) == ({CALLER_TONE}, {OPERATOR_TONE, THIRD_TONE})
    third = cdr["segments"][-1]
    assert (third["party"], third["name"], third["purpose"]) == ("agency", "psychologist", "conference")


def test_a_whisper_is_heard_by_the_operator_and_neither_by_the_caller_nor_in_the_recording(
    stage: Stage,
) -> None:
    agent = stage.agent(op1={}, boss={"supervisor": 1})
    operator = stage.operator_phone(agent, "op1")
    supervisor = stage.operator_phone(agent, "boss", tone=THIRD_TONE)
    telco = stage.telco()
    telco.dial(f"sip:112@{stage.net.agent}")
    (call,) = agent.wait_for_calls("talking")

    order = {"supervisor": "boss", "mode": "whisper"}
    command(agent, "POST", f"/calls/{call['id']}/supervise", order)
    parties(agent, "op1", "boss")
    time.sleep(TALK_S)
    telco.hang_up()

    (cdr,) = agent.wait_for_cdrs()
    assert heard(telco) == {OPERATOR_TONE}
    assert heard(operator) == {CALLER_TONE, THIRD_TONE}
    assert heard(supervisor) == {CALLER_TONE, OPERATOR_TONE}
    assert recorded(agent, cdr) == ({CALLER_TONE}, {OPERATOR_TONE})


def test_an_operator_transfers_blind_from_the_phone_and_caller_and_target_hear_each_other(
    stage: Stage,
) -> None:
    agent = stage.agent(op1={}, op2={"reserve": 1})
    operator = stage.operator_phone(agent, "op1")
    colleague = stage.operator_phone(agent, "op2", tone=THIRD_TONE)
    telco = stage.telco()
    telco.dial(f"sip:112@{stage.net.agent}")
    agent.wait_for_calls("talking")

    operator.do("transfer", f"sip:op2@{stage.net.agent}")
    parties(agent, "op2")
    time.sleep(TALK_S)
    telco.hang_up()

    (cdr,) = agent.wait_for_cdrs()
    assert heard(telco) == {THIRD_TONE}
    assert heard(colleague) == {CALLER_TONE}
    assert recorded(agent, cdr) == ({CALLER_TONE}, {THIRD_TONE})
    assert (cdr["disposition"], cdr["operator"]) == ("answered", "op2")
    agent.wait_for_operator("op1", "ready")
    agent.wait_for_operator("op2", "ready")


class TwoLines:
    """Operator op1's phone by hand: talks to a caller on one line, and dials on a second."""

    def __init__(self, stage: Stage, agent: Agent) -> None:
        self.raw: Raw = stage.raw_phone(agent, "op1")
        self.agent = stage.net.agent
        self.invite = ""

    def pick_up(self) -> None:
        self.invite = self.raw.expect("INVITE")
        self.raw.send(self.raw.answer(self.invite, 200, "OK", self.raw.description()))
        self.raw.expect("ACK")

    def dial(self, number: str) -> str:
        """The second line is answered; what a Replaces says to name it."""
        uri, body = f"sip:{number}@{self.agent}", self.raw.description()
        self.raw.send(self._second("INVITE", 1, uri, body=body))
        refused = self.raw.expect("401 INVITE")
        self.raw.send(self._second("ACK", 1, uri, to=header(refused, "To")))
        proof = authorization(refused, "INVITE", uri, "op1", "secret-op1").rstrip()
        self.raw.send(self._second("INVITE", 2, uri, proof, body=body))
        to = header(self.raw.expect("200 INVITE"), "To")
        self.raw.send(self._second("ACK", 2, uri, to=to))
        tag = to.partition(";tag=")[2]
        return f"second-line%3Bto-tag%3D{tag}%3Bfrom-tag%3Dsecond"

    def _second(self, method: str, cseq: int, uri: str, *more: str, to: str = "", body: str = "") -> str:
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.raw.address};branch=z9hG4bKsecond{cseq}{'a' if method == 'ACK' else ''}",
            f"From: <sip:op1@{self.agent}>;tag=second",
            f"To: {to or f'<{uri}>'}",
            "Call-ID: second-line",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:op1@{self.raw.address}>",
            "Max-Forwards: 70",
            *more,
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join([*lines, "", body])

    def refer(self, to: str) -> str:
        """Sends REFER on the first line; what the phone is told of it in the end."""
        request = self.raw.request_back("REFER", 1, self.invite)
        self.raw.send(request.replace("Content-Length", f"Refer-To: <{to}>\r\nContent-Length"))
        self.raw.expect("202 REFER")
        while True:
            notify = self.raw.expect("NOTIFY")
            self.raw.send(self.raw.answer(notify, 200, "OK"))
            if "Subscription-State: terminated" in notify:
                return notify.rpartition("\r\n\r\n")[2].strip()

    def is_hung_up(self) -> None:
        """Both lines."""
        for _ in range(2):
            self.raw.send(self.raw.answer(self.raw.expect("BYE"), 200, "OK"))


def test_an_attended_transfer_by_refer_with_replaces_joins_caller_and_target(stage: Stage) -> None:
    agent = stage.agent(Settings(sections=PSYCHOLOGIST), op1={})
    phone = TwoLines(stage, agent)
    psychologist = stage.outside_phone("psy", tone=THIRD_TONE)
    telco = stage.telco()
    telco.dial(f"sip:112@{stage.net.agent}")
    phone.pick_up()
    agent.wait_for_calls("talking")

    replaces = phone.dial("119")
    agent.wait_for_calls("talking", "talking")
    said = phone.refer(f"sip:119@{stage.net.agent}?Replaces={replaces}")
    assert re.match(r"SIP/2\.0 200", said)
    phone.is_hung_up()
    parties(agent, "psychologist")
    time.sleep(TALK_S)
    telco.hang_up()

    first, second = sorted(agent.wait_for_cdrs(2), key=lambda cdr: str(cdr["started_at"]))
    assert heard(telco) == {THIRD_TONE}
    assert heard(psychologist) == {CALLER_TONE}
    assert (first["direction"], second["direction"]) == ("in", "internal")
    assert [segment["name"] for segment in first["segments"]] == [None, "op1", "psychologist"]


def test_a_caller_whose_operators_phone_dies_is_held_over_to_the_next_operator(stage: Stage) -> None:
    agent = stage.agent(op1={}, op2={})
    doomed = stage.operator_phone(agent, "op1", transport="tcp")
    telco = stage.telco()
    telco.dial(f"sip:112@{stage.net.agent}")
    (call,) = agent.wait_for_calls("talking")
    saviour = stage.operator_phone(agent, "op2", tone=THIRD_TONE)
    time.sleep(1.0)

    doomed.program.kill()

    parties(agent, "op2")
    time.sleep(TALK_S)
    telco.hang_up()
    (cdr,) = agent.wait_for_cdrs()
    assert cdr["id"] == call["id"]
    assert (cdr["disposition"], cdr["operator"], cdr["hangup_by"]) == ("answered", "op2", "caller")
    assert heard(telco) == {THIRD_TONE}
    assert heard(saviour) == {CALLER_TONE}
    whole = read_wav(agent.folder / "recordings" / cdr["recording"])
    assert OPERATOR_TONE in tones_of(whole.part(0.2, 0.9).channels[1]), "what the first one said is kept"
    assert recorded(agent, cdr) == ({CALLER_TONE}, {THIRD_TONE})


def test_a_udp_phone_that_dies_without_a_word_leaves_its_caller_to_the_prompt_and_the_next_operator(
    stage: Stage,
) -> None:
    agent = stage.agent(Settings(keepalive="1s"), op1={}, op2={})
    prompt = stage.folder / "hold-over.wav"
    write_wav(prompt, sine(HOLD_OVER_TONE, PROMPT_S))
    agent.upload("/prompts/id/hold-over", prompt.read_bytes())
    doomed = stage.operator_phone(agent, "op1")
    stage.operator_phone(agent, "op2", tone=SAVIOUR_TONE)
    command(agent, "PUT", "/operators/op2/state", {"state": "break"})
    eventually(lambda: agent.operator("op1")["contacts"][0]["answers_options"], "op1's phone answers OPTIONS")
    telco = stage.telco()
    telco.dial(f"sip:112@{stage.net.agent}")
    (call,) = agent.wait_for_calls("talking")
    time.sleep(TALK_S)

    doomed.program.kill()

    eventually(lambda: agent.events(call["id"], "call.announced"), "the caller is told")
    time.sleep(TALK_S)
    command(agent, "PUT", "/operators/op2/state", {"state": "ready"})
    parties(agent, "op2")
    time.sleep(TALK_S)
    telco.hang_up()
    (cdr,) = agent.wait_for_cdrs()
    assert (cdr["disposition"], cdr["operator"], cdr["hangup_by"]) == ("answered", "op2", "caller")
    telco.stop()
    turns = tones_in_turn(read_wav(telco.heard()), (OPERATOR_TONE, HOLD_OVER_TONE, SAVIOUR_TONE), HEARD_DBFS)
    assert [tone for tone, _ in turns] == [OPERATOR_TONE, HOLD_OVER_TONE, SAVIOUR_TONE]
    assert min(seconds for _, seconds in turns) > TALK_S - 1.0
