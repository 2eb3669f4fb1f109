"""Addresses: the checksum of EIP-55, one spelling, and the address of a key."""

import json
from pathlib import Path

import coincurve
import pytest

from custody.errors import InputError
from custody.evm.address import address_of, checksum_address, parse_address
from custody.evm.keccak import keccak256

ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


def refusal(text: str, *, strict: bool = True) -> str:
    with pytest.raises(InputError) as caught:
        parse_address(text, strict=strict)
    return caught.value.code


def test_the_hash_is_ethereums_not_nists() -> None:
    # Of the empty text, as the Yellow Paper gives it.
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


def test_the_published_addresses_of_eip_55(project: Path) -> None:
    addresses = json.loads((project / "tests/vectors/eip55.json").read_text())["addresses"]
    assert len(addresses) == 8
    for text in addresses:
        assert checksum_address(bytes.fromhex(text[2:])) == text
        assert parse_address(text) == bytes.fromhex(text[2:])


def test_one_letter_in_another_case_is_refused() -> None:
    letters = [place for place, letter in enumerate(ADDRESS) if place > 1 and letter.isalpha()]
    for place in letters:
        changed = ADDRESS[:place] + ADDRESS[place].swapcase() + ADDRESS[place + 1 :]
        assert refusal(changed) == refusal(changed, strict=False) == "ADDRESS-CHECKSUM"


def test_an_address_without_capitals_carries_no_checksum() -> None:
    for text in (ADDRESS.lower(), "0x" + ADDRESS[2:].upper()):
        assert refusal(text) == "ADDRESS-CHECKSUM"
        assert parse_address(text, strict=False) == bytes.fromhex(ADDRESS[2:])


def test_one_capital_among_small_letters_is_a_checksum_that_does_not_fit() -> None:
    letters = "fB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
    for plain in (letters.lower(), letters.upper()):
        for place in (place for place, letter in enumerate(plain) if letter.isalpha()):
            mixed = "0x" + plain[:place] + plain[place].swapcase() + plain[place + 1 :]
            assert refusal(mixed, strict=False) == "ADDRESS-CHECKSUM"


@pytest.mark.parametrize(
    "text",
    [
        *["", "0x", ADDRESS[2:], ADDRESS[:-1], ADDRESS + "0", " " + ADDRESS, ADDRESS + "\n", "0X" + ADDRESS[2:]],
        *[ADDRESS[:-1] + "g", ADDRESS[:-1] + "\u0665", "ronin:" + ADDRESS[2:], "0x" + "0" * 100_000],
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    assert refusal(text) == refusal(text, strict=False) == "ADDRESS-SYNTAX"


def test_the_address_of_the_example_key_of_eip_155() -> None:
    key = coincurve.PrivateKey(b"\x46" * 32).public_key.format()
    assert checksum_address(address_of(key)) == "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"
