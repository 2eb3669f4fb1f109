"""RLP beside a second implementation, its faults and its bounds."""

import pytest
from ethereum_peers import peer_rlp

from custody.codec import rlp
from custody.codec.rlp import Rlp
from custody.errors import InputError


def refusal(encoded: bytes) -> str:
    with pytest.raises(InputError) as caught:
        rlp.decode(encoded)
    return caught.value.code


VALUES: list[Rlp] = [b"", b"\x00", b"\x7f", b"\x80", b"dog", bytes(55), bytes(56), bytes(1_024), bytes(65_536)]
VALUES += [
    [],
    [[]],
    [[], [[]], [[], [[]]]],
    [b"cat", b"dog"],
    [b"\x01"] * 55,
    [b"\x01"] * 56,
    [[b"key", b"value"]] * 40,
]


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_a_value_is_written_as_the_peer_writes_it_and_read_back(value: Rlp) -> None:
    assert rlp.encode(value) == peer_rlp.encode(value)
    assert rlp.decode(rlp.encode(value)) == value


@pytest.mark.parametrize(
    ("encoded", "code"),
    [
        ("", "RLP-TRUNCATED"),
        ("83646f", "RLP-TRUNCATED"),
        ("b8", "RLP-TRUNCATED"),
        ("c180ff", "RLP-TRAILING"),
        ("0000", "RLP-TRAILING"),
        ("c0c0", "RLP-TRAILING"),
        ("c283646f67", "RLP-TRUNCATED"),  # an item that reaches out of its list, into what follows
        ("c2c280", "RLP-TRUNCATED"),
        ("bfffffffffffffffff", "RLP-TRUNCATED"),
        ("ffffffffffffffffff", "RLP-TRUNCATED"),
        ("8100", "RLP-NOT-MINIMAL"),
        ("b837" + "00" * 55, "RLP-NOT-MINIMAL"),
        ("f837" + "00" * 55, "RLP-NOT-MINIMAL"),
        ("b90038" + "00" * 56, "RLP-NOT-MINIMAL"),
    ],
)
def test_each_fault_has_its_code(encoded: str, code: str) -> None:
    assert refusal(bytes.fromhex(encoded)) == code


def test_what_is_not_minimal_would_pass_with_one_byte_more() -> None:
    assert rlp.decode(bytes.fromhex("8180")) == b"\x80"
    assert rlp.decode(bytes.fromhex("b838" + "00" * 56)) == bytes(56)


def test_depth_is_bounded() -> None:
    nested: Rlp = []
    for _ in range(rlp.MAX_DEPTH):
        nested = [nested]
    assert rlp.decode(rlp.encode(nested)) == nested
    assert refusal(rlp.encode([nested])) == "RLP-DEPTH"
    assert refusal(b"\xc1" * 100_000) == "RLP-TRUNCATED"


def test_count_is_bounded() -> None:
    most: Rlp = [b""] * (rlp.MAX_ITEMS - 1)
    assert rlp.decode(rlp.encode(most)) == most
    assert refusal(rlp.encode([b""] * rlp.MAX_ITEMS)) == "RLP-ITEMS"


def test_size_is_bounded() -> None:
    most = bytes(rlp.MAX_SIZE - 4)
    assert rlp.decode(rlp.encode(most)) == most
    assert refusal(rlp.encode(most + b"\0")) == "RLP-SIZE"


@pytest.mark.parametrize(
    ("number", "encoded"), [(0, ""), (1, "01"), (127, "7f"), (256, "0100"), (2**64, "01" + "00" * 8)]
)
def test_a_number_has_one_form(number: int, encoded: str) -> None:
    assert rlp.encode_quantity(number).hex() == encoded
    assert rlp.quantity(bytes.fromhex(encoded)) == number


@pytest.mark.parametrize("encoded", ["00", "0001", "00ff00"])
def test_a_leading_zero_is_refused(encoded: str) -> None:
    with pytest.raises(InputError, match="RLP-QUANTITY"):
        rlp.quantity(bytes.fromhex(encoded))
