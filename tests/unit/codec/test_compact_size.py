"""CompactSize: the shortest form only, and never more bytes than there are."""

import pytest

from custody.codec import compact_size
from custody.codec.compact_size import Reader
from custody.errors import TransactionError


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "00"),
        (0xFC, "fc"),
        (0xFD, "fdfd00"),
        (0xFFFF, "fdffff"),
        (0x10000, "fe00000100"),
        (0xFFFFFFFF, "feffffffff"),
        (0x100000000, "ff0000000001000000"),
        (2**64 - 1, "ffffffffffffffffff"),
    ],
)
def test_the_edges_of_each_size(value: int, encoded: str) -> None:
    assert compact_size.encode(value).hex() == encoded
    assert Reader(bytes.fromhex(encoded)).compact_size() == value


@pytest.mark.parametrize("encoded", ["fd0000", "fdfc00", "fe00000000", "feffff0000", "ff0000000000000000",
                                     "ffffffffff00000000"])  # fmt: skip
def test_a_longer_form_than_needed_is_refused(encoded: str) -> None:
    with pytest.raises(TransactionError, match="TX-NOT-MINIMAL"):
        Reader(bytes.fromhex(encoded)).compact_size()


@pytest.mark.parametrize("encoded", ["", "fd", "fdff", "fe000001", "ff00000000010000"])
def test_a_cut_size_is_refused(encoded: str) -> None:
    with pytest.raises(TransactionError, match="TX-TRUNCATED"):
        Reader(bytes.fromhex(encoded)).compact_size()


def test_a_size_beyond_64_bits_is_not_written() -> None:
    with pytest.raises(TransactionError, match="TX-LIMIT"):
        compact_size.encode(2**64)


def test_var_bytes_are_bounded_by_limit_and_by_what_is_left() -> None:
    assert Reader(compact_size.var_bytes(b"abc")).var_bytes(3) == b"abc"
    with pytest.raises(TransactionError, match="TX-LIMIT"):
        Reader(compact_size.var_bytes(b"abc")).var_bytes(2)
    with pytest.raises(TransactionError, match="TX-TRUNCATED"):
        Reader(b"\x03ab").var_bytes(3)
    with pytest.raises(TransactionError, match="TX-LIMIT"):
        Reader(b"\xff" + b"\xff" * 8).var_bytes(10)


def test_the_cursor_moves_by_what_is_taken_and_not_by_what_is_refused() -> None:
    reader = Reader(b"\x01\x02\x03")
    assert (reader.uint(2), reader.left, reader.position) == (0x0201, 1, 2)
    with pytest.raises(TransactionError, match="TX-TRUNCATED"):
        reader.take(2)
    assert reader.take(1) == b"\x03"
