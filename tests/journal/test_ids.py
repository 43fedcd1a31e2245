"""Call ids: ULIDs in the order of their calls."""

from hypothesis import given
from hypothesis import strategies as st

from ntpd112.journal.ids import ALPHABET, IdFactory, is_call_id, new_call_id


def test_an_id_has_26_characters_of_the_ulid_alphabet() -> None:
    call_id = new_call_id()
    assert len(call_id) == 26
    assert set(call_id) <= set(ALPHABET)
    assert is_call_id(call_id)


def test_the_time_is_in_the_first_ten_characters_as_the_ulid_specification_says() -> None:
    assert IdFactory().new(1469918176.385, b"\0" * 10)[:10] == "01ARYZ6S41"


def test_equal_time_and_random_give_different_ids_in_order() -> None:
    factory = IdFactory()
    first = factory.new(1.0, b"\xff" * 10)
    assert factory.new(1.0, b"\0" * 10) > first


@given(st.lists(st.tuples(st.floats(0, 4e9), st.binary(min_size=10, max_size=10)), min_size=2, max_size=30))
def test_ids_rise_even_when_the_clock_goes_back(makings: list[tuple[float, bytes]]) -> None:
    factory = IdFactory()
    ids = [factory.new(at, random) for at, random in makings]
    assert ids == sorted(set(ids))


def test_other_text_is_no_call_id() -> None:
    for text in ("", "0" * 25, "8" + "0" * 25, "I" * 26, "0" * 25 + "u"):
        assert not is_call_id(text)
