"""How numbers look in calls of ours: as the telco wants whom we call and who calls."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.outward import ANONYMOUS, Outward, Presented

CALLER = NameAddr.parse('"Budi" <sip:+6281234567@192.0.2.1>')
NATIONAL = Outward(caller=lambda number: number.replace("+62", "0"))


def shown(
    outward: Outward, caller: NameAddr = CALLER, present: str = "", domain: str = ""
) -> tuple[str, str]:
    """Users and hosts of From and P-Asserted-Identity."""
    from_, asserted, _ = outward.identity(caller, present, domain)
    return tuple("" if one is None else f"{one.uri.user}@{one.uri.host}" for one in (from_, asserted))  # type: ignore[return-value]  # two


def test_unless_something_is_said_the_called_see_the_caller_as_they_came() -> None:
    assert Outward().identity(CALLER, "", "") == (CALLER, None, {})


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("both", ("112@telco.test", "112@telco.test")),
        ("from", ("112@telco.test", "")),
        ("asserted", ("081234567@telco.test", "112@telco.test")),
    ],
)
def test_the_number_that_we_present_is_where_the_telco_wants_it(
    where: Presented, expected: tuple[str, str]
) -> None:
    outward = Outward(caller=NATIONAL.caller, presented=where)
    assert shown(outward, present="112", domain="telco.test") == expected


def test_the_callers_own_number_is_written_as_the_telco_wants_it() -> None:
    assert shown(NATIONAL) == ("081234567@192.0.2.1", "")
    assert NATIONAL.identity(CALLER, "", "")[0].name == "Budi"


def test_who_has_no_number_gets_none_from_us() -> None:
    assert shown(NATIONAL, ANONYMOUS, domain="telco.test") == ("anonymous@anonymous.invalid", "")


@pytest.mark.parametrize(("present", "told"), [("112", "112@192.0.2.1"), ("", "081234567@192.0.2.1")])
def test_a_number_that_is_withheld_is_told_to_the_telco_alone(present: str, told: str) -> None:
    outward = Outward(caller=NATIONAL.caller, withheld=True)
    assert shown(outward, present=present) == ("anonymous@anonymous.invalid", told)
    assert outward.identity(CALLER, present, "")[2] == {"privacy": "id"}


def test_who_presents_a_number_asserts_no_other_where_it_is_withheld() -> None:
    outward = Outward(presented="asserted", withheld=True)
    assert shown(outward, present="112") == ("anonymous@anonymous.invalid", "112@192.0.2.1")


def test_nobody_is_asserted_for_who_is_anonymous_anyway() -> None:
    assert Outward(withheld=True).identity(ANONYMOUS, "", "") == (ANONYMOUS, None, {"privacy": "id"})


@given(
    st.sampled_from([CALLER, ANONYMOUS]),
    st.sampled_from(["", "112"]),
    st.sampled_from(["both", "from", "asserted"]),
)
def test_what_is_withheld_is_in_no_from(caller: NameAddr, present: str, where: Presented) -> None:
    from_, _, headers = Outward(presented=where, withheld=True).identity(caller, present, "telco.test")
    assert from_ == ANONYMOUS
    assert headers == {"privacy": "id"}
