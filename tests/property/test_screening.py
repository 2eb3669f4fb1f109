"""Whatever is asked, an address is decoded or refused; and every encoding of a flagged key is found."""

from typing import Any

import examples
from bip_utils import Base58Encoder, SegwitBech32Encoder
from bip_utils.utils.crypto import Hash160
from eth_utils.address import to_checksum_address
from hypothesis import given, settings
from hypothesis import strategies as st

from custody.chains import BITCOIN_CHAINS, EVM_CHAINS, BitcoinChain, EvmChain
from custody.errors import CustodyError
from custody.screening.address import Kind, Program, canonical_address, decode_address, decode_on_chain
from custody.screening.entry import How
from custody.screening.flagged import FlaggedList

hashes = st.binary(min_size=20, max_size=20)
scripts = st.binary(min_size=32, max_size=32)
chains = st.sampled_from(BITCOIN_CHAINS)
FORMS = ("p2pkh", "p2wpkh", "p2sh-p2wpkh")


def address(form: str, key_hash: bytes, chain: BitcoinChain) -> str:
    """An address of a key hash, encoded by another library."""
    if form == "p2wpkh":
        return str(SegwitBech32Encoder.Encode(chain.hrp, 0, key_hash))
    if form == "p2pkh":
        return str(Base58Encoder.CheckEncode(bytes([chain.p2pkh]) + key_hash))
    return str(Base58Encoder.CheckEncode(bytes([chain.p2sh]) + Hash160.QuickDigest(b"\x00\x14" + key_hash)))


@given(
    st.text(max_size=100)
    | st.text("bc1qtrp0123456789xyzBCQ", max_size=70)
    | st.text("0123456789abcdefABCDEF", min_size=38, max_size=42).map("0x".__add__)
)
@settings(max_examples=300)
def test_any_text_is_decoded_or_refused(text: str) -> None:
    try:
        program = decode_address(text)
    except CustodyError:
        return
    assert len(program.payload) in (20, 32)


@given(
    st.binary(max_size=200) | st.lists(st.sampled_from([b"# x", examples.PAYEE.encode(), b"", b"x"])).map(b"\n".join)
)
@settings(max_examples=300)
def test_any_bytes_are_a_list_or_refused(text: bytes) -> None:
    try:
        flagged = FlaggedList.parse(text)
    except CustodyError:
        return
    assert all(flagged.find(entry) for _, entry in flagged.entries)


@given(hashes, chains)
def test_what_another_library_encodes_is_decoded(key_hash: bytes, chain: BitcoinChain) -> None:
    for form in FORMS[:2]:
        assert decode_on_chain(address(form, key_hash, chain), chain) == Program(Kind.KEY_HASH, key_hash)


@given(scripts, chains)
def test_witness_scripts_are_decoded(script_hash: bytes, chain: BitcoinChain) -> None:
    written = SegwitBech32Encoder.Encode(chain.hrp, 0, script_hash)
    assert decode_on_chain(written, chain) == Program(Kind.WITNESS_SCRIPT, script_hash)
    assert canonical_address(written.upper()) == written


@given(hashes, st.sampled_from(FORMS), st.sampled_from(FORMS), chains, chains)
@settings(max_examples=200)
def test_a_flagged_key_is_found_by_every_address(
    key_hash: bytes, one: str, other: str, here: BitcoinChain, there: BitcoinChain
) -> None:
    flagged = FlaggedList.parse(address(one, key_hash, here).encode())
    assert flagged.find(address(other, key_hash, there))


@given(st.lists(hashes, min_size=2, max_size=20, unique=True), st.sampled_from(FORMS), st.sampled_from(FORMS), chains)
def test_a_key_that_is_not_flagged_is_not_found(keys: list[bytes], one: str, other: str, chain: BitcoinChain) -> None:
    asked, *listed = keys
    flagged = FlaggedList.parse("\n".join(address(one, key, chain) for key in listed).encode())
    assert flagged.find(address(other, asked, chain)) is None


@given(hashes, chains, st.integers(0, 60), st.characters(codec="ascii"))
@settings(max_examples=200)
def test_a_mistyped_address_is_refused(key_hash: bytes, chain: BitcoinChain, position: int, sign: str) -> None:
    for form in FORMS:
        honest = address(form, key_hash, chain)
        place = position % len(honest)
        mistyped = honest[:place] + sign + honest[place + 1 :]
        if mistyped != honest:
            try:
                decode_on_chain(mistyped, chain)
            except CustodyError:
                continue
            raise AssertionError(mistyped)


SPELLINGS = (to_checksum_address, str.lower, str.upper, lambda address: "0x" + address[2:].upper())
evm_chains = st.sampled_from(EVM_CHAINS)
spellings = st.sampled_from(SPELLINGS)


@given(hashes, spellings, spellings, evm_chains)
def test_a_flagged_evm_address_is_found_in_any_case(address: bytes, one: Any, other: Any, chain: EvmChain) -> None:
    written = "0x" + address.hex()
    match = FlaggedList.parse(one(written).encode()).find(other(written))
    assert match is not None
    assert match.how is How.SAME_ADDRESS
    assert decode_on_chain(canonical_address(other(written)), chain) == Program(Kind.EVM, address)


@given(st.lists(hashes, min_size=2, max_size=20, unique=True), spellings, spellings)
def test_an_evm_address_that_is_not_flagged_is_not_found(addresses: list[bytes], one: Any, other: Any) -> None:
    asked, *listed = ("0x" + address.hex() for address in addresses)
    assert FlaggedList.parse("\n".join(map(one, listed)).encode()).find(other(asked)) is None


@given(hashes, st.sampled_from(FORMS), chains, spellings)
def test_a_key_hash_and_an_evm_address_of_the_same_bytes_are_strangers(
    same: bytes, form: str, chain: BitcoinChain, spelling: Any
) -> None:
    bitcoin, evm = address(form, same, chain), spelling("0x" + same.hex())
    assert FlaggedList.parse(bitcoin.encode()).find(evm) is None
    assert FlaggedList.parse(evm.encode()).find(bitcoin) is None


@given(hashes, evm_chains, st.integers(0, 41), st.characters(codec="ascii"))
@settings(max_examples=200)
def test_on_an_evm_chain_a_changed_letter_never_leaves_the_same_payee(
    honest: bytes, chain: EvmChain, place: int, sign: str
) -> None:
    written = to_checksum_address("0x" + honest.hex())
    mistyped = written[:place] + sign + written[place + 1 :]
    try:
        program = decode_on_chain(mistyped, chain)
    except CustodyError:
        return
    assert (program.payload == honest) == (mistyped == written)
