"""Check digits of legal entity identifiers, against an oracle of its own: ISO 7064 MOD 97-10, letter by letter."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from custody.codec.schema import SchemaError, read
from custody.travel_rule.lei import Lei, check_digits_hold
from custody.travel_rule.record import CODES

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def remainder(text: str) -> int:
    """The remainder by 97, carried along as ISO 7064 describes it, without a large number."""
    rest = 0
    for character in text:
        value = ALPHABET.index(character)
        rest = (rest * (100 if value > 9 else 10) + value) % 97
    return rest


def with_check_digits(body: str) -> str:
    """Eighteen characters and the two digits that check them."""
    return f"{body}{98 - remainder(body + '00'):02d}"


bodies = st.text(ALPHABET, min_size=18, max_size=18)


@pytest.mark.parametrize("lei", ["506700T7Z685VUOZL877", "506700GE1G29325QX363", "353800279ADEFGKNTV65"])
def test_published_identifiers_hold(lei: str) -> None:
    assert check_digits_hold(lei)


def test_the_example_of_the_standard_does_not_hold() -> None:
    assert not check_digits_hold("3M5E1GQKGL17HI8CPN20")


@given(bodies)
def test_an_identifier_made_by_the_rule_holds(body: str) -> None:
    assert check_digits_hold(with_check_digits(body))


@given(bodies, st.integers(0, 17), st.sampled_from(ALPHABET))
def test_a_digit_for_a_digit_or_a_letter_for_a_letter_does_not_hold(body: str, place: int, other: str) -> None:
    lei = with_check_digits(body)
    assume(other.isdigit() == lei[place].isdigit())
    changed = lei[:place] + other + lei[place + 1 :]
    assert check_digits_hold(changed) == (changed == lei)


@given(bodies, st.integers(0, 16))
def test_two_neighbours_of_a_kind_exchanged_do_not_hold(body: str, place: int) -> None:
    lei = with_check_digits(body)
    one, other = lei[place : place + 2]
    assume(one.isdigit() == other.isdigit())
    changed = lei[:place] + other + one + lei[place + 2 :]
    assert check_digits_hold(changed) == (changed == lei)


@pytest.mark.parametrize("lei", ["506700T7Z685VUOZL878", "506700t7z685vuozl877", "506700T7Z685VUOZL87", "", 7, None])
def test_where_a_file_must_have_an_identifier_no_other_text_is_read(lei: object) -> None:
    assert read(Lei(), "506700T7Z685VUOZL877", CODES) == "506700T7Z685VUOZL877"
    with pytest.raises(SchemaError) as caught:
        read(Lei(), lei, CODES)
    assert len(caught.value.findings) == 1
