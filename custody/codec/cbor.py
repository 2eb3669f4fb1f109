"""Canonical CBOR (RFC 8949 4.2.1): unsigned and negative integers, byte and text strings, arrays, maps, booleans, null.

No tags, floats, indefinite lengths or undefined: a decoder that knows no tags has no tag to be attacked through.
`decode` accepts exactly what `encode` writes, except for `Tagged`, which is there for other people's formats only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from custody.errors import InputError

Cbor: TypeAlias = "bool | int | bytes | str | list[Cbor] | Mapping[str, Cbor] | Mapping[int, Cbor] | Tagged | None"

MAX_DEPTH = 16
MAX_ITEMS = 10_000


@dataclass(frozen=True, slots=True)
class Tagged:
    """A value under a tag (RFC 8949 3.4). Written, never read."""

    number: int
    value: "Cbor"


def encode(value: Cbor) -> bytes:
    """The one encoding of a value. Integers must fit 64 bits; map keys are all text or all integers.

    Raises:
        InputError: CBOR-NOT-CANONICAL, CBOR-TEXT.
    """
    match value:
        case bool():
            return b"\xf5" if value else b"\xf4"
        case None:
            return b"\xf6"
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case bytes():
            return _head(2, len(value)) + value
        case str():
            text = _utf8(value)
            return _head(3, len(text)) + text
        case list():
            return _head(4, len(value)) + b"".join(encode(item) for item in value)
        case Mapping():
            # RFC 8949 4.2.1: keys in the bytewise order of their encodings.
            pairs = sorted((encode(key), encode(item)) for key, item in value.items())
            return _head(5, len(value)) + b"".join(key + item for key, item in pairs)
        case Tagged():
            return _head(6, value.number) + encode(value.value)


def decode(encoded: bytes) -> Cbor:
    """The value of one canonical item that fills all the bytes.

    Raises:
        InputError: CBOR-TRUNCATED, CBOR-TRAILING, CBOR-NOT-CANONICAL, CBOR-TYPE, CBOR-DEPTH, CBOR-ITEMS, CBOR-TEXT.
    """
    reader = _Reader(encoded)
    value = reader.item(0)
    if reader.position != len(encoded):
        raise InputError("CBOR-TRAILING", "Bytes follow the end of the message.")
    return value


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        # The cause is left out: it holds the text.
        raise InputError("CBOR-TEXT", "A text is not UTF-8.") from None


def _head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([major << 5 | argument])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << 8 * size:
            return bytes([major << 5 | code]) + argument.to_bytes(size, "big")
    raise InputError("CBOR-NOT-CANONICAL", "An integer does not fit 64 bits.")


class _Reader:
    def __init__(self, encoded: bytes) -> None:
        self.encoded = encoded
        self.position = 0
        self.items = 0

    def item(self, depth: int) -> Cbor:
        if depth > MAX_DEPTH:
            raise InputError("CBOR-DEPTH", f"The message is nested deeper than {MAX_DEPTH}.")
        self.items += 1
        if self.items > MAX_ITEMS:
            raise InputError("CBOR-ITEMS", f"The message holds more than {MAX_ITEMS:,} items.")
        initial = self.take(1)[0]
        major, code = initial >> 5, initial & 0x1F
        if major == 7:
            return self.simple(code)
        argument = self.argument(code)
        match major:
            case 0:
                return argument
            case 1:
                return -1 - argument
            case 2:
                return self.take(argument)
            case 3:
                return self.text(argument)
            case 4:
                return [self.item(depth + 1) for _ in range(self.count(argument))]
            case 5:
                return self.map(self.count(argument), depth)
        raise InputError("CBOR-TYPE", "The message holds a tag.")

    def take(self, size: int) -> bytes:
        end = self.position + size
        if end > len(self.encoded):
            raise InputError("CBOR-TRUNCATED", "The message ends in the middle of a value.")
        taken = self.encoded[self.position : end]
        self.position = end
        return taken

    def argument(self, code: int) -> int:
        if code < 24:
            return code
        if code > 27:
            raise InputError("CBOR-NOT-CANONICAL", "The message holds an indefinite length.")
        size = 1 << code - 24
        argument = int.from_bytes(self.take(size), "big")
        # RFC 8949 4.2.1: the shortest form only.
        if argument < 24 or (size > 1 and argument < 1 << 4 * size):
            raise InputError("CBOR-NOT-CANONICAL", "A number is not in its shortest form.")
        return argument

    def count(self, argument: int) -> int:
        if argument > MAX_ITEMS:
            raise InputError("CBOR-ITEMS", f"The message holds more than {MAX_ITEMS:,} items.")
        return argument

    def text(self, size: int) -> str:
        try:
            return self.take(size).decode("utf-8")
        except UnicodeDecodeError as error:
            raise InputError("CBOR-TEXT", "A text is not UTF-8.") from error

    def simple(self, code: int) -> Cbor:
        match code:
            case 20:
                return False
            case 21:
                return True
            case 22:
                return None
        raise InputError("CBOR-TYPE", "The message holds a float or an unknown simple value.")

    def map(self, count: int, depth: int) -> Cbor:
        pairs: dict[str | int, Cbor] = {}
        previous = b""
        kind: type | None = None
        for _ in range(count):
            start = self.position
            key = self.item(depth + 1)
            encoded_key = self.encoded[start : self.position]
            if isinstance(key, bool) or not isinstance(key, str | int) or (kind and type(key) is not kind):
                raise InputError("CBOR-TYPE", "The keys of a map must be all text or all integers.")
            if encoded_key <= previous:
                raise InputError("CBOR-NOT-CANONICAL", "The keys of a map repeat or are out of order.")
            previous, kind = encoded_key, type(key)
            pairs[key] = self.item(depth + 1)
        return pairs  # type: ignore[return-value]
