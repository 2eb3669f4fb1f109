"""Address poisoning: equal ends, another payee."""

import pytest
from bip_utils import SegwitBech32Encoder, TrxAddrEncoder
from eth_utils.address import to_checksum_address

from custody.screening.address import decode_address
from custody.screening.lookalike import lookalike

EVM = to_checksum_address("0x098b716b8aaf21512996dc57eb0615e2383e2f96")
SEGWIT = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
LEGACY = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"


def poisoned(address: str, head: int, tail: int) -> str:
    """Shares so many characters at each end; what lies between is other text. Only its look matters here."""
    middle = address[head : len(address) - tail]
    other = "".join("5" if sign not in "5" else "7" for sign in middle)
    return address[:head] + other + address[len(address) - tail :]


@pytest.mark.parametrize(("known", "constant"), [(EVM, 2), (SEGWIT, 4), (LEGACY, 1), (SEGWIT.upper(), 4)])
def test_four_significant_characters_at_both_ends_are_a_look_alike_and_three_are_not(known: str, constant: str) -> None:
    head = int(constant) + 4
    assert lookalike(poisoned(known, head, 4), [known]) == known
    assert lookalike(poisoned(known, head - 1, 4), [known]) is None
    assert lookalike(poisoned(known, head, 3), [known]) is None


def test_an_address_in_another_spelling_or_of_the_same_program_is_no_look_alike() -> None:
    tron = TrxAddrEncoder.EncodeKey(bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"))
    testnet = SegwitBech32Encoder.Encode("tb", 0, decode_address(SEGWIT).payload)
    for address, known in ((EVM, EVM.lower()), (SEGWIT.upper(), SEGWIT), (LEGACY, LEGACY), (tron, tron)):
        assert lookalike(address, [known]) is None
    assert testnet[4:8] == SEGWIT[4:8]
    assert lookalike(testnet, [SEGWIT]) is None


def test_capitals_of_an_evm_address_mean_nothing_and_those_of_base58_do() -> None:
    other = "0x098b" + "5" * 32 + "2F96"
    assert lookalike(other.lower(), [EVM]) == EVM
    assert lookalike("0x" + other[2:].upper(), [EVM]) == EVM
    assert lookalike(poisoned(LEGACY, 5, 4).swapcase(), [LEGACY]) is None


def test_an_address_that_pays_somebody_else_with_equal_ends_is_one_and_decodes() -> None:
    other = "0x098b" + "5" * 32 + "2f96"
    assert decode_address(other) != decode_address(EVM)
    assert lookalike(other, [LEGACY, SEGWIT, EVM]) == EVM


def test_the_first_known_address_is_named_and_no_known_address_is_none() -> None:
    twin = poisoned(EVM, 6, 4)
    assert lookalike(twin, [SEGWIT, EVM.lower(), EVM]) == EVM.lower()
    assert lookalike(twin, []) is None


def test_a_bare_key_has_no_letter_that_everybody_shares() -> None:
    solana = "9zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"[:44]
    assert lookalike("9zzz" + "5" * 36 + "zzzz", [solana]) == solana
    assert lookalike("8zzz" + "5" * 36 + "zzzz", [solana]) is None


def test_a_checker_that_only_looks_at_one_end_would_be_found() -> None:
    assert lookalike(poisoned(EVM, 6, 0), [EVM]) is None
    assert lookalike(poisoned(EVM, 2, 4), [EVM]) is None


def test_two_texts_that_nobody_can_decode_are_not_the_same_payee() -> None:
    one, other = ("0x098b" + sign * 32 + "2f96" for sign in "gh")
    assert lookalike(one, [other]) == other
    assert lookalike(one, [one]) is None
