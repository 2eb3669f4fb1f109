"""Codecs under arbitrary bytes and values: one value, one encoding, and nothing but `InputError` otherwise."""

from contextlib import suppress
from typing import Any

import cbor2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from custody.amounts import Asset, format_amount, parse_base_units
from custody.codec import canonical_json, cbor, compact_size
from custody.codec.compact_size import Reader
from custody.errors import InputError, TransactionError

COMMON = settings(max_examples=200, deadline=None)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
INTEGERS = st.integers(-(2**64), 2**64 - 1)
LEAVES = st.none() | st.booleans() | INTEGERS | st.binary(max_size=40) | TEXTS
CBOR_VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(TEXTS, inner, max_size=5)
        | st.dictionaries(INTEGERS, inner, max_size=5)
    ),
    max_leaves=20,
)
SMALL = st.integers(-canonical_json.MAX_INT, canonical_json.MAX_INT)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | SMALL | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=20,
)


def rfc8949(value: Any) -> bytes:
    """What cbor2 writes when the maps are given in the order of RFC 8949 4.2.1; its own order is that of RFC 7049."""
    return bytes(cbor2.dumps(in_order(value)))


def in_order(value: Any) -> Any:
    match value:
        case list():
            return [in_order(item) for item in value]
        case dict():
            return {key: in_order(value[key]) for key in sorted(value, key=cbor2.dumps)}
    return value


def same(left: Any, right: Any) -> bool:
    """Equal, and of the same types: 1 and True are not the same."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return bool(left == right)


@COMMON
@given(CBOR_VALUES)
def test_cbor_writes_what_a_second_implementation_writes_and_reads_it_back(value: Any) -> None:
    encoded = cbor.encode(value)
    assert encoded == rfc8949(value)
    assert same(cbor.decode(encoded), value)


@settings(max_examples=1000, deadline=None)
@given(st.binary(max_size=60))
@example(b"\xa2\x01\x00\x01\x00")
@example(b"\x9f\xff")
def test_any_bytes_are_one_cbor_value_or_refused(encoded: bytes) -> None:
    try:
        value = cbor.decode(encoded)
    except InputError:
        return
    assert cbor.encode(value) == encoded == rfc8949(value)


@COMMON
@given(CBOR_VALUES, st.data())
def test_a_changed_byte_never_reads_as_the_same_cbor_value(value: Any, draw: st.DataObject) -> None:
    encoded = bytearray(cbor.encode(value))
    position = draw.draw(st.integers(0, len(encoded) - 1))
    encoded[position] ^= draw.draw(st.integers(1, 255))
    with suppress(InputError):
        assert not same(cbor.decode(bytes(encoded)), value)


@COMMON
@given(JSON_VALUES)
def test_canonical_json_reads_back(value: Any) -> None:
    text = canonical_json.dumps(value)
    assert text.isascii()
    assert same(canonical_json.loads(text, limit=100_000), value)


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=40) | st.text('{}[]":,0123456789-.eE \\u\ntrfalsn', max_size=25).map(str.encode))
@example(b"\xef\xbb\xbf1")
@example(b"-0")
@example(b"1e3")
@example(b'{"a":1,"a":1}')
def test_any_bytes_are_one_json_value_or_refused(text: bytes) -> None:
    try:
        value = canonical_json.loads(text, limit=1_000)
    except InputError:
        return
    assert canonical_json.dumps(value) == text


@COMMON
@given(st.integers(0, 2**64 - 1))
def test_a_compact_size_reads_back_and_is_the_shortest(value: int) -> None:
    encoded = compact_size.encode(value)
    reader = Reader(encoded)
    assert (reader.compact_size(), reader.left) == (value, 0)
    assert len(encoded) == 1 + (value > 252) * 2 + (value > 0xFFFF) * 2 + (value > 0xFFFFFFFF) * 4


@COMMON
@given(st.binary(max_size=12))
def test_any_bytes_are_one_compact_size_or_refused(encoded: bytes) -> None:
    reader = Reader(encoded)
    try:
        value = reader.compact_size()
    except TransactionError:
        return
    assert compact_size.encode(value) == encoded[: reader.position]


@COMMON
@given(st.integers(0, 10**30), st.integers(0, 20))
def test_an_amount_shows_every_digit(units: int, decimals: int) -> None:
    shown = format_amount(units, Asset("asset", "XYZ", decimals))
    digits = shown.removesuffix(" XYZ").replace(",", "")
    whole, _, fraction = digits.partition(".")
    assert len(fraction) == decimals
    assert int(whole + fraction) == units


@COMMON
@given(st.text(max_size=90) | st.from_regex(r"[0-9]{1,80}", fullmatch=True))
@example("\u0661")
@example("1\n")
def test_any_text_is_one_amount_or_refused(text: str) -> None:
    try:
        assert str(parse_base_units(text)) == text
    except InputError as refused:
        assert refused.code == "AMOUNT-SYNTAX"


def test_a_codec_that_accepts_everything_would_be_found() -> None:
    with pytest.raises(InputError):
        cbor.decode(cbor2.dumps({"b": 1, "a": 2}))
    assert not same({"a": 1}, {"a": True})
