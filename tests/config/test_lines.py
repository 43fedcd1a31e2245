import tomllib

from hypothesis import given
from hypothesis import strategies as st

from ntpd112.config.lines import Lines

TEXT = '''\
top = 1
[sip]
realm = "a # b"
listen = [
  "udp://0.0.0.0:5060",   # [ not an array
  'x = 5',
]
drain = "1s"

text = """
realm = "not a key"
[registrar]
"""
after.dotted.key = 1
[[queue]]
"name" = "a"
[[queue]]
name = "b"
skills = { medical = 1 }
[queue.more]
deep = 1
'''


def test_each_key_is_found_on_its_line() -> None:
    lines = Lines(TEXT)
    expected: dict[tuple[str | int, ...], int] = {
        ("top",): 1,
        ("sip",): 2,
        ("sip", "realm"): 3,
        ("sip", "listen"): 4,
        ("sip", "drain"): 8,
        ("sip", "text"): 10,
        ("sip", "after", "dotted", "key"): 14,
        ("queue",): 15,
        ("queue", 0, "name"): 16,
        ("queue", 1): 17,
        ("queue", 1, "name"): 18,
        ("queue", 1, "more"): 20,
        ("queue", 1, "more", "deep"): 21,
    }
    assert tomllib.loads(TEXT)["queue"][1]["more"]["deep"] == 1
    assert {path: lines.of(path) for path in expected} == expected


def test_what_has_no_line_of_its_own_is_found_by_what_holds_it() -> None:
    lines = Lines(TEXT)
    assert lines.of(("queue", 1, "skills", "medical")) == 19
    assert lines.of(("sip", "listen", 1)) == 4
    assert lines.of(("queue", 0, "missing")) == 15
    assert lines.of(("media", "ports")) is None


@given(st.text(alphabet="ab=[]{}\"'#\n .\\", max_size=80))
def test_no_text_stops_it(text: str) -> None:
    line = Lines(text).of(("a",))
    assert line is None or 1 <= line <= text.count("\n") + 1
