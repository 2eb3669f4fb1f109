"""An address of any known network to the program that it stands for, whatever coin a list files it under.

A device pays on the networks of `custody.chains` alone; a list may name addresses of any network, and one key or
script has addresses on many of them. The tables are those of docs/spec/screening.md.
"""

import hashlib
import re
from typing import NamedTuple

import wallycore as wally

from custody.errors import InputError, TransactionError
from custody.screening.address import Kind, Program, parse_hex, script_program
from custody.screening.checksums import bech32, cashaddr, cryptonote

#: Longest text of an address (OFAC FAQ 563).
MAX_ADDRESS = 256
#: What a list puts before a text that is no address of a known network and is compared as it is.
EXACT_MARK = "="


class Decoded(NamedTuple):
    """An address of some network.

    Attributes:
        network: whose spelling it is; several networks share the first one's.
        canonical: one text for all spellings of the same address, for comparison only.
    """

    network: str
    program: Program
    canonical: str


# Printable ASCII without spaces. The library in C reads a text only as far as its first NUL.
_TEXT = re.compile(rf"[!-~]{{1,{MAX_ADDRESS}}}")

# Version octets of base58check: the chainparams of each network's node, and Tron's 0x41. Bitcoin's are those of
# Bitcoin Cash, Bitcoin SV and eCash too, Dogecoin's P2PKH that of Verge and DigiByte.
_VERSIONS = {
    b"\x00": ("Bitcoin", Kind.KEY_HASH),
    b"\x05": ("Bitcoin", Kind.SCRIPT_HASH),
    b"\x6f": ("Bitcoin testnet", Kind.KEY_HASH),
    b"\xc4": ("Bitcoin testnet", Kind.SCRIPT_HASH),
    b"\x30": ("Litecoin", Kind.KEY_HASH),
    b"\x32": ("Litecoin", Kind.SCRIPT_HASH),
    b"\x4c": ("Dash", Kind.KEY_HASH),
    b"\x10": ("Dash", Kind.SCRIPT_HASH),
    b"\x1e": ("Dogecoin", Kind.KEY_HASH),
    b"\x16": ("Dogecoin", Kind.SCRIPT_HASH),
    b"\x26": ("Bitcoin Gold", Kind.KEY_HASH),
    b"\x17": ("Bitcoin Gold", Kind.SCRIPT_HASH),
    b"\x21": ("Verge", Kind.SCRIPT_HASH),
    b"\x3f": ("DigiByte", Kind.SCRIPT_HASH),
    b"\x1c\xb8": ("Zcash", Kind.KEY_HASH),
    b"\x1c\xbd": ("Zcash", Kind.SCRIPT_HASH),
    b"\x1d\x25": ("Zcash testnet", Kind.KEY_HASH),
    b"\x1c\xba": ("Zcash testnet", Kind.SCRIPT_HASH),
    b"\x41": ("Tron", Kind.EVM),
}
# Prefixes of segwit addresses (SLIP-173).
_SEGWIT = {
    "bc": "Bitcoin",
    "tb": "Bitcoin testnet",
    "bcrt": "Bitcoin regtest",
    "ltc": "Litecoin",
    "tltc": "Litecoin testnet",
    "btg": "Bitcoin Gold",
    "dgb": "DigiByte",
}
# Bech32 texts that have a checksum and no program that any other address shares.
_SHIELDED = {"zs": "Zcash", "u": "Zcash", "ltcmweb": "Litecoin", "addr": "Cardano"}
_HARMONY = "one"
_RONIN = re.compile(r"ronin:([0-9a-fA-F]{40})")
_CASH = {"bitcoincash": "Bitcoin Cash", "bchtest": "Bitcoin Cash testnet", "ecash": "eCash"}
# CashAddr's type bits (plain and token-aware) and its size bits.
_CASH_KINDS = {0: Kind.KEY_HASH, 1: Kind.SCRIPT_HASH, 2: Kind.KEY_HASH, 3: Kind.SCRIPT_HASH}
_CASH_SIZES = {0: 20, 3: 32}
_CASH_BARE = re.compile(r"[qprz][02-9ac-hj-np-z]{41,60}")

_BASE58 = re.compile(r"[1-9A-HJ-NP-Za-km-z]{25,110}")
_RIPPLE = str.maketrans(
    "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz",
    "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
)
# XLS-5: two octets, the account, whether a tag follows (0, 1), and eight octets of tag.
_X_ADDRESS = (b"\x05\x44", b"\x04\x93")
# Monero's prefixes: standard, integrated (followed by a payment id), subaddress.
_MONERO = {18: 64, 19: 72, 42: 64}
_HASH, _KEY = 20, 32
_BETWEEN = re.compile(r"[^0-9A-Za-z]+")


def decode_any(address: str) -> Decoded:
    """What an address of any known network stands for.

    Raises:
        InputError: ADDRESS-CHECKSUM for capitals that do not fit an EVM address; ADDRESS-SYNTAX for all else.
    """
    if _TEXT.fullmatch(address):
        small = _in_small_letters(address)
        found = _evm(address) or (small and (_segwit(small) or _bech32(small) or _cash(small))) or _base58(address)
        if found:
            return found
    raise _unknown()


def decode_entry(text: str) -> Decoded:
    """What an entry of a list stands for: an address of any network, or a text after `EXACT_MARK`.

    Raises:
        InputError: as `decode_any`; ADDRESS-EXACT for a marked text that is an address of a known network, or that is
            not printable ASCII without spaces.
    """
    if not text.startswith(EXACT_MARK):
        return decode_any(text)
    exact = text[1:]
    if not _TEXT.fullmatch(exact) or is_address(exact):
        hint = "Only what no known network explains is compared as text, without spaces, in printable ASCII."
        raise InputError("ADDRESS-EXACT", "This cannot be compared as text.", hint)
    return Decoded("no known network", exact_program(exact), text)


def is_address(text: str) -> bool:
    """Whether a known network explains this text."""
    try:
        decode_any(text)
    except InputError:
        return False
    return True


def hides_address(text: str) -> bool:
    """Whether a text that no network explains has an address in it, as where a table is cut at the wrong mark."""
    parts = _BETWEEN.split(text)
    return len(parts) > 1 and any(map(is_address, parts)) and not is_address(text)


def exact_program(text: str) -> Program:
    """The program of what can only be compared as text."""
    return Program(Kind.EXACT, hashlib.sha256(text.encode("ascii")).digest())


def _evm(address: str) -> Decoded | None:
    if ronin := _RONIN.fullmatch(address):
        address = f"0x{ronin[1]}"
    if address[:2] not in ("0x", "0X"):
        return None
    return _of_evm("EVM", parse_hex(address))


def _of_evm(network: str, account: bytes) -> Decoded:
    return Decoded(network, Program(Kind.EVM, account), f"0x{account.hex()}")


def _segwit(small: str) -> Decoded | None:
    prefix = small.rpartition("1")[0]
    if prefix not in _SEGWIT:
        return None
    try:
        program = script_program(bytes(wally.addr_segwit_to_bytes(small, prefix, 0)))
    except (ValueError, TransactionError) as error:
        raise _unknown() from error
    return Decoded(_SEGWIT[prefix], program, small)


def _bech32(small: str) -> Decoded | None:
    prefix = small.rpartition("1")[0]
    if prefix != _HARMONY and prefix not in _SHIELDED:
        return None
    octets = bech32(small, prefix)
    if octets is None:
        raise _unknown()
    if prefix in _SHIELDED:
        return Decoded(_SHIELDED[prefix], exact_program(small), small)
    if len(octets) != _HASH:
        raise _unknown()
    return _of_evm("Harmony", octets)


def _cash(small: str) -> Decoded | None:
    named, mark, text = small.rpartition(":")
    if not (named in _CASH if mark else _CASH_BARE.fullmatch(small)):
        return None
    for prefix in (named,) if mark else _CASH:
        octets = cashaddr(text, prefix)
        if octets and _CASH_SIZES.get(octets[0] & 7) == len(octets) - 1 and octets[0] >> 3 in _CASH_KINDS:
            kind = _CASH_KINDS[octets[0] >> 3] if len(octets) == _HASH + 1 else Kind.SCRIPT_HASH_32
            return Decoded(_CASH[prefix], Program(kind, octets[1:]), f"{prefix}:{text}")
    return None


def _base58(address: str) -> Decoded | None:
    if not _BASE58.fullmatch(address):
        return None
    try:
        payload = bytes(wally.base58check_to_bytes(address))
    except ValueError:
        return _ripple(address) or _monero(address) or _solana(address)
    network = _VERSIONS.get(payload[:-_HASH])
    return Decoded(network[0], Program(network[1], payload[-_HASH:]), address) if network else None


def _ripple(address: str) -> Decoded | None:
    """An account of the XRP ledger, the HASH160 of its key, with or without a tag."""
    try:
        payload = bytes(wally.base58check_to_bytes(address.translate(_RIPPLE)))
    except ValueError:
        return None
    if payload[:1] == b"\x00" and len(payload) == _HASH + 1:
        return Decoded("XRP ledger", Program(Kind.KEY_HASH, payload[1:]), address)
    flag, tag = payload[22:23], payload[23:]
    tagged = (flag == b"\x01" and tag[4:] == bytes(4)) or (flag == b"\x00" and tag == bytes(8))
    if payload[:2] in _X_ADDRESS and len(tag) == 8 and tagged:
        return Decoded("XRP ledger", Program(Kind.KEY_HASH, payload[2:22]), address)
    return None


def _monero(address: str) -> Decoded | None:
    octets = cryptonote(address)
    if not octets or _MONERO.get(octets[0]) != len(octets) - 1:
        return None
    return Decoded("Monero", Program(Kind.CRYPTONOTE_KEYS, octets[1:65]), address)


def _solana(address: str) -> Decoded | None:
    """A key of 32 octets, which has no checksum: whatever has this length is one."""
    key = bytes(wally.base58_to_bytes(address, 0))
    return Decoded("Solana", Program(Kind.ED25519_KEY, key), address) if len(key) == _KEY else None


def _in_small_letters(address: str) -> str:
    """Bech32 and CashAddr allow all in capitals, and mean the small letters; of mixed case nothing is left."""
    if address.islower():
        return address
    return address.lower() if address.isupper() else ""


def _unknown() -> InputError:
    return InputError("ADDRESS-SYNTAX", "This is no address of a known network.")
