"""Recall and false positives on OFAC's published addresses. Run with -s to see the numbers."""

import hashlib
from pathlib import Path

import lists
import pytest
import wallycore as wally
from bip_utils.base58 import Base58Alphabets, Base58Encoder
from bip_utils.bech32 import BchBech32Encoder, Bech32Encoder, SegwitBech32Encoder
from bip_utils.utils.crypto import Hash160
from Crypto.Hash import RIPEMD160
from eth_utils.address import to_checksum_address

from custody.screening.address import Kind, Program
from custody.screening.flagged import FlaggedList
from custody.screening.networks import decode_entry

Rows = list[tuple[str, str]]

# Version octets, here once more: the encoders are another library's.
P2PKH = (b"\x00", b"\x6f", b"\x30", b"\x4c", b"\x1e", b"\x26", b"\x1c\xb8")
P2SH = (b"\x05", b"\xc4", b"\x32", b"\x10", b"\x16", b"\x17", b"\x21", b"\x3f", b"\x1c\xbd")
SEGWIT = ("bc", "tb", "bcrt", "ltc")


def key_hash_addresses(payload: bytes) -> set[str]:
    nested = Hash160.QuickDigest(b"\x00\x14" + payload)
    return {
        *(Base58Encoder.CheckEncode(version + payload) for version in P2PKH),
        *(SegwitBech32Encoder.Encode(prefix, 0, payload) for prefix in SEGWIT),
        *cashaddr(b"\x00", payload),
        Base58Encoder.CheckEncode(b"\x00" + payload, Base58Alphabets.RIPPLE),
        *script_hash_addresses(nested),
    }


def script_hash_addresses(payload: bytes) -> set[str]:
    return {*(Base58Encoder.CheckEncode(version + payload) for version in P2SH), *cashaddr(b"\x08", payload)}


def witness_script_addresses(payload: bytes) -> set[str]:
    return {
        *(SegwitBech32Encoder.Encode(prefix, 0, payload) for prefix in SEGWIT),
        *script_hash_addresses(Hash160.QuickDigest(b"\x00\x20" + payload)),
        *script_hash_addresses(RIPEMD160.new(payload).digest()),
    }


def evm_addresses(payload: bytes) -> set[str]:
    digits = payload.hex()
    return {
        *(f"0x{digits}", f"0x{digits.upper()}", f"0X{digits.upper()}", to_checksum_address(digits), f"ronin:{digits}"),
        Base58Encoder.CheckEncode(b"\x41" + payload),
        Bech32Encoder.Encode("one", payload),
    }


def cashaddr(version: bytes, payload: bytes) -> set[str]:
    whole = BchBech32Encoder.Encode("bitcoincash", version, payload)
    return {whole, whole.partition(":")[2], whole.upper()}


SIBLINGS = {
    Kind.KEY_HASH: key_hash_addresses,
    Kind.SCRIPT_HASH: script_hash_addresses,
    Kind.WITNESS_SCRIPT: witness_script_addresses,
    Kind.EVM: evm_addresses,
}


def derivable(program: Program) -> set[str]:
    return SIBLINGS[program.kind](program.payload) if program.kind in SIBLINGS else set()


@pytest.fixture(scope="module")
def rows(shared: Path) -> Rows:
    return lists.ofac(shared)


@pytest.fixture(scope="module")
def plain(rows: Rows) -> FlaggedList:
    return FlaggedList.parse("\n".join(lists.marked(address) for _, address in rows).encode())


@pytest.fixture(scope="module")
def built(rows: Rows) -> FlaggedList:
    flagged = FlaggedList.parse(lists.built(lists.marked(address) for _, address in rows))
    flagged.verify()
    return flagged


def program(text: str) -> Program:
    return decode_entry(text).program


def missed(flagged: FlaggedList, asked: set[str]) -> set[str]:
    return {address for address in asked if flagged.find(address, program) is None}


@pytest.mark.parametrize("form", ["plain", "built"])
def test_recall_on_the_ofac_snapshot_is_complete(rows: Rows, form: str, request: pytest.FixtureRequest) -> None:
    flagged: FlaggedList = request.getfixturevalue(form)
    listed = {lists.marked(address) for _, address in rows}
    siblings = set().union(*(derivable(program(address)) for address in listed)) - listed
    not_found = missed(flagged, listed), missed(flagged, siblings)
    recall = [100 * (1 - len(lost) / len(all_)) for lost, all_ in zip(not_found, (listed, siblings), strict=True)]
    print(
        f"\n{form} list: {len(rows)} entries, {len(listed)} different texts, recall {recall[0]:.2f} %; "
        f"{len(siblings):,} derivable siblings in other spellings and on other networks, recall {recall[1]:.2f} %"
    )
    assert (len(rows), not_found) == (654, (set(), set()))
    assert len(siblings) > 10_000


def test_a_list_that_compared_texts_would_miss_nine_of_ten_siblings(rows: Rows) -> None:
    listed = {lists.marked(address) for _, address in rows}
    siblings = set().union(*(derivable(program(address)) for address in listed))
    assert len(siblings & listed) < len(siblings) / 10


def random_address(number: int) -> str:
    payload = hashlib.sha256(b"nobody" + number.to_bytes(8, "big")).digest()
    if number % 5 == 0:
        return f"0x{payload[:20].hex()}"
    if number % 5 == 1:
        return str(wally.addr_segwit_from_bytes(b"\x00\x14" + payload[:20], "bc", 0))
    if number % 5 == 2:
        return str(wally.addr_segwit_from_bytes(b"\x00\x20" + payload, "bc", 0))
    return str(wally.base58check_from_bytes((b"\x00" if number % 5 == 3 else b"\x05") + payload[:20]))


def false_positives(flagged: FlaggedList, count: int) -> int:
    found = sum(flagged.find(random_address(number), program) is not None for number in range(count))
    print(f"\n{count:,} random addresses: {found} false positives")
    return found


def test_no_random_address_is_flagged(built: FlaggedList) -> None:
    assert false_positives(built, 100_000) == 0


@pytest.mark.slow
def test_no_random_address_of_a_million_is_flagged(built: FlaggedList, plain: FlaggedList) -> None:
    assert false_positives(built, 1_000_000) == false_positives(plain, 1_000_000) == 0


def test_a_list_that_flags_everything_or_nothing_would_be_found(built: FlaggedList) -> None:
    flagged = FlaggedList.parse(random_address(7).encode())
    assert false_positives(flagged, 10) == 1
    assert missed(flagged, {random_address(7), random_address(8)}) == {random_address(8)}
    assert missed(built, {random_address(8)})
