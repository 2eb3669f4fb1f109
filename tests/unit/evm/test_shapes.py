"""How Ethereum's values stand in JSON: each shape takes its forms and notes a fault for any other."""

import pytest
from typed_messages import SAFE

from custody.codec.schema import Fault, SchemaError, Shape, read
from custody.evm.shapes import Address, HexBytes, Number, Quantity

CODES = dict.fromkeys(Fault, "A-FAULT")


@pytest.mark.parametrize(
    ("shape", "value", "meaning"),
    [
        (Address(), SAFE, bytes.fromhex(SAFE[2:])),
        (Address(strict=False), SAFE.lower(), bytes.fromhex(SAFE[2:])),
        (Quantity(), "0x0", 0),
        (Quantity(), "0x" + "f" * 64, 2**256 - 1),
        (Number(8), 255, 255),
        (Number(8), "255", 255),
        (Number(8), "0xff", 255),
        (Number(256), str(2**256 - 1), 2**256 - 1),
        (HexBytes(), "0x", b""),
        (HexBytes(), "0x00ff", b"\0\xff"),
    ],
)
def test_a_value_in_form_is_read(shape: Shape, value: object, meaning: object) -> None:
    assert read(shape, value, CODES) == meaning


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (Address(), SAFE.lower()),
        (Address(), None),
        (Address(strict=False), SAFE.swapcase()),
        (Quantity(), 0),
        (Quantity(), "0x1" + "0" * 64),
        (Quantity(), "0x00"),
        (Quantity(), "0x\u0661"),
        (Number(8), 256),
        (Number(8), "256"),
        (Number(8), "0x100"),
        (Number(8), False),
        (Number(8), "\u0661"),
        (Number(256), str(2**256)),
        (HexBytes(), "0x0"),
        (HexBytes(), "0xAA"),
        (HexBytes(), b"0x"),
        (HexBytes(), "0x00\n"),
    ],
)
def test_another_form_is_a_fault(shape: Shape, value: object) -> None:
    with pytest.raises(SchemaError, match="A-FAULT"):
        read(shape, value, CODES)
