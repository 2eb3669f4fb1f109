"""Addresses of the Ethereum family, spelled with the checksum of EIP-55."""

import re

import wallycore as wally

from custody.errors import InputError
from custody.evm.keccak import keccak256

ADDRESS_SIZE = 20
ZERO = bytes(ADDRESS_SIZE)

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def checksum_address(address: bytes) -> str:
    """``0x`` and 40 hex digits whose capitals are the checksum (EIP-55)."""
    digits = address.hex()
    marks = keccak256(digits.encode("ascii")).hex()
    return "0x" + "".join(
        digit.upper() if int(mark, 16) >= 8 else digit for digit, mark in zip(digits, marks, strict=False)
    )


def parse_address(text: str, *, strict: bool = True) -> bytes:
    """The 20 bytes of an address.

    Args:
        text: ``0x`` and 40 hex digits with the checksum of EIP-55.
        strict: without it, all small or all capital digits, which carry no checksum, pass too.

    Raises:
        InputError: ADDRESS-SYNTAX, ADDRESS-CHECKSUM.
    """
    if not _ADDRESS.fullmatch(text):
        raise InputError("ADDRESS-SYNTAX", "An address is 0x and 40 hex digits.")
    address, digits = bytes.fromhex(text[2:]), text[2:]
    plain = not strict and digits in (digits.lower(), digits.upper())
    if not plain and checksum_address(address) != text:
        raise InputError(
            "ADDRESS-CHECKSUM", "The capitals of an address do not fit it (EIP-55).", "Copy it whole again."
        )
    return address


def address_of(public_key: bytes) -> bytes:
    """The address of a compressed public key: the last 20 bytes of the hash of the point."""
    return keccak256(bytes(wally.ec_public_key_decompress(public_key))[1:])[-ADDRESS_SIZE:]
