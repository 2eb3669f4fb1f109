"""Addresses compared by what they pay.

One key or script has several addresses: on each network, and for each way of locking coins to it. `Program` is the
same on every network of a family; `candidates` are the programs that one key or script is known to answer for.
"""

from enum import StrEnum
from typing import NamedTuple

import wallycore

from custody.bitcoin import script as scripts
from custody.bitcoin.script import ScriptType
from custody.chains import BITCOIN_CHAINS, CHAINS, BitcoinChain, Chain, EvmChain
from custody.errors import InputError
from custody.evm.address import checksum_address, parse_address


class Kind(StrEnum):
    """What a program commits to."""

    KEY_HASH = "key hash"
    SCRIPT_HASH = "script hash"
    WITNESS_SCRIPT = "witness script"
    TAPROOT_KEY = "taproot key"
    EVM = "EVM address"
    SCRIPT_HASH_32 = "32-byte script hash"
    ED25519_KEY = "ed25519 key"
    CRYPTONOTE_KEYS = "cryptonote keys"
    EXACT = "exact text"


class Program(NamedTuple):
    """What coins are locked to.

    HASH160 of a key or script (20 bytes), SHA-256 of a script (32), a taproot key (32), or an EVM address (20), which
    is another space than HASH160: equal bytes of two kinds are not the same payee. On networks that are not served
    also SHA-256 twice of a script (32), an ed25519 key (32), the spend and view keys of cryptonote (64), and for what
    no program is known of SHA-256 of the text itself (32).
    """

    kind: Kind
    payload: bytes


# Where the hash or key stands in the output script of each type (BIP141, BIP341).
_PROGRAMS = {
    ScriptType.P2PKH: (Kind.KEY_HASH, slice(3, 23)),
    ScriptType.P2WPKH: (Kind.KEY_HASH, slice(2, 22)),
    ScriptType.P2SH: (Kind.SCRIPT_HASH, slice(2, 22)),
    ScriptType.P2WSH: (Kind.WITNESS_SCRIPT, slice(2, 34)),
    ScriptType.P2TR: (Kind.TAPROOT_KEY, slice(2, 34)),
}

_HEX = ("0x", "0X")
_BECH32 = tuple(f"{chain.hrp}1" for chain in BITCOIN_CHAINS)


def decode_address(address: str) -> Program:
    """The program of a Bitcoin P2PKH, P2SH, P2WPKH, P2WSH or P2TR address, or an EVM address, of any served chain.

    Raises:
        InputError: ADDRESS-CHECKSUM for an EVM address whose capitals do not fit it (EIP-55); ADDRESS-SYNTAX for
            anything else: other chains, bech32 in mixed case, a wrong checksum or its wrong variant (BIP350), an
            unknown witness version or length.
    """
    if address.startswith(_HEX):
        return Program(Kind.EVM, parse_hex(address))
    for chain in BITCOIN_CHAINS:
        try:
            return decode_on_chain(address, chain)
        except InputError:
            continue
    served = ", ".join(chain.alias for chain in CHAINS)
    raise InputError("ADDRESS-SYNTAX", "This is no address of a served chain.", f"Served chains: {served}.")


def decode_on_chain(address: str, chain: Chain) -> Program:
    """The program of an address of this chain, an EVM address in its one spelling with a checksum (EIP-55).

    Testnet and signet write the same addresses, and so do all EVM networks.

    Raises:
        InputError: ADDRESS-SYNTAX, ADDRESS-KIND (Bitcoin), ADDRESS-CHECKSUM (EVM).
    """
    match chain:
        case BitcoinChain():
            return script_program(scripts.decode_address(canonical_address(address), chain))
        case EvmChain():
            return Program(Kind.EVM, parse_address(address))
    raise InputError("ADDRESS-SYNTAX", "This network's addresses are not known.")


def script_program(script: bytes) -> Program:
    """What an output script of a standard kind commits to. Raises TransactionError SCRIPT-… for any other."""
    kind, payload = _PROGRAMS[scripts.classify(script)]
    return Program(kind, script[payload])


def canonical_address(address: str) -> str:
    """The one spelling of an address; a text that is no address, or has capitals that fit no checksum, as it is.

    BIP173 allows bech32 all in capitals, for QR codes; ours is in small letters. Hex all in small letters or all in
    capitals has no checksum; ours has that of EIP-55.
    """
    if address.startswith(_HEX):
        return _canonical_hex(address)
    lowered = address.lower()
    capitals = address.isascii() and address == address.upper() and lowered.startswith(_BECH32)
    return lowered if capitals else address


def _canonical_hex(address: str) -> str:
    try:
        return checksum_address(parse_hex(address))
    except InputError:
        return address


def parse_hex(address: str) -> bytes:
    """The 20 bytes of an EVM address in small letters, capitals (the x in either case), or the checksum of EIP-55.

    Raises:
        InputError: ADDRESS-SYNTAX, ADDRESS-CHECKSUM.
    """
    return parse_address(address.lower() if address == address.upper() else address, strict=False)


def candidates(program: Program) -> tuple[Program, ...]:
    """The program itself, first, and those that the same key or script can be paid by.

    A key hash (P2PKH, P2WPKH) is also paid by P2SH-P2WPKH; a witness script by P2SH-P2WSH and, its hash hashed once
    more, by plain P2SH. No hash can be undone: compare the candidates of both sides.
    """
    payload = program.payload
    match program.kind:
        case Kind.KEY_HASH:
            return program, _script_hash(wallycore.hash160(b"\x00\x14" + payload))
        case Kind.WITNESS_SCRIPT:
            nested = _script_hash(wallycore.hash160(b"\x00\x20" + payload))
            return program, nested, _script_hash(wallycore.ripemd160(payload))
        case _:
            return (program,)


def _script_hash(digest: bytes) -> Program:
    return Program(Kind.SCRIPT_HASH, bytes(digest))
