"""TOML files that people write and a home pins: bounded before they are read."""

import tomllib
from typing import Any

from custody.errors import InputError

MAX_LINE_BYTES = 1_000

#: Some editors write it before UTF-8 text; it says nothing.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def loads(toml: bytes, *, limit: int, name: str, size_code: str, syntax_code: str) -> dict[str, Any]:
    """The table that a file of at most ``limit`` bytes holds; ``name`` says in messages what file it is.

    Raises:
        InputError: ``size_code``, ``syntax_code``.
    """
    if len(toml) > limit:
        raise InputError(size_code, f"The {name} is larger than {limit:,} bytes.")
    # A key of many dots costs the square of its length to read.
    if max(map(len, toml.split(b"\n"))) > MAX_LINE_BYTES:
        raise InputError(size_code, f"A line of the {name} is longer than {MAX_LINE_BYTES:,} bytes.")
    try:
        return tomllib.loads(toml.removeprefix(BYTE_ORDER_MARK).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        position = str(error) if isinstance(error, tomllib.TOMLDecodeError) else ""
        raise InputError(syntax_code, f"The {name} is not well-formed TOML.", position) from error
