"""Queues with ladder and screening, destinations, numbers, and what operators dial."""

from pathlib import Path

import pytest
from tests.config.said import load, said

from ntpd112.config import LadderStep, load_config, warnings_of

POLICE = '[[destination]]\nname = "police"\nto = "sip:110@10.1.0.5"\n'
QUEUE = '[[queue]]\nname = "a"\nnumbers = ["112"]\n'
SITE = '[site]\nregion = "35.78"\n[[trunk]]\nname = "t"\npeers = ["127.0.0.1"]\n'


def step(text: str) -> str:
    return f"[[queue.ladder]]\n{text}\n"


def test_a_ladder_is_read_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = QUEUE + step('after = "10s"\ndrop = ["english"]\ninclude = ["reserve"]')
    text += step('after = "20s"\nany = true') + step('after = "1m"\nto = "police"\nring = "20s"') + POLICE
    ladder = load(tmp_path, text).queue[0].ladder
    assert ladder[:2] == [
        LadderStep(after=10.0, drop=["english"], include=["reserve"]),
        LadderStep(after=20.0, any=True),
    ]
    assert (ladder[2].after, ladder[2].to, ladder[2].ring, ladder[2].announce) == (
        60.0,
        "police",
        20.0,
        "all-busy",
    )


def test_a_step_to_a_destination_announces_what_it_says_or_nothing(tmp_path: Path) -> None:
    steps = "".join(
        step(f'after = "1s"\nto = "sip:110@[2001:db8::1];transport=tcp"\n{announce}')
        for announce in ('announce = "transfer"', 'announce = ""')
    )
    assert [s.announce for s in load(tmp_path, QUEUE + steps).queue[0].ladder] == ["transfer", ""]


def test_a_destination_has_one_target_or_several_and_its_name_as_title(tmp_path: Path) -> None:
    text = POLICE + '[[destination]]\nname = "fire"\nto = ["sip:1.2.3.4", "sip:b@1.2.3.4"]\ntitle = "Damkar"'
    police, fire = load(tmp_path, text).destination
    assert (police.to, police.title, police.kind, police.ring) == (
        ["sip:110@10.1.0.5"],
        "police",
        "agency",
        10.0,
    )
    assert (fire.to, fire.title) == (["sip:1.2.3.4", "sip:b@1.2.3.4"], "Damkar")


def test_an_alias_s_queue_serves_its_number(tmp_path: Path) -> None:
    text = QUEUE + '[[number]]\nnumber = "119"\nqueue = "a"\ncategory = "ambulance"\n'
    text += '[[number]]\nnumber = "112"\npriority = 1'
    config = load(tmp_path, text)
    assert config.queue[0].numbers == ["112", "119"]
    assert [number.category for number in config.number] == ["ambulance", ""]


def test_an_alias_may_be_of_the_queue_that_is_there_without_any(tmp_path: Path) -> None:
    config = load(tmp_path, '[[number]]\nnumber = "110"\nqueue = "112"')
    assert config.queue[0].numbers == ["112", "urn:service:sos", "110"]


def test_screening_has_defaults_and_is_off_unless_it_is_there(tmp_path: Path) -> None:
    assert load(tmp_path, QUEUE).queue[0].screening is None
    screening = load(tmp_path, QUEUE + "[queue.screening]").queue[0].screening
    assert screening is not None
    assert (screening.when, screening.panic, screening.window) == ("busy", "55", 6.0)


def test_the_code_for_a_break_is_break_in_file_and_environment(tmp_path: Path) -> None:
    assert load(tmp_path, '[codes]\nbreak = "*99"\nbarge = ""').codes.break_ == "*99"
    assert load_config(None, {"NTPD112_CODES__BREAK": "*98"}).codes.break_ == "*98"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            QUEUE + step('after = "20s"\nany = true') + step('after = "10s"\nany = true'),
            '8: queue "a": ladder step 2: after "10s" is sooner than the step before',
        ),
        (
            QUEUE + step('after = "1s"\nto = "polisi"') + POLICE,
            '6: queue "a": ladder step 1: to "polisi" is no [[destination]], queue or SIP URI ("police")',
        ),
        (
            QUEUE + step('after = "1s"\nto = "x"'),
            '6: queue "a": ladder step 1: to "x" is no [[destination]], queue or SIP URI (none yet)',
        ),
        (
            QUEUE + step('after = "1s"\nto = "a"'),
            '6: queue "a": ladder step 1: to "a" is the queue that the call is in',
        ),
        (
            QUEUE + step('after = "1s"\nto = "sip:1@pbx"'),
            '6: queue "a": ladder step 1: to "sip:1@pbx" has the host "pbx", which is not an IP address',
        ),
        (
            QUEUE
            + step('after = "1s"\nto = "b"')
            + step('after = "2s"\nany = true')
            + '[[queue]]\nname = "b"\n',
            '7: queue "a": ladder step 2: is never reached: step 1 has taken the call to queue "b"',
        ),
        (
            QUEUE + step('after = "1s"\ninclude = ["rese"]'),
            '6: queue "a": ladder step 1: include "rese" is none of the queue\'s roles: reserve, supervisor',
        ),
        (
            QUEUE + step('after = "1s"'),
            '4: queue "a": ladder step {"after": "1s"} changes nothing: it needs drop, any, include or to',
        ),
        (
            QUEUE + step('after = "1s"\nto = "police"\nany = true') + POLICE,
            '4: queue "a": ladder step {"after": "1s", "to": "police", "any": true} does two things: '
            'give "to" a step of its own',
        ),
        (
            QUEUE + step('after = "1s"\nany = true\nring = "5s"'),
            '4: queue "a": ladder step {"after": "1s", "any": true, "ring": "5s"} has ring or announce, '
            'which go with "to" only',
        ),
        (
            QUEUE + step('after = "1s"\ndorp = ["x"]\nany = true'),
            '6: queue "a": ladder step 1: unknown key "dorp"; did you mean "drop"?',
        ),
        (QUEUE + step("any = true"), '4: queue "a": ladder step 1: key "after" is missing'),
        (
            QUEUE + step('after = "1s"\nany = "perhaps"'),
            '6: queue "a": ladder step 1: any "perhaps" is not true or false',
        ),
        (
            QUEUE + '[queue.screening]\npanic = "SOS"',
            '5: queue "a": screening: panic "SOS" is not made of a telephone\'s keys: digits, * and #',
        ),
        (
            QUEUE + 'answer = "ring"\n[queue.screening]\n',
            '5: queue "a": screening needs answer = "announce": who is not answered hears nothing',
        ),
        (
            QUEUE + 'strategy = "skills"',
            '4: queue "a": strategy "skills" is not "longest-idle", "least-calls", "least-talk", '
            '"round-robin", "random", "tier", "ring-all" or "progressive"',
        ),
        (
            QUEUE + "prefer = { english = 11 }",
            '4: queue "a": level of skill "english" 11 is not 10 or less',
        ),
        (
            POLICE + '[[queue]]\nname = "police"\nnumbers = ["1"]',
            '2: destination "police": a queue has this name too, so that `to` would say two things',
        ),
        (POLICE + POLICE, '5: destination "police": there are two of this name'),
        (
            '[[destination]]\nname = "d"\nto = []',
            '3: destination "d": to [] is empty: at least one is needed',
        ),
        (
            '[[destination]]\nname = "d"\nto = ["sip:1.2.3.4;transport=ws"]',
            '3: destination "d": to "sip:1.2.3.4;transport=ws" has the transport "ws"; we have udp, tcp '
            "and tls",
        ),
        (
            QUEUE + '[[number]]\nnumber = "119"\nqueue = "b"',
            '6: number "119": queue "b" is none of "a"',
        ),
        (
            QUEUE + '[[number]]\nnumber = "119"',
            '4: number "119": no queue serves it: add queue = "NAME"',
        ),
        (
            QUEUE + '[[number]]\nnumber = "112"\n[[number]]\nnumber = "112"\n',
            '7: number "112": there are two of this number',
        ),
        (
            QUEUE + '[[queue]]\nname = "b"\n[[number]]\nnumber = "112"\nqueue = "b"',
            '8: number "112": queue "b" is given, but the number is of queue "a"',
        ),
        ('[codes]\nready = "*11"', '2: [codes]: ready "*11" is also [codes]: break'),
        (
            '[codes]\nqueue = "*5"',
            '2: [codes]: queue "*5" cannot be told from "*51": [codes]: listen',
        ),
        (
            POLICE + 'numbers = ["*51"]\n',
            '4: destination "police": number "*51" is also [codes]: listen',
        ),
        (
            '[sip]\nlisten = ["udp://10.1.0.5:5060"]\n' + POLICE,
            '5: destination "police": to "sip:110@10.1.0.5" is an address of our own: calls would go round',
        ),
        (
            '[sip]\nadvertise = "2001:db8::1"\n'
            '[[destination]]\nname = "d"\nto = ["sip:1.2.3.4", "sip:[2001:DB8::1]:5060"]',
            '5: destination "d": to "sip:[2001:DB8::1]:5060" is an address of our own: calls would go round',
        ),
        (
            '[callbacks]\nto = "sip:112@10.1.0.5"',
            '2: [callbacks]: to "sip:112@10.1.0.5" does not say where the number goes: '
            'write "sip:{number}@10.1.0.5" or "trunk:NAME/{number}"',
        ),
        ("[shield]\nput_back_at = 0", "2: [shield]: put_back_at 0 is not above 0"),
        (
            '[flood]\nprompt = "insident"',
            None,
        ),
    ],
)
def test_what_is_said_of_what_is_wrong(tmp_path: Path, text: str, message: str | None) -> None:
    (problem,) = said(tmp_path, text)
    if message is None:
        assert problem.startswith('ntpd112.toml:2: [flood]: prompt "insident" is none of all-busy, ')
    else:
        assert problem == f"ntpd112.toml:{message}"


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        (
            QUEUE + '[[queue]]\nname = "b"\n',
            'queue "b": no number and no ladder leads here: only operators can transfer calls to it',
        ),
        (
            QUEUE + step('after = "1s"\ndrop = ["englsh"]'),
            'queue "a": ladder step 1: drops "englsh", which no call asks for',
        ),
        (
            QUEUE + 'no_operator = "reject"\n',
            'queue "a": no_operator = "reject" gives calls back with 503: right behind a PBX, '
            "but a telco's trunk has nobody else to ring",
        ),
    ],
)
def test_what_is_hardly_meant_is_a_doubt(tmp_path: Path, text: str, doubt: str) -> None:
    assert warnings_of(load(tmp_path, SITE + text)) == [doubt]


def test_a_skill_that_only_a_number_or_trunk_asks_for_may_be_dropped(tmp_path: Path) -> None:
    text = SITE + "skills = { english = 1 }\n" + QUEUE + step('after = "1s"\ndrop = ["english", "burns"]')
    text += '[[number]]\nnumber = "112"\nskills = { burns = 2 }'
    assert warnings_of(load(tmp_path, text)) == []


def test_prompts_of_the_site_s_own_folder_may_come_later(tmp_path: Path) -> None:
    text = SITE + '[media]\nprompts = "own"\n' + QUEUE + 'announcement = "salam"\nperiodic = "tunggu"\n'
    (tmp_path / "own").write_text("")
    (doubt,) = warnings_of(load(tmp_path, text))
    assert (
        doubt == f'[media]: prompts "{tmp_path}/own" is not a folder: the built-in announcements are played'
    )
    (tmp_path / "own").unlink()
    (tmp_path / "own" / "id").mkdir(parents=True)
    (tmp_path / "own" / "id" / "salam.wav").touch()
    (doubt,) = warnings_of(load(tmp_path, text))
    assert doubt == (
        f'queue "a": periodic "tunggu" is neither built in nor in {tmp_path}/own: nothing is played'
    )
