"""Operators added, imported, listed and removed."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.cli.terminal import Terminal

from ntpd112.access.accounts import Accounts
from ntpd112.access.passwords import Passwords
from ntpd112.cdr.directory import Directory, Operator
from ntpd112.cli.credentials import ALPHABET, GENERATED_LENGTH
from ntpd112.sip.digest import make_credentials

HEADER = "id,name,password,skills\n"


def stored(terminal: Terminal) -> dict[str, Operator]:
    operators = terminal.database(lambda engine: Directory(engine).all())
    return {operator.id: operator for operator in operators}


def opens(operator: Operator, password: str) -> bool:
    """Whether a phone with this password could sign in."""
    wanted = make_credentials(operator.id, "test.112", password)
    return (operator.ha1_md5, operator.ha1_sha256) == (wanted.ha1_md5, wanted.ha1_sha256)


def test_add_prints_the_account_of_a_softphone_that_the_directory_then_accepts(terminal: Terminal) -> None:
    result = terminal.run("operator", "add", "budi", "--name", "Budi Santoso", "--skill", "medical=3")
    account = dict(line.split(maxsplit=1) for line in result.stdout.replace("SIP user", "User").splitlines())
    assert (account["User"], account["Realm"]) == ("budi", "test.112")
    assert account["Server"] == "udp://192.0.2.10:5060 tcp://192.0.2.10:5060"
    operator = stored(terminal)["budi"]
    assert (operator.name, operator.skills, operator.realm) == ("Budi Santoso", {"medical": 3}, "test.112")
    assert opens(operator, account["Password"])


def test_generated_passwords_are_long_easy_to_read_and_differ(terminal: Terminal) -> None:
    passwords = {
        terminal.json("operator", "add", operator, "--name", "X")["password"] for operator in ("ani", "budi")
    }
    assert len(passwords) == 2
    assert all(len(password) == GENERATED_LENGTH and set(password) <= set(ALPHABET) for password in passwords)


def test_a_password_can_come_from_standard_input(terminal: Terminal) -> None:
    result = terminal.run(
        "operator", "add", "ani", "--name", "Ani", "--password-stdin", stdin="rahasia sekali\n"
    )
    assert "rahasia sekali" in result.stdout
    assert opens(stored(terminal)["ani"], "rahasia sekali")


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (["ani", "--skill", "medical"], "", 'skill "medical" is not NAME=LEVEL, such as medical=3'),
        (["ani", "--skill", "medical=high"], "", 'skill "medical=high" is not NAME=LEVEL, such as medical=3'),
        (["ani", "--skill", "a=1", "--skill", "a=2"], "", 'skill "a" is given twice'),
        (["ani", "--skill", "medical=99"], "", 'operator "ani": level of skill "medical" 99 is not'),
        (["a b"], "", "operator \"a b\": id 'a b' is not"),
        (["ani", "--password-stdin"], "short\n", "password has 5 characters; at least 8 are needed"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_added(
    terminal: Terminal, arguments: list[str], stdin: str, said: str
) -> None:
    result = terminal.run("operator", "add", *arguments, "--name", "Ani", stdin=stdin, code=1)
    assert result.stderr.startswith(said)
    assert result.stdout == ""
    assert stored(terminal) == {}


def test_an_operator_cannot_be_added_twice(terminal: Terminal) -> None:
    terminal.run("operator", "add", "ani", "--name", "Ani")
    result = terminal.run("operator", "add", "ani", "--name", "Other", code=1)
    assert result.stderr == (
        'operator "ani" is there already; change with `ntpd112 operator import`, or remove it first\n'
    )
    assert stored(terminal)["ani"].name == "Ani"


def test_import_adds_and_changes_many(terminal: Terminal) -> None:
    terminal.run("operator", "add", "ani", "--name", "Ani", "--password-stdin", stdin="the old one")
    file = terminal.folder / "operators.csv"
    file.write_text(HEADER + 'ani,"Ani, S.Kep",,medical=3 english=1\nbudi,Budi,budi-secret,\n', "utf-8")
    assert terminal.run("operator", "import", str(file)).stdout == "1 added, 1 changed\n"
    operators = stored(terminal)
    assert (operators["ani"].name, operators["ani"].skills) == ("Ani, S.Kep", {"medical": 3, "english": 1})
    assert opens(operators["ani"], "the old one")
    assert opens(operators["budi"], "budi-secret")


def test_import_takes_what_spreadsheets_write(terminal: Terminal) -> None:
    file = terminal.folder / "operators.csv"
    file.write_bytes("\ufeffSkills;Name;ID;Password\r\nmedical=3;Ani;ani;ani-secret\r\n".encode())
    terminal.run("operator", "import", str(file))
    assert stored(terminal)["ani"].skills == {"medical": 3}


def test_import_lists_all_problems_by_line_and_then_imports_nothing(terminal: Terminal) -> None:
    file = terminal.folder / "operators.csv"
    rows = [
        "ani,Ani,ani-secret,medical=3",
        "budi,Budi,short,",
        "citra,Citra,,",
        "a b,X,long enough,",
        "dewi,Dewi,dewi-secret,medical",
        "ani,Ani again,ani-secret,",
        "eka,Eka,eka-secret",
    ]
    file.write_text(HEADER + "\n".join(rows), "utf-8")
    lines = terminal.run("operator", "import", str(file), code=1).stderr.splitlines()
    assert [line.removeprefix(f"{file}:") for line in lines] == [
        "3: password has 5 characters; at least 8 are needed",
        '4: password is empty, and operator "citra" is new: there is none to keep',
        "5: operator \"a b\": id 'a b' is not 1 to 64 of letters, digits and . _ - (a letter or digit first)",
        '6: skill "medical" is not NAME=LEVEL, such as medical=3',
        '7: operator "ani" stands on line 2 already',
        "8: has not as many columns as line 1",
        "nothing was imported",
    ]
    assert stored(terminal) == {}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "1: columns are none; expected id, name, password, skills"),
        (b"id,name\nani,Ani\n", "1: columns are id, name; expected id, name, password, skills"),
        (b'id,name,password,skills\nani,"Ani,x,y\n', "2: is not CSV: "),
        (b"\xff\xfe", " is not UTF-8 text (byte 0): save it as CSV UTF-8"),
    ],
)
def test_a_file_that_is_none_is_refused(terminal: Terminal, content: bytes, said: str) -> None:
    file = terminal.folder / "operators.csv"
    file.write_bytes(content)
    assert terminal.run("operator", "import", str(file), code=1).stderr.startswith(f"{file}:{said}")


def test_a_file_that_is_not_there_is_refused(terminal: Terminal) -> None:
    said = terminal.run("operator", "import", "nosuch.csv", code=1).stderr
    assert said == "nosuch.csv: cannot be read: No such file or directory\n"


def test_no_phone_is_told_to_register_at_the_address_that_means_all(terminal: Terminal) -> None:
    terminal.config.write_text('[sip]\nlisten = ["udp://0.0.0.0:5060", "tcp://[::]:5061"]', "utf-8")
    account = terminal.json("operator", "add", "ani", "--name", "Ani")
    assert account["servers"] == [
        "udp://ADDRESS-OF-THIS-MACHINE:5060",
        "tcp://ADDRESS-OF-THIS-MACHINE:5061",
    ]


def test_a_password_made_for_another_realm_cannot_be_kept(terminal: Terminal) -> None:
    terminal.run("operator", "add", "ani", "--name", "Ani")
    terminal.config.write_text('[sip]\nrealm = "new.112"', "utf-8")
    file = terminal.folder / "operators.csv"
    file.write_text(HEADER + "ani,Ani,,\n", "utf-8")
    result = terminal.run("operator", "import", str(file), code=1)
    assert '2: password is empty, and the present one is for realm "test.112"' in result.stderr
    assert "(password is for realm test.112)" in terminal.run("operator", "list").stdout.replace("\n", " ")


def test_list_and_remove(terminal: Terminal) -> None:
    terminal.run("operator", "add", "ani", "--name", "Ani", "--skill", "medical=3")
    assert terminal.json("operator", "list") == [
        {"id": "ani", "name": "Ani", "skills": {"medical": 3}, "role": "operator", "realm": "test.112"}
    ]
    assert "medical=3" in terminal.run("operator", "list").stdout
    terminal.run("operator", "remove", "ani")
    assert terminal.json("operator", "list") == []
    said = terminal.run("operator", "remove", "ani", code=1).stderr
    assert said == 'there is no operator "ani"; `ntpd112 operator list` shows all\n'


def test_a_role_is_given_imported_and_kept(terminal: Terminal) -> None:
    terminal.run("operator", "add", "ani", "--name", "Ani", "--role", "supervisor")
    terminal.run("operator", "add", "budi", "--name", "Budi")
    assert roles(terminal) == {"ani": "supervisor", "budi": "operator"}
    file = terminal.folder / "operators.csv"
    file.write_text(HEADER + "ani,Ani,,\n", "utf-8")
    terminal.run("operator", "import", str(file))
    assert roles(terminal)["ani"] == "supervisor"
    rows = "id,role,name,password,skills\nani,,Ani,,\nbudi,admin,Budi,,\ncitra,,Citra,citra-secret,\n"
    file.write_text(rows, "utf-8")
    terminal.run("operator", "import", str(file))
    assert roles(terminal) == {"ani": "supervisor", "budi": "admin", "citra": "operator"}
    file.write_text("id,role,name,password,skills\nani,god,Ani,,\n", "utf-8")
    said = terminal.run("operator", "import", str(file), code=1).stderr
    assert "2: operator \"ani\": role 'god' is not one of operator, supervisor, admin" in said


def roles(terminal: Terminal) -> dict[str, str]:
    return {operator.id: operator.role for operator in stored(terminal).values()}


def signs_in(terminal: Terminal, operator: str, password: str) -> bool:
    async def right(engine: AsyncEngine) -> bool:
        return await Passwords().is_right(await Accounts(engine).secret(operator), password)

    return terminal.database(right)


def test_the_password_of_a_person_is_not_that_of_their_phone(terminal: Terminal) -> None:
    phone = terminal.json("operator", "add", "ani", "--name", "Ani")["password"]
    assert not signs_in(terminal, "ani", phone)
    own = terminal.run("operator", "password", "ani").stdout.strip()
    assert signs_in(terminal, "ani", own)
    assert opens(stored(terminal)["ani"], phone)


def test_a_person_s_password_can_come_from_standard_input_and_is_not_printed(terminal: Terminal) -> None:
    terminal.run("operator", "add", "ani", "--name", "Ani")
    result = terminal.run("operator", "password", "ani", "--password-stdin", stdin="perahu kertas 77\n")
    assert (result.stdout, "perahu" in result.stderr) == ("", False)
    assert signs_in(terminal, "ani", "perahu kertas 77")


@pytest.mark.parametrize(
    ("operator", "password", "said"),
    [
        ("ani", "short", "the password has 5 characters; 12 to 256 are needed\n"),
        ("nobody", "perahu kertas 77", 'there is no operator "nobody"; `ntpd112 operator list` shows all\n'),
    ],
)
def test_a_password_that_cannot_be_set_is_refused(
    terminal: Terminal, operator: str, password: str, said: str
) -> None:
    terminal.run("operator", "add", "ani", "--name", "Ani")
    result = terminal.run("operator", "password", operator, "--password-stdin", stdin=password, code=1)
    assert result.stderr == said
    assert not signs_in(terminal, "ani", password)


def test_a_database_that_cannot_be_used_is_named(terminal: Terminal) -> None:
    terminal.config.write_text('[database]\nurl = "sqlite+aiosqlite:////nowhere/x.db"', "utf-8")
    assert "sqlite+aiosqlite:////nowhere/x.db" in terminal.run("operator", "list", code=1).stderr
