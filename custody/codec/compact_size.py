"""Bitcoin's CompactSize and little-endian integers, read strictly from a cursor."""

from custody.errors import TransactionError


class Reader:
    """A cursor over bytes. Every take is bounded by what is left; nothing is allocated from a claimed length."""

    def __init__(self, encoded: bytes) -> None:
        self._encoded = encoded
        self.position = 0

    @property
    def left(self) -> int:
        """Bytes not yet taken."""
        return len(self._encoded) - self.position

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes.

        Raises:
            TransactionError: TX-TRUNCATED.
        """
        if size > self.left:
            raise TransactionError("TX-TRUNCATED", "The transaction ends in the middle of a field.")
        taken = self._encoded[self.position : self.position + size]
        self.position += size
        return taken

    def uint(self, size: int) -> int:
        """An unsigned little-endian integer of ``size`` bytes."""
        return int.from_bytes(self.take(size), "little")

    def compact_size(self) -> int:
        """A CompactSize in its shortest form.

        Raises:
            TransactionError: TX-TRUNCATED, TX-NOT-MINIMAL.
        """
        first = self.uint(1)
        if first < 0xFD:
            return first
        size = 1 << first - 0xFC
        value = self.uint(size)
        if value < 0xFD or (value < 1 << 4 * size and size > 2):
            raise TransactionError("TX-NOT-MINIMAL", "A length is not written in its shortest form.")
        return value

    def var_bytes(self, limit: int) -> bytes:
        """A CompactSize length of at most ``limit``, and that many bytes.

        Raises:
            TransactionError: TX-TRUNCATED, TX-NOT-MINIMAL, TX-LIMIT.
        """
        size = self.compact_size()
        if size > limit:
            raise TransactionError("TX-LIMIT", f"A field is longer than {limit:,} bytes.")
        return self.take(size)


def encode(value: int) -> bytes:
    """The shortest CompactSize of ``value``."""
    if value < 0xFD:
        return bytes([value])
    for prefix, size in ((0xFD, 2), (0xFE, 4), (0xFF, 8)):
        if value < 1 << 8 * size:
            return bytes([prefix]) + value.to_bytes(size, "little")
    raise TransactionError("TX-LIMIT", "A length does not fit 64 bits.")


def var_bytes(content: bytes) -> bytes:
    """``content`` after its CompactSize length."""
    return encode(len(content)) + content
