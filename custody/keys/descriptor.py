"""Texts that name an account: a template filled in, and the checksum of BIP380 after it."""

import functools
import re

from custody.errors import InputError

_INPUT_CHARSET = "0123456789()[],'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#\"\\ "
_CHECKSUM_CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0xF5DEE51989, 0xA9FDCA3312, 0x1BAB10E32D, 0x3706B1677A, 0x644D626FFD)


def match_descriptor(descriptor: str, template: re.Pattern[str], spelling: str) -> tuple[str, ...]:
    """The groups of ``template`` in a descriptor whose checksum holds; ``spelling`` tells people how it is written.

    Raises:
        InputError: ACCOUNT-DESCRIPTOR, ACCOUNT-CHECKSUM.
    """
    body, _, checksum = descriptor.partition("#")
    match = template.fullmatch(body)
    if match is None:
        raise InputError("ACCOUNT-DESCRIPTOR", "This descriptor is not of a kind served.", f"Write {spelling}")
    if descriptor_checksum(body) != checksum:
        raise InputError("ACCOUNT-CHECKSUM", "The descriptor's checksum is absent or wrong.", "Copy it whole again.")
    return match.groups()


def with_checksum(body: str) -> str:
    """The descriptor whole: ``body``, ``#`` and its checksum."""
    return f"{body}#{descriptor_checksum(body)}"


def descriptor_checksum(descriptor: str) -> str:
    """The checksum of a descriptor without its ``#`` (BIP380).

    Raises:
        InputError: ACCOUNT-DESCRIPTOR for a character outside the descriptor alphabet.
    """
    symbols, groups = [], []
    for character in descriptor:
        position = _INPUT_CHARSET.find(character)
        if position < 0:
            raise InputError("ACCOUNT-DESCRIPTOR", "A descriptor holds a character that BIP380 does not know.")
        symbols.append(position & 31)
        groups.append(position >> 5)
        if len(groups) == 3:
            symbols.append(groups[0] * 9 + groups[1] * 3 + groups[2])
            groups = []
    if groups:
        symbols.append(functools.reduce(lambda sum_, group: sum_ * 3 + group, groups))
    remainder = functools.reduce(_polymod, symbols + [0] * 8, 1) ^ 1
    return "".join(_CHECKSUM_CHARSET[remainder >> 5 * (7 - place) & 31] for place in range(8))


def _polymod(remainder: int, symbol: int) -> int:
    top = remainder >> 35
    remainder = (remainder & 0x7FFFFFFFF) << 5 ^ symbol
    for bit, generator in enumerate(_GENERATOR):
        if top >> bit & 1:
            remainder ^= generator
    return remainder
