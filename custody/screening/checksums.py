"""Texts with a checksum of their own: bech32 beyond segwit, CashAddr, cryptonote. Each gives its octets or none."""

from collections.abc import Iterable, Sequence

from custody.evm.keccak import keccak256

_CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES = {character: value for value, character in enumerate(_CHARSET)}

# BIP173, and the constants of BIP173 and BIP350.
_BECH32 = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32_ENDS = (1, 0x2BC830A3)
# CashAddr's specification.
_CASH = (0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470)

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS = {character: value for value, character in enumerate(_BASE58)}
# Cryptonote writes blocks of 8 octets as 11 characters; the length in characters of a shorter last block.
_BLOCK, _BLOCK_TEXT = 8, 11
_TAILS = {0: 0, 2: 1, 3: 2, 5: 3, 6: 4, 7: 5, 9: 6, 10: 7}


def bech32(text: str, prefix: str) -> bytes | None:
    """The octets after ``prefix`` and ``1`` in small letters, of any length, with either checksum (BIP173, BIP350)."""
    values = _values(text.removeprefix(f"{prefix}1"))
    high, low = [ord(one) >> 5 for one in prefix], [ord(one) & 31 for one in prefix]
    if values is None or _polymod([*high, 0, *low, *values], _BECH32, 25) not in _BECH32_ENDS:
        return None
    return _octets(values[:-6])


def cashaddr(text: str, prefix: str) -> bytes | None:
    """The version octet and the hash of a CashAddr in small letters, ``text`` without its prefix and colon."""
    values = _values(text)
    if values is None or _polymod([*(ord(one) & 31 for one in prefix), 0, *values], _CASH, 35) != 1:
        return None
    return _octets(values[:-8])


def cryptonote(text: str) -> bytes | None:
    """The octets of cryptonote's base58 before the four of its keccak checksum."""
    octets = b""
    for start in range(0, len(text), _BLOCK_TEXT):
        block = _block(text[start : start + _BLOCK_TEXT])
        if block is None:
            return None
        octets += block
    return octets[:-4] if keccak256(octets[:-4])[:4] == octets[-4:] else None


def _block(text: str) -> bytes | None:
    size = _BLOCK if len(text) == _BLOCK_TEXT else _TAILS.get(len(text))
    if size is None or not all(one in _DIGITS for one in text):
        return None
    number = 0
    for one in text:
        number = number * 58 + _DIGITS[one]
    return number.to_bytes(size, "big") if number >> (8 * size) == 0 else None


def _values(text: str) -> list[int] | None:
    return [_VALUES[one] for one in text] if text and all(one in _VALUES for one in text) else None


def _polymod(values: Iterable[int], generators: Sequence[int], shift: int) -> int:
    """The remainder of both checksums, which differ in their generators and length."""
    remainder, mask = 1, (1 << shift) - 1
    for value in values:
        top = remainder >> shift
        remainder = (remainder & mask) << 5 ^ value
        for bit, generator in enumerate(generators):
            remainder ^= generator if top >> bit & 1 else 0
    return remainder


def _octets(values: Sequence[int]) -> bytes | None:
    """Groups of five bits as octets; none where the bits that fill up the last are more than due, or not zero."""
    number = 0
    for value in values:
        number = number << 5 | value
    size, spare = divmod(5 * len(values), 8)
    if spare > 4 or number & ((1 << spare) - 1):
        return None
    return (number >> spare).to_bytes(size, "big")
