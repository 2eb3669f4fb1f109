"""Whatever is asked, an address is decoded or refused; and every encoding of a flagged key is found."""

from typing import Any

import examples
import lists
from bip_utils.base58 import Base58Alphabets, Base58Encoder, Base58XmrEncoder
from bip_utils.bech32 import BchBech32Encoder, Bech32Encoder, SegwitBech32Encoder
from bip_utils.utils.crypto import Hash160
from Crypto.Hash import keccak
from eth_utils.address import to_checksum_address
from hypothesis import given, settings
from hypothesis import strategies as st

from custody.chains import BITCOIN_CHAINS, EVM_CHAINS, BitcoinChain, EvmChain
from custody.errors import CustodyError
from custody.screening.address import Kind, Program, canonical_address, decode_address, decode_on_chain
from custody.screening.built import BuiltList
from custody.screening.entry import Entry, How, Source
from custody.screening.flagged import FlaggedList
from custody.screening.networks import decode_any, decode_entry

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


def base58check(version: bytes) -> Any:
    return lambda payload: Base58Encoder.CheckEncode(version + payload)


def segwit(prefix: str, version: int) -> Any:
    return lambda payload: SegwitBech32Encoder.Encode(prefix, version, payload)


def cashaddr(version: bytes) -> Any:
    return lambda payload: BchBech32Encoder.Encode("bitcoincash", version, payload)


# What another library writes for the payload of each kind.
WRITERS = {
    Kind.KEY_HASH: [
        *map(base58check, (b"\x00", b"\x6f", b"\x30", b"\x4c", b"\x1e", b"\x26", b"\x1c\xb8", b"\x1d\x25")),
        *(segwit(prefix, 0) for prefix in ("bc", "tb", "bcrt", "ltc")),
        *(cashaddr(b"\x00"), cashaddr(b"\x10")),
        lambda payload: Base58Encoder.CheckEncode(b"\x00" + payload, Base58Alphabets.RIPPLE),
    ],
    Kind.SCRIPT_HASH: [
        *map(base58check, (b"\x05", b"\xc4", b"\x32", b"\x10", b"\x16", b"\x17", b"\x21", b"\x3f", b"\x1c\xbd")),
        *(cashaddr(b"\x08"), cashaddr(b"\x18")),
    ],
    Kind.WITNESS_SCRIPT: [segwit(prefix, 0) for prefix in ("bc", "tb", "bcrt", "ltc")],
    Kind.SCRIPT_HASH_32: [cashaddr(b"\x0b")],
    Kind.EVM: [
        *(lambda payload: "0x" + payload.hex(), lambda payload: to_checksum_address(payload.hex())),
        *(base58check(b"\x41"), lambda payload: Bech32Encoder.Encode("one", payload)),
    ],
    Kind.ED25519_KEY: [Base58Encoder.Encode],
    Kind.CRYPTONOTE_KEYS: [
        lambda payload: monero(b"\x12" + payload),
        lambda payload: monero(b"\x13" + payload + bytes(8)),
    ],
}
SIZES = {Kind.KEY_HASH: 20, Kind.SCRIPT_HASH: 20, Kind.EVM: 20, Kind.CRYPTONOTE_KEYS: 64}


def monero(octets: bytes) -> str:
    return str(Base58XmrEncoder.Encode(octets + keccak.new(digest_bits=256, data=octets).digest()[:4]))


written = st.sampled_from(sorted(WRITERS)).flatmap(
    lambda kind: st.tuples(
        st.just(kind), st.binary(min_size=SIZES.get(kind, 32), max_size=SIZES.get(kind, 32)),
        st.sampled_from(WRITERS[kind]), st.sampled_from(WRITERS[kind]),
    )
)  # fmt: skip


@given(written)
@settings(max_examples=1_000)
def test_what_another_library_writes_on_any_network_is_the_program_that_it_was_made_of(one: Any) -> None:
    kind, payload, writer, _ = one
    decoded = decode_any(writer(payload))
    assert decoded.program == Program(kind, payload)
    assert decode_any(decoded.canonical)[1:] == decoded[1:]


@given(written)
@settings(max_examples=300)
def test_a_listed_address_is_found_by_every_other_network_s_spelling_in_plain_and_built_lists(one: Any) -> None:
    kind, payload, writer, other = one
    for octets in (writer(payload).encode(), lists.built([writer(payload)])):
        flagged = FlaggedList.parse(octets)
        assert flagged.find(other(payload), lambda text: decode_any(text).program)
        if kind is Kind.EVM:
            assert flagged.find("0x" + payload.hex())


@given(written, st.integers(0, 200), st.characters(codec="ascii"))
@settings(max_examples=1_000)
def test_a_changed_letter_on_any_network_with_a_checksum_is_refused_or_means_the_same(
    one: Any, place: int, sign: str
) -> None:
    kind, payload, writer, _ = one
    honest = writer(payload)
    mistyped = honest[: place % len(honest)] + sign + honest[place % len(honest) + 1 :]
    if kind is Kind.ED25519_KEY or honest == "0x" + payload.hex():
        return
    try:
        decoded = decode_any(mistyped)
    except CustodyError:
        return
    assert decoded.program == Program(kind, payload)


@given(st.text(max_size=110) | st.text("123456789ABCabcqpzry:0xtl", max_size=110))
@settings(max_examples=1_000)
def test_any_text_is_an_address_of_some_network_or_refused(text: str) -> None:
    try:
        decoded = decode_any(text)
    except CustodyError:
        return
    assert decode_any(decoded.canonical).program == decoded.program


@given(st.sampled_from(BITCOIN_CHAINS), hashes, st.sampled_from(FORMS))
def test_what_a_served_network_writes_means_the_same_to_both_readers(
    chain: BitcoinChain, key_hash: bytes, form: str
) -> None:
    one = address(form, key_hash, chain)
    assert decode_any(one).program == decode_address(one)


@given(st.lists(st.sampled_from(lists.ONE_OF_EACH), max_size=20), st.integers(0, 3))
@settings(max_examples=200)
def test_a_built_list_proves_itself_and_is_what_its_entries_give(addresses: list[str], sources: int) -> None:
    files = [Source(f"file {number}", bytes(32), "") for number in range(sources + 1)]
    entries = [Entry(one, place % len(files), place + 1) for place, one in enumerate(addresses)]
    octets = lists.built(entries, files)
    built = BuiltList.open(octets)
    assert FlaggedList.parse(octets).verify().total() == len({decode_entry(one).canonical for one in addresses})
    assert lists.built(built.entries(), built.header.sources) == octets


@given(st.binary(max_size=300), st.integers(0, 600), st.integers(0, 20))
@settings(max_examples=500)
def test_no_bytes_put_into_a_built_list_make_it_another_that_is_whole(junk: bytes, place: int, cut: int) -> None:
    honest = lists.built(lists.ONE_OF_EACH)
    bent = honest[: place % len(honest)] + junk + honest[place % len(honest) + cut :]
    try:
        kinds = FlaggedList.parse(bent).verify()
    except CustodyError:
        return
    known = {decode_entry(one).canonical for one in lists.ONE_OF_EACH}
    assert bent.startswith(b"#") or kinds.total() == len(known)
