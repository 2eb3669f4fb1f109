"""Our own JSON: one text for each value; what people wrote is read in any layout, but not in any way."""

import json
from typing import Any

import pytest

from custody.codec import canonical_json
from custody.codec.canonical_json import MAX_DEPTH, MAX_INT
from custody.errors import InputError


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, b"null"),
        (True, b"true"),
        (0, b"0"),
        (-MAX_INT, b"-9007199254740991"),
        ("", b'""'),
        ("\u00fc\u6c34\U0001f600\x7f/", b'"\\u00fc\\u6c34\\ud83d\\ude00\\u007f/"'),
        ('"\\\n\t\x00', b'"\\"\\\\\\n\\t\\u0000"'),
        ([1, [], {}], b"[1,[],{}]"),
        ({"b": 1, "a": 2, "B": 3}, b'{"B":3,"a":2,"b":1}'),
    ],
)
def test_a_value_has_one_text(value: Any, text: bytes) -> None:
    assert canonical_json.dumps(value) == text
    assert canonical_json.loads(text, limit=1_000) == value == json.loads(text)


@pytest.mark.parametrize("value", [1.0, MAX_INT + 1, -MAX_INT - 1, "\ud800", {"\udc00": 1}, {1: 2}, (1,), b"a", {1}])
def test_a_value_without_a_text_is_refused(value: Any) -> None:
    with pytest.raises(InputError, match="JSON-VALUE"):
        canonical_json.dumps(value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "JSON-SYNTAX"),
        (b"{", "JSON-SYNTAX"),
        (b"1 2", "JSON-SYNTAX"),
        (b"\xff", "JSON-SYNTAX"),
        (b"\xef\xbb\xbf1", "JSON-SYNTAX"),
        (b"'a'", "JSON-SYNTAX"),
        (b"[1,]", "JSON-SYNTAX"),
        (b"01", "JSON-SYNTAX"),
        (b'"\x01"', "JSON-SYNTAX"),
        (b'"' + b'\\"' * 10, "JSON-SYNTAX"),
        (b'["\\', "JSON-SYNTAX"),
        (nested(100_000), "JSON-VALUE"),
        (b"1.0", "JSON-VALUE"),
        (b"1e3", "JSON-VALUE"),
        (b"NaN", "JSON-VALUE"),
        (b"Infinity", "JSON-VALUE"),
        (b"-Infinity", "JSON-VALUE"),
        (b"9007199254740992", "JSON-VALUE"),
        (b"1" * 5_000, "JSON-VALUE"),
        (b'"\\ud800"', "JSON-VALUE"),
        (nested(MAX_DEPTH + 2), "JSON-VALUE"),
        (b'{"a":1,"a":1}', "JSON-DUPLICATE-KEY"),
        (b'{"a":1,"\\u0061":2}', "JSON-DUPLICATE-KEY"),
        (b'[{"x":{"a":1,"a":2}}]', "JSON-DUPLICATE-KEY"),
    ],
)
def test_what_is_refused_in_any_layout(text: bytes, code: str) -> None:
    for reader in (canonical_json.loads, canonical_json.loads_relaxed):
        with pytest.raises(InputError) as refused:
            reader(text, limit=1_000_000)
        assert refused.value.code == code


@pytest.mark.parametrize(
    "text",
    [b" 1", b"1\n", b"-0", b'{"b":1,"a":2}', b'{"a": 1}', b"[1, 2]", '"\u00fc"'.encode(), b'"\\u00FC"', b'"\\/"'],
)
def test_a_second_text_of_a_value_is_refused_where_one_is_asked_for(text: bytes) -> None:
    canonical_json.loads_relaxed(text, limit=100)
    with pytest.raises(InputError, match="JSON-NOT-CANONICAL"):
        canonical_json.loads(text, limit=100)


def test_size_is_bounded_before_reading() -> None:
    assert canonical_json.loads(b'"12345678"', limit=10) == "12345678"
    for reader in (canonical_json.loads, canonical_json.loads_relaxed):
        with pytest.raises(InputError, match="JSON-SIZE"):
            reader(b'"123456789"', limit=10)


def test_depth_is_bounded_in_both_directions() -> None:
    deepest = canonical_json.loads(nested(MAX_DEPTH + 1), limit=1_000)
    assert canonical_json.dumps(deepest) == nested(MAX_DEPTH + 1)
    with pytest.raises(InputError, match="JSON-VALUE"):
        canonical_json.dumps([deepest])


def test_an_unclosed_string_is_passed_over_once() -> None:
    """A look at each of its quotes would take time by the square of its length."""
    assert len(canonical_json._STRING.findall(b'["' + b'\\"' * 1_000)) == 1
