"""What a real broker is told of real calls, and what happens when either of them goes away."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from tests.sinks.asyncapi import check

from ntpd112.sinks.topics import Publication

from .conftest import Stage
from .peers.agent import Settings, http
from .peers.broker import PASSWORD, PORT, USER, Broker, Subscriber
from .peers.ended import ended_calls, states_by_call
from .peers.scenario import answered, hangs_up, invite, is_hung_up, pause, picks_up
from .peers.waiting import eventually

CALLS_PER_S = 10


def mqtt(host: str, scheme: str = "mqtt", password: str = PASSWORD) -> Settings:
    url, secrets = f"{scheme}://{host}:{PORT}", f'username = "{USER}"\npassword = "{password}"'
    return Settings(sections=f'[mqtt]\nurl = "{url}"\n{secrets}\n')


def states(subscriber: Subscriber, call: str) -> list[str]:
    """Each once as long as it lasts."""
    told = [message.payload["state"] for message in subscriber.told(f"calls/{call}")]
    return [state for place, state in enumerate(told) if told[place - 1 : place] != [state]]


def cdrs(subscriber: Subscriber) -> list[str]:
    """Ids, repeats dropped as a consumer has to."""
    return list(dict.fromkeys(message.payload["id"] for message in subscriber.told("cdr")))


def test_a_call_is_told_from_its_arrival_to_its_cdr_as_the_document_says(stage: Stage) -> None:
    broker = stage.broker()
    subscriber = stage.subscriber(broker)
    agent = stage.agent(mqtt(broker.host), siti={})
    stage.sipp_phone(agent, "siti", *picks_up(), *is_hung_up())
    caller = stage.caller(agent, invite(), *answered(), pause(500), *hangs_up())
    caller.start()
    caller.finish()
    (record,) = agent.wait_for_cdrs()
    eventually(lambda: cdrs(subscriber) == [record["id"]], "the CDR is told")
    assert states(subscriber, record["id"]) == ["arriving", "waiting", "ringing", "talking", "ended"]
    (cdr,) = [message.payload for message in subscriber.told("cdr")]
    assert {**cdr, "quality": 0} == {**record, "quality": 0, "seq": cdr["seq"]}
    for message in subscriber.told():
        retain = "/operators/" in message.topic or message.topic.endswith("/status")
        check(Publication(message.topic, json_of(message.payload), retain))
    late = stage.subscriber(broker)
    eventually(lambda: late.told("operators/siti"), "the operator's state is retained")
    eventually(lambda: late.told("status"), "the status is retained")
    assert {(told.topic.rpartition("/")[2], told.retained) for told in late.told()} == {
        ("siti", True),
        ("status", True),
    }


def documented_subscription(broker: Broker, ca: Path) -> str:
    """What the first subscription of docs/mqtt.md says first, when the names in it are ours."""
    text = (Path(__file__).parents[2] / "docs" / "mqtt.md").read_text()
    (command,) = re.findall(r"```sh\n(mosquitto_sub .*?)\n```", text, re.DOTALL)
    ours = {
        "broker.example.go.id -p 8883": f"{broker.host} -p {PORT}",
        "broker-ca.pem": str(ca),
        "-u my-program": f"-u {USER}",
    }
    for theirs, own in ours.items():
        assert theirs in command
        command = command.replace(theirs, own)
    shell = ["sh", "-c", f"{command} -C 1 -W 20"]
    done = subprocess.run(shell, env={**os.environ, "PASSWORD": PASSWORD}, capture_output=True, text=True)
    return done.stdout


def json_of(payload: object) -> bytes:
    return json.dumps(payload).encode()


def test_a_broker_that_is_away_in_the_middle_of_calls_gets_every_one_later(stage: Stage) -> None:
    broker = stage.broker()
    subscriber = stage.subscriber(broker)
    agent = stage.agent(mqtt(broker.host), siti={})
    stage.sipp_phone(agent, "siti", *picks_up(), *is_hung_up())
    early = stage.caller(agent, invite(), *answered(), pause(3000), *hangs_up())
    early.start()
    (call,) = agent.wait_for_calls("talking")
    eventually(lambda: "talking" in states(subscriber, call["id"]), "talking is told")
    broker.stop()
    agent.program.wait_for_log("events wait in the journal")
    early.finish()
    for _ in range(3):
        gives_up = stage.caller(agent, invite(), *answered(), pause(300), *hangs_up())
        gives_up.start()
        gives_up.finish()
    agent.wait_for_cdrs(4)
    assert cdrs(subscriber) == []
    (warning,) = agent.ready()["warnings"]
    assert "events wait in the journal" in warning
    metrics = http.get(f"{agent.url}/metrics").text
    assert 'ntpd112_sink_failing{sink="mqtt"} 1.0' in metrics
    assert 'ntpd112_journal_lag{sink="mqtt"} 0.0' not in metrics
    broker.start()
    eventually(lambda: len(cdrs(subscriber)) == 4, "every CDR arrives")
    assert sorted(cdrs(subscriber)) == sorted(record["id"] for record in agent.cdrs())
    for record in agent.cdrs():
        seqs = [message.payload["seq"] for message in subscriber.told(f"calls/{record['id']}")]
        assert list(dict.fromkeys(seqs)) == sorted(set(seqs))
        assert states(subscriber, record["id"])[-1] == "ended"
    log = agent.program.log()
    assert log.count("the broker is back") == 1
    agent.stop()
    assert sorted(cdrs(subscriber)) == sorted(ended_calls(agent))


def test_a_broker_that_goes_and_comes_back_under_load_is_told_every_call_in_order(stage: Stage) -> None:
    broker = stage.broker()
    subscriber = stage.subscriber(broker)
    agent = stage.agent(mqtt(broker.host))
    calls = 200
    caller = stage.caller(
        agent, invite(), *answered(), pause(500), *hangs_up(), calls=calls, rate=CALLS_PER_S
    )
    caller.start()
    for told in (calls // 5, calls // 2):
        eventually(lambda: len(cdrs(subscriber)) >= told, "some are told")  # noqa: B023
        broker.stop()
        ended = len(agent.cdrs())
        eventually(lambda: len(agent.cdrs()) >= ended + 2 * CALLS_PER_S, "calls go on")  # noqa: B023
        broker.start()
    caller.finish()
    agent.wait_for_cdrs(calls)
    eventually(lambda: len(cdrs(subscriber)) == calls, "every CDR arrives")
    agent.stop()
    assert sorted(cdrs(subscriber)) == sorted(ended_calls(agent))
    for call, places in states_by_call(agent).items():
        told_of = [message.payload["seq"] for message in subscriber.told(f"calls/{call}")]
        assert list(dict.fromkeys(told_of)) == places


def test_a_killed_agent_is_offline_by_its_last_will_and_tells_the_rest_when_it_is_back(stage: Stage) -> None:
    broker = stage.broker()
    subscriber = stage.subscriber(broker)
    agent = stage.agent(mqtt(broker.host), siti={})
    stage.sipp_phone(agent, "siti", *picks_up(), *is_hung_up())
    stage.caller(agent, invite(), *answered(), pause(20_000), *hangs_up()).start()
    (call,) = agent.wait_for_calls("talking")
    eventually(lambda: "talking" in states(subscriber, call["id"]), "talking is told")
    agent.kill()

    def status() -> list[str]:
        return [message.payload["state"] for message in subscriber.told("status")]

    eventually(lambda: status() == ["online", "offline"], "the last will is told")
    agent.start()
    eventually(lambda: cdrs(subscriber) == [call["id"]], "the CDR is told")
    (cdr,) = [message.payload for message in subscriber.told("cdr")]
    assert cdr["disposition"] == "interrupted"
    assert status()[-1] == "online"
    agent.stop()
    eventually(lambda: status()[-1] == "offline", "a stopped agent says goodbye")


def test_a_wrong_password_is_said_in_the_log_and_in_readyz_and_no_call_minds(stage: Stage) -> None:
    broker = stage.broker()
    agent = stage.agent(mqtt(broker.host, password="wrong"), siti={})
    agent.program.wait_for_log("the broker refuses us (Not authorized): look at [mqtt] username and password")
    ready = agent.ready()
    assert ready["ready"]
    assert any("username and password" in warning for warning in ready["warnings"])
    stage.sipp_phone(agent, "siti", *picks_up(), *is_hung_up())
    caller = stage.caller(agent, invite(), *answered(), pause(300), *hangs_up())
    caller.start()
    caller.finish()
    agent.wait_for_cdrs()
    assert agent.program.log().count("the broker refuses us") == 1


def test_a_broker_that_refuses_a_topic_is_said_in_the_log_and_nothing_is_skipped(stage: Stage) -> None:
    broker = stage.broker(rules=f"user {USER}\ntopic read #\ntopic write ntpd112/35.78/status\n")
    agent = stage.agent(mqtt(broker.host), siti={})
    stage.sipp_phone(agent, "siti", *picks_up(), *is_hung_up())
    agent.program.wait_for_log('refuses what we publish (Not authorized): may we write to "ntpd112/35.78/#"?')
    subscriber = stage.subscriber(broker)
    caller = stage.caller(agent, invite(), *answered(), pause(300), *hangs_up())
    caller.start()
    caller.finish()
    (record,) = agent.wait_for_cdrs()
    assert cdrs(subscriber) == []
    broker.set_rules(f"user {USER}\ntopic readwrite #\n")
    broker.stop()
    broker.start()
    eventually(lambda: cdrs(subscriber) == [record["id"]], "the CDR is told once it may be")


def test_tls_checks_the_broker_s_certificate(stage: Stage, tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    name = f"subjectAltName=IP:{stage.net.broker}"
    command += ["-subj", "/CN=broker", "-addext", name, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    broker = stage.broker((certificate, key))
    subscriber = stage.subscriber(broker, ca=certificate)
    agent = stage.agent(mqtt(broker.host, "mqtts"), siti={})
    agent.program.wait_for_log("certificate verify failed")
    agent.stop()
    agent.config.write_text(agent.config.read_text().replace("[mqtt]\n", f'[mqtt]\nca = "{certificate}"\n'))
    agent.start()
    eventually(lambda: subscriber.told("status"), "the status is told")
    assert documented_subscription(broker, certificate).startswith("ntpd112/35.78/status {")
