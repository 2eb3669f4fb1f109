"""RLP (Ethereum Yellow Paper, appendix B): byte strings and lists of them, each value in exactly one encoding.

`decode` accepts exactly what `encode` writes: shortest lengths, a single byte below 0x80 as itself, nothing after the
end. Sizes, depth and count are bounded before anything is built.
"""

from typing import TypeAlias

from custody.errors import InputError

Rlp: TypeAlias = "bytes | list[Rlp]"

MAX_SIZE = 131_072
MAX_DEPTH = 8
MAX_ITEMS = 1_000

_SHORT = 55
_STRING, _LIST = 0x80, 0xC0


def encode(value: Rlp) -> bytes:
    """The one encoding of a value."""
    if isinstance(value, list):
        content = b"".join(encode(item) for item in value)
        return _head(_LIST, len(content)) + content
    if len(value) == 1 and value[0] < _STRING:
        return value
    return _head(_STRING, len(value)) + value


def decode(encoded: bytes) -> Rlp:
    """The value of one item that fills all the bytes.

    Raises:
        InputError: RLP-SIZE, RLP-TRUNCATED, RLP-TRAILING, RLP-NOT-MINIMAL, RLP-DEPTH, RLP-ITEMS.
    """
    if len(encoded) > MAX_SIZE:
        raise InputError("RLP-SIZE", f"The value is longer than {MAX_SIZE:,} bytes.")
    reader = _Reader(encoded)
    value = reader.item(len(encoded), 0)
    if reader.position != len(encoded):
        raise InputError("RLP-TRAILING", "Bytes follow the end of the value.")
    return value


def encode_quantity(value: int) -> bytes:
    """A number as Ethereum writes it: big-endian, without leading zeros; zero is no bytes."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def quantity(encoded: bytes) -> int:
    """The number that `encode_quantity` wrote.

    Raises:
        InputError: RLP-QUANTITY for a leading zero.
    """
    if encoded[:1] == b"\x00":
        raise InputError("RLP-QUANTITY", "A number begins with a zero byte.")
    return int.from_bytes(encoded, "big")


def _head(base: int, size: int) -> bytes:
    if size <= _SHORT:
        return bytes([base + size])
    length = encode_quantity(size)
    return bytes([base + _SHORT + len(length)]) + length


class _Reader:
    def __init__(self, encoded: bytes) -> None:
        self.encoded = encoded
        self.position = 0
        self.items = 0

    def item(self, end: int, depth: int) -> Rlp:
        """The next item, which must not reach beyond ``end``."""
        if depth > MAX_DEPTH:
            raise InputError("RLP-DEPTH", f"The value is nested deeper than {MAX_DEPTH}.")
        self.items += 1
        if self.items > MAX_ITEMS:
            raise InputError("RLP-ITEMS", f"The value holds more than {MAX_ITEMS:,} items.")
        first = self.take(1, end)[0]
        if first < _STRING:
            return bytes([first])
        if first >= _LIST:
            return self.list(self.size(first - _LIST, end), end, depth)
        string = self.take(self.size(first - _STRING, end), end)
        if len(string) == 1 and string[0] < _STRING:
            raise InputError("RLP-NOT-MINIMAL", "A byte that stands for itself is written with a length.")
        return string

    def list(self, size: int, end: int, depth: int) -> Rlp:
        """The items of a list of ``size`` bytes, the last of which ends where the list ends."""
        inner = self.position + size
        if inner > end:
            raise _truncated()
        items: list[Rlp] = []
        while self.position < inner:
            items.append(self.item(inner, depth + 1))
        return items

    def size(self, code: int, end: int) -> int:
        """The length that ``code`` is, or that the next bytes are."""
        if code <= _SHORT:
            return code
        length = self.take(code - _SHORT, end)
        size = int.from_bytes(length, "big")
        if length[0] == 0 or size <= _SHORT:
            raise InputError("RLP-NOT-MINIMAL", "A length is not in its shortest form.")
        return size

    def take(self, size: int, end: int) -> bytes:
        if self.position + size > end:
            raise _truncated()
        taken = self.encoded[self.position : self.position + size]
        self.position += size
        return taken


def _truncated() -> InputError:
    return InputError("RLP-TRUNCATED", "An item reaches beyond the end of the value or of its list.")
