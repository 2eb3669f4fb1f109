"""Our own JSON: keys sorted, ASCII, no spaces, whole numbers below 2**53. One value has one text.

What a person or a log reads is this; `loads` accepts exactly what `dumps` writes. Files that people edit are read
by `loads_relaxed`, which allows layout but no duplicate keys, floats or special numbers.
"""

import json
import re
from typing import Any, TypeAlias

from custody.errors import InputError

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"

MAX_DEPTH = 32
MAX_INT = 2**53 - 1

# A string as a whole, so that what looks like structure inside it does not count. The closing quote may be missing:
# else each quote of an unclosed string would be tried as a beginning, in time by the square of it.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_NO_BRACKETS = bytes(octet for octet in range(256) if octet not in b"[]{}")

_SURROGATE = re.compile("[\ud800-\udfff]")


def dumps(value: Json) -> bytes:
    """The one text of a value.

    Raises:
        InputError: JSON-VALUE for floats, numbers beyond 2**53 - 1, lone surrogates, other types, or too deep.
    """
    _check(value, 0)
    return rewritten(value)


def rewritten(value: Json) -> bytes:
    """The one text of a value that a reader of this module gave, or of a part of one: it needs no second look."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")


def loads(text: bytes, *, limit: int) -> Json:
    """The value whose one text this is.

    Raises:
        InputError: JSON-SIZE, JSON-SYNTAX, JSON-VALUE, JSON-DUPLICATE-KEY, JSON-NOT-CANONICAL.
    """
    value = loads_relaxed(text, limit=limit)
    if rewritten(value) != text:
        raise InputError("JSON-NOT-CANONICAL", "The JSON is not in its one canonical form.")
    return value


def loads_relaxed(text: bytes, *, limit: int) -> Json:
    """A value from JSON in any layout, UTF-8; still no duplicate key, float, special number or excess depth.

    Raises:
        InputError: JSON-SIZE, JSON-SYNTAX, JSON-VALUE, JSON-DUPLICATE-KEY.
    """
    if len(text) > limit:
        raise InputError("JSON-SIZE", f"The JSON is larger than {limit:,} bytes.")
    _check_nesting(text)
    try:
        value = json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_float=_no_float,
            parse_constant=_no_float,
            parse_int=_whole,
        )
    except UnicodeDecodeError as error:
        raise InputError("JSON-SYNTAX", "This is not well-formed JSON: it is not UTF-8 text.") from error
    except json.JSONDecodeError as error:
        where = f"The fault is at line {error.lineno}, column {error.colno}."
        raise InputError("JSON-SYNTAX", "This is not well-formed JSON.", where) from error
    _check(value, 0)
    return value  # type: ignore[no-any-return]


def _check_nesting(text: bytes) -> None:
    """Bounds the depth before a recursive reader meets it; the reader's own bound is the interpreter's, not ours."""
    depth = 0
    for octet in _STRING.sub(b"", text).translate(None, _NO_BRACKETS):
        depth += 1 if octet in b"[{" else -1
        if depth > MAX_DEPTH + 1:
            raise InputError("JSON-VALUE", f"The JSON is nested deeper than {MAX_DEPTH}.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise InputError("JSON-DUPLICATE-KEY", "A JSON object names the same key twice.")
    return keys


def _whole(text: str) -> int:
    if len(text) > 17:
        raise InputError("JSON-VALUE", "A JSON number is beyond 2**53 - 1.")
    return int(text)


def _no_float(_text: str) -> Any:
    raise InputError("JSON-VALUE", "JSON numbers must be whole.", "Write amounts as decimal strings.")


def _check(value: object, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise InputError("JSON-VALUE", f"The JSON is nested deeper than {MAX_DEPTH}.")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise InputError("JSON-VALUE", "A JSON key must be text.")
            _check_text(key)
            _check(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)
    elif not (value is None or (isinstance(value, int) and -MAX_INT <= value <= MAX_INT)):
        raise InputError("JSON-VALUE", "The JSON holds a value that is not allowed.")


def _check_text(text: str) -> None:
    if not text.isascii() and _SURROGATE.search(text):
        raise InputError("JSON-VALUE", "The JSON holds a value that is not allowed.")
