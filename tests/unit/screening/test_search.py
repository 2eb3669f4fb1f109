"""A key is found where it stands among sorted records, however unevenly they lie."""

from bisect import bisect_left
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.screening import search
from custody.screening.layout import KEY_SIZE, NUMBER_SIZE, PREFIX
from custody.screening.search import Records

KINDS = st.integers(1, 9)
# Few different octets, so that keys repeat, lie close together and hold each other's bytes.
KEYS = st.tuples(KINDS, st.text("\x00\x01\x05\xff", min_size=PREFIX, max_size=PREFIX))


def octets(key: tuple[int, str]) -> bytes:
    return bytes([key[0]]) + key[1].encode("latin-1")


def listed(keys: list[bytes]) -> Records:
    written = b"".join(key + place.to_bytes(NUMBER_SIZE, "big") for place, key in enumerate(sorted(keys)))
    return Records.open(b"head" + written + b"what follows", 4, len(keys))


def expected(keys: list[bytes], key: bytes) -> int | None:
    place = bisect_left(sorted(keys), key)
    return place if sorted(keys)[place : place + 1] == [key] else None


def spread(count: int, seed: int = 1) -> list[bytes]:
    """Hashes, as an honest list has them."""
    random = Random(seed)
    return [bytes([random.choice((1, 2, 5))]) + random.randbytes(PREFIX) for _ in range(count)]


def clustered(count: int) -> list[bytes]:
    """All within a corner of the space, as one who grinds addresses could have them."""
    return [b"\x01" + bytes(12) + number.to_bytes(8, "big") for number in range(count)]


@given(st.lists(KEYS), KEYS)
def test_the_first_record_of_a_key_is_found_or_that_there_is_none(
    keys: list[tuple[int, str]], asked: tuple[int, str]
) -> None:
    written = [octets(key) for key in keys]
    records = listed(written)
    for key in (*written, octets(asked)):
        assert records.first(key) == expected(written, key)


@pytest.mark.parametrize(
    "keys",
    [
        spread(5_000),
        clustered(5_000),
        spread(1_000) + clustered(1_000),
        [*clustered(300), *[b"\x01" + b"\x80" * PREFIX] * 300, *spread(300)],
        [b"\x05" + b"\xff" * PREFIX] * 500,
    ],
    ids=["spread", "clustered", "both", "many alike among others", "all alike"],
)
def test_every_key_of_a_large_list_is_found_and_no_other(keys: list[bytes]) -> None:
    records, written = listed(keys), sorted(keys)
    assert [records.first(key) for key in written] == [bisect_left(written, key) for key in written]
    for key in (*spread(500, seed=2), *(key[:-1] + bytes([key[-1] ^ 1]) for key in keys[::7])):
        assert records.first(key) == expected(keys, key)


def test_bytes_that_look_like_a_key_across_two_records_are_none() -> None:
    first, second = b"\x01" + bytes(PREFIX), b"\x01" + b"\x02" * PREFIX
    across = (first + bytes(NUMBER_SIZE) + second)[7 : 7 + KEY_SIZE]
    assert listed([first, second]).first(b"\x01" + across[1:]) is None
    assert across in first + bytes(NUMBER_SIZE) + second


def test_an_even_list_is_searched_without_halving(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the guess would be worth nothing, and nobody would notice."""
    keys = spread(100_000)
    records = listed(keys)
    halved = []
    monkeypatch.setattr(Records, "halved", lambda *asked: halved.append(asked))
    assert all(records.first(key) is not None for key in keys[:2_000])
    assert len(halved) == 0
    assert search._WINDOW < 100


def test_records_that_are_not_sorted_give_an_answer_of_some_kind() -> None:
    keys = spread(500)
    unsorted = b"".join(key + bytes(NUMBER_SIZE) for key in keys)
    records = Records.open(unsorted, 0, len(keys))
    assert {type(records.first(key)) for key in keys} <= {int, type(None)}
