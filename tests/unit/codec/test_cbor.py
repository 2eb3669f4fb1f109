"""Canonical CBOR against RFC 8949's own examples, and refusal of everything outside the subset."""

from typing import Any

import cbor2
import pytest

from custody.codec import cbor
from custody.errors import InputError

# RFC 8949 Appendix A: those examples that are in the subset, with their values.
INSIDE: list[tuple[str, Any]] = [
    *[("00", 0), ("01", 1), ("0a", 10), ("17", 23), ("1818", 24), ("1819", 25), ("1864", 100), ("1903e8", 1000)],
    *[("1a000f4240", 1_000_000), ("1b000000e8d4a51000", 10**12), ("1bffffffffffffffff", 2**64 - 1)],
    *[("3bffffffffffffffff", -(2**64)), ("20", -1), ("29", -10), ("3863", -100), ("3903e7", -1000)],
    *[("f4", False), ("f5", True), ("f6", None), ("40", b""), ("4401020304", b"\x01\x02\x03\x04")],
    *[("60", ""), ("6161", "a"), ("6449455446", "IETF"), ("62225c", '"\\'), ("62c3bc", "\u00fc")],
    *[("63e6b0b4", "\u6c34"), ("64f0908591", "\U00010151"), ("80", []), ("83010203", [1, 2, 3])],
    ("8301820203820405", [1, [2, 3], [4, 5]]),
    ("98190102030405060708090a0b0c0d0e0f101112131415161718181819", list(range(1, 26))),
    *[("a0", {}), ("a201020304", {1: 2, 3: 4}), ("a26161016162820203", {"a": 1, "b": [2, 3]})],
    ("826161a161626163", ["a", {"b": "c"}]),
    ("a56161614161626142616361436164614461656145", {"a": "A", "b": "B", "c": "C", "d": "D", "e": "E"}),
]

# RFC 8949 Appendix A: floats, tags, other simple values, undefined and indefinite lengths.
OUTSIDE = [
    *["c249010000000000000000", "c349010000000000000000", "f90000", "f98000", "f93c00", "fb3ff199999999999a"],
    *["fa47c35000", "f97c00", "f97e00", "f9fc00", "fb7e37e43c8800759c", "f7", "f0", "f8ff"],
    *["c074323031332d30332d32315432303a30343a30305a", "c11a514b67b0", "d74401020304", "d818456449455446"],
    *["5f42010243030405ff", "7f657374726561646d696e67ff", "9fff", "9f018202039f0405ffff", "83018202039f0405ff"],
    *["bf61610161629f0203ffff", "826161bf61626163ff", "bf6346756ef563416d7421ff"],
]


@pytest.mark.parametrize(("encoded", "value"), INSIDE)
def test_an_example_of_the_rfc_reads_and_writes_to_the_byte(encoded: str, value: Any) -> None:
    assert cbor.decode(bytes.fromhex(encoded)) == value
    assert cbor.encode(value) == bytes.fromhex(encoded) == cbor2.dumps(value)
    assert type(cbor.decode(bytes.fromhex(encoded))) is type(value)


@pytest.mark.parametrize("encoded", OUTSIDE)
def test_an_example_of_the_rfc_outside_the_subset_is_refused(encoded: str) -> None:
    cbor2.loads(bytes.fromhex(encoded))
    with pytest.raises(InputError, match=r"CBOR-(TYPE|NOT-CANONICAL)"):
        cbor.decode(bytes.fromhex(encoded))


@pytest.mark.parametrize(
    ("encoded", "code"),
    [
        ("", "CBOR-TRUNCATED"),
        ("18", "CBOR-TRUNCATED"),
        ("1b00000000000000", "CBOR-TRUNCATED"),
        ("4201", "CBOR-TRUNCATED"),
        ("5affffffff00", "CBOR-TRUNCATED"),
        ("5bffffffffffffffff00", "CBOR-TRUNCATED"),
        ("8201", "CBOR-TRUNCATED"),
        ("a101", "CBOR-TRUNCATED"),
        ("0000", "CBOR-TRAILING"),
        ("f6f6", "CBOR-TRAILING"),
        ("1800", "CBOR-NOT-CANONICAL"),
        ("1817", "CBOR-NOT-CANONICAL"),
        ("190017", "CBOR-NOT-CANONICAL"),
        ("1900ff", "CBOR-NOT-CANONICAL"),
        ("1a0000ffff", "CBOR-NOT-CANONICAL"),
        ("1b00000000ffffffff", "CBOR-NOT-CANONICAL"),
        ("3817", "CBOR-NOT-CANONICAL"),
        ("580141", "CBOR-NOT-CANONICAL"),
        ("780161", "CBOR-NOT-CANONICAL"),
        ("980101", "CBOR-NOT-CANONICAL"),
        ("b8010101", "CBOR-NOT-CANONICAL"),
        ("1c", "CBOR-NOT-CANONICAL"),
        ("a201010102", "CBOR-NOT-CANONICAL"),
        ("a203010102", "CBOR-NOT-CANONICAL"),
        ("a2616201616102", "CBOR-NOT-CANONICAL"),
        ("a262616101616202", "CBOR-NOT-CANONICAL"),
        ("a1f500", "CBOR-TYPE"),
        ("a1f600", "CBOR-TYPE"),
        ("a14100", "CBOR-TYPE"),
        ("a1410000", "CBOR-TYPE"),
        ("a18000", "CBOR-TYPE"),
        ("a20001616100", "CBOR-TYPE"),
        ("f814", "CBOR-TYPE"),
        ("e0", "CBOR-TYPE"),
        ("ff", "CBOR-TYPE"),
        ("61ff", "CBOR-TEXT"),
        ("63eda080", "CBOR-TEXT"),
        ("62c080", "CBOR-TEXT"),
        ("992711", "CBOR-ITEMS"),
        ("9bffffffffffffffff", "CBOR-ITEMS"),
        ("bbffffffffffffffff", "CBOR-ITEMS"),
    ],
)
def test_a_bent_encoding_is_refused_by_name(encoded: str, code: str) -> None:
    with pytest.raises(InputError) as refused:
        cbor.decode(bytes.fromhex(encoded))
    assert refused.value.code == code


def test_keys_of_one_length_sort_by_bytes_and_shorter_encodings_first() -> None:
    value = {"b": 1, "aa": 2, "c": 3}
    assert cbor.encode(value) == cbor2.dumps(value, canonical=True)
    assert list(cbor.decode(cbor.encode(value))) == ["b", "c", "aa"]


@pytest.mark.parametrize("opening", [b"\x81", b"\xa1\x00"])
def test_nesting_is_bounded(opening: bytes) -> None:
    cbor.decode(opening * cbor.MAX_DEPTH + b"\x00")
    with pytest.raises(InputError, match="CBOR-DEPTH"):
        cbor.decode(opening * (cbor.MAX_DEPTH + 1) + b"\x00")
    with pytest.raises(InputError, match="CBOR-DEPTH"):
        cbor.decode(opening * 100_000)


def test_items_are_bounded_over_the_whole_message() -> None:
    half = cbor.encode([0] * (cbor.MAX_ITEMS // 2 - 1))
    most = cbor.encode([[0] * (cbor.MAX_ITEMS // 2 - 1), [0] * (cbor.MAX_ITEMS // 2 - 2)])
    assert len(cbor.decode(most)) == 2
    with pytest.raises(InputError, match="CBOR-ITEMS"):
        cbor.decode(b"\x82" + half + half)


@pytest.mark.parametrize("value", [2**64, -(2**64) - 1])
def test_an_integer_beyond_64_bits_is_not_written(value: int) -> None:
    with pytest.raises(InputError, match="CBOR-NOT-CANONICAL"):
        cbor.encode(value)


@pytest.mark.parametrize("value", ["\ud800", {"\udfff": 1}])
def test_a_lone_surrogate_is_not_written(value: Any) -> None:
    with pytest.raises(InputError, match="CBOR-TEXT"):
        cbor.encode(value)


def test_a_tag_is_written_but_never_read() -> None:
    tagged = cbor.encode({1: cbor.Tagged(304, {1: [44, True]}), 2: cbor.Tagged(37, bytes(2))})
    assert tagged == cbor2.dumps({1: cbor2.CBORTag(304, {1: [44, True]}), 2: cbor2.CBORTag(37, bytes(2))})
    with pytest.raises(InputError, match="CBOR-TYPE"):
        cbor.decode(tagged)


def test_a_tag_beyond_64_bits_is_refused() -> None:
    assert cbor.encode(cbor.Tagged(2**64 - 1, None)).hex() == "dbfffffffffffffffff6"
    with pytest.raises(InputError, match="CBOR-NOT-CANONICAL"):
        cbor.encode(cbor.Tagged(2**64, None))
