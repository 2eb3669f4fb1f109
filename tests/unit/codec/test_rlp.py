"""RLP against Ethereum's own examples, valid and invalid, and its bounds."""

import json
from pathlib import Path
from typing import Any

import pytest

from custody.codec import rlp
from custody.codec.rlp import Rlp
from custody.errors import InputError


def value_of(described: Any) -> Rlp:
    """The value that an example of ethereum/tests describes: numbers, #numbers, 0x bytes, texts, lists."""
    match described:
        case list():
            return [value_of(item) for item in described]
        case int():
            return rlp.encode_quantity(described)
        case str() if described.startswith("#"):
            return rlp.encode_quantity(int(described[1:]))
        case str() if described.startswith("0x"):
            return bytes.fromhex(described[2:])
    return str(described).encode()


def refusal(encoded: bytes) -> str:
    with pytest.raises(InputError) as caught:
        rlp.decode(encoded)
    return caught.value.code


def test_published_values_are_written_and_read_to_the_byte(project: Path) -> None:
    vectors = json.loads((project / "tests/vectors/rlp_valid.json").read_text())
    assert len(vectors) == 27
    for vector in vectors.values():
        value, encoded = value_of(vector["in"]), bytes.fromhex(vector["out"][2:])
        assert rlp.encode(value) == encoded
        assert rlp.decode(encoded) == value


def test_published_faults_are_refused(project: Path) -> None:
    vectors = json.loads((project / "tests/vectors/rlp_invalid.json").read_text())
    codes = {name: refusal(bytes.fromhex(encoded[2:])) for name, encoded in vectors.items()}
    assert len(codes) == 17
    assert set(codes.values()) == {"RLP-TRUNCATED", "RLP-NOT-MINIMAL"}
    assert codes["bytesShouldBeSingleByte7F"] == codes["leadingZerosInLongLengthList2"] == "RLP-NOT-MINIMAL"
    assert codes["wrongSizeList"] == codes["randomRLP"] == "RLP-NOT-MINIMAL"
    assert codes["int32Overflow"] == codes["int32Overflow2"] == "RLP-TRUNCATED"


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
