"""How Ethereum's values stand in JSON and TOML: shapes for closed schemas."""

import re
from dataclasses import dataclass

from custody.codec.schema import Fault, Reading
from custody.errors import InputError
from custody.evm.address import ZERO, parse_address

_QUANTITY = re.compile(r"0x(0|[1-9a-f][0-9a-f]{0,63})")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,77}", re.ASCII)
_HEX = re.compile(r"0x((?:[0-9a-f]{2})*)")


@dataclass(frozen=True, slots=True)
class Address:
    """An address with its checksum (EIP-55); not ``strict``, also in small or capital digits only."""

    strict: bool = True

    def read(self, value: object, where: str, reading: Reading) -> bytes:
        """The 20 bytes."""
        try:
            return parse_address(value if isinstance(value, str) else "", strict=self.strict)
        except InputError:
            required = "0x and 40 hex digits whose capitals fit (EIP-55)"
            reading.fault(Fault.TEXT, where, "no address, or one with a wrong checksum", required)
            return ZERO


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of at most 256 bits as nodes write it: ``0x``, small hex digits, no leading zeros."""

    def read(self, value: object, where: str, reading: Reading) -> int:
        """The number."""
        if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
            reading.fault(Fault.NUMBER, where, "no 0x-quantity", "0x and at most 64 small hex digits, no leading zeros")
            return 0
        return int(value, 16)


@dataclass(frozen=True, slots=True)
class Number:
    """A number of at most ``bits`` bits: a JSON number, a decimal string or a 0x-quantity."""

    bits: int

    def read(self, value: object, where: str, reading: Reading) -> int:
        """The number."""
        number = _number(value)
        if number is None or not 0 <= number < 1 << self.bits:
            reading.fault(Fault.NUMBER, where, "no number that fits", f"a whole number of at most {self.bits} bits")
            return 0
        return number


@dataclass(frozen=True, slots=True)
class HexBytes:
    """Bytes as ``0x`` and small hex digits."""

    def read(self, value: object, where: str, reading: Reading) -> bytes:
        """The bytes."""
        match = _HEX.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            reading.fault(Fault.TEXT, where, "no hex bytes", "0x and an even count of small hex digits")
            return b""
        return bytes.fromhex(match[1])


def _number(value: object) -> int | None:
    match value:
        case bool():
            return None
        case int():
            return value
        case str() if _DECIMAL.fullmatch(value):
            return int(value)
        case str() if _QUANTITY.fullmatch(value):
            return int(value, 16)
    return None
