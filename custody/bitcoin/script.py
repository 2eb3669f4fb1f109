"""Standard output scripts: which kind, which address, which dust limit. Every other script is refused by name."""

from enum import StrEnum

import wallycore as wally

from custody.bitcoin.transaction import TxOut
from custody.chains import BitcoinChain
from custody.errors import InputError, TransactionError

MAX_ADDRESS = 90
DUST_FEERATE = 3000

_OP_1 = 0x51
_OP_16 = 0x60
_OP_RETURN = 0x6A
_OP_CHECKSIG = 0xAC
_OP_CHECKMULTISIG = 0xAE
_ANCHOR = bytes.fromhex("51024e73")


class ScriptType(StrEnum):
    """The kinds of script that may be paid."""

    P2PKH = "p2pkh"
    P2SH = "p2sh"
    P2WPKH = "p2wpkh"
    P2WSH = "p2wsh"
    P2TR = "p2tr"


_REFUSED = {
    "SCRIPT-EMPTY": "An output has an empty script: anyone could take it.",
    "SCRIPT-OP-RETURN": "An output burns its coins or carries data (OP_RETURN).",
    "SCRIPT-BARE-MULTISIG": "An output pays a bare multisig script.",
    "SCRIPT-BARE-KEY": "An output pays a bare public key.",
    "SCRIPT-ANCHOR": "An output is a pay-to-anchor: anyone could take it.",
    "SCRIPT-WITNESS-VERSION": "An output pays a witness program without defined rules: anyone could take it.",
    "SCRIPT-WITNESS-LENGTH": "An output pays a version 0 witness program that is not 20 or 32 bytes long.",
    "SCRIPT-TAPROOT-POINT": "An output pays a taproot key that is no point of the curve: it could never be spent.",
    "SCRIPT-NONSTANDARD": "An output pays a script of no standard kind.",
}
_HINT = "Pay a P2PKH, P2SH, P2WPKH, P2WSH or P2TR address."


def classify(script: bytes) -> ScriptType:
    """The kind of this output script.

    Raises:
        TransactionError: a SCRIPT-… code for every script that is not one of the five standard kinds.
    """
    if len(script) == 25 and script[:3] == b"\x76\xa9\x14" and script[23:] == b"\x88\xac":
        return ScriptType.P2PKH
    if len(script) == 23 and script[:2] == b"\xa9\x14" and script[22:] == b"\x87":
        return ScriptType.P2SH
    if _is_witness_program(script):
        return _classify_witness_program(script)
    raise _refusal(_name_nonstandard(script))


def p2wpkh_script(public_key: bytes) -> bytes:
    """Version 0, and HASH160 of the compressed public key (BIP141)."""
    return b"\x00\x14" + bytes(wally.hash160(public_key))


def dust_limit(script: bytes) -> int:
    """The smallest amount in satoshi that is worth spending, as nodes relay it by default.

    Bitcoin Core's GetDustThreshold at 3,000 satoshi per 1,000 vbytes: the output itself and the input that would
    spend it, 148 bytes, or 67 for a witness program.
    """
    spending = 67 if _is_witness_program(script) else 148
    return (len(TxOut(0, script).serialize()) + spending) * DUST_FEERATE // 1000


def encode_address(script: bytes, chain: BitcoinChain) -> str:
    """The address of a standard output script on ``chain`` (BIP173, BIP350, base58check).

    Raises:
        TransactionError: as `classify`.
    """
    kind = classify(script)
    if kind is ScriptType.P2PKH:
        return _base58(chain.p2pkh, script[3:23])
    if kind is ScriptType.P2SH:
        return _base58(chain.p2sh, script[2:22])
    return str(wally.addr_segwit_from_bytes(script, chain.hrp, 0))


def decode_address(address: str, chain: BitcoinChain) -> bytes:
    """The output script that ``address`` stands for on ``chain``.

    One spelling only: the text must be the one that `encode_address` gives, so bech32 in capitals is refused.

    Raises:
        InputError: ADDRESS-SYNTAX; ADDRESS-KIND for a well-formed address whose script is not a standard kind.
    """
    if not address.isascii() or not 0 < len(address) <= MAX_ADDRESS:
        raise _syntax(chain)
    script = _decode_segwit(address, chain) or _decode_base58(address, chain)
    if script is None:
        raise _syntax(chain)
    try:
        spelled = encode_address(script, chain)
    except TransactionError as refusal:
        raise InputError("ADDRESS-KIND", "An address is of a kind that cannot be paid safely.", _HINT) from refusal
    if spelled != address:
        raise _syntax(chain)
    return script


def _is_witness_program(script: bytes) -> bool:
    # BIP141: a version (OP_0, OP_1 to OP_16) and one push of 2 to 40 bytes, nothing else.
    return 4 <= len(script) <= 42 and (script[0] == 0 or _OP_1 <= script[0] <= _OP_16) and script[1] == len(script) - 2


def _classify_witness_program(script: bytes) -> ScriptType:
    version, program = script[0], script[2:]
    if version == 0 and len(program) in (20, 32):
        return ScriptType.P2WPKH if len(program) == 20 else ScriptType.P2WSH
    if version == 0:
        raise _refusal("SCRIPT-WITNESS-LENGTH")
    if script == _ANCHOR:
        raise _refusal("SCRIPT-ANCHOR")
    if version != _OP_1 or len(program) != 32:
        raise _refusal("SCRIPT-WITNESS-VERSION")
    if not is_point(b"\x02" + program):
        raise _refusal("SCRIPT-TAPROOT-POINT")
    return ScriptType.P2TR


def _name_nonstandard(script: bytes) -> str:
    if not script:
        return "SCRIPT-EMPTY"
    if script[0] == _OP_RETURN:
        return "SCRIPT-OP-RETURN"
    if script[-1] == _OP_CHECKMULTISIG:
        return "SCRIPT-BARE-MULTISIG"
    if script[-1] == _OP_CHECKSIG and script[0] == len(script) - 2 and script[0] in (33, 65):
        return "SCRIPT-BARE-KEY"
    return "SCRIPT-NONSTANDARD"


def is_point(public_key: bytes) -> bool:
    """Whether these 33 bytes are a compressed point of secp256k1."""
    try:
        wally.ec_public_key_verify(public_key)
    except ValueError:
        return False
    return True


def _base58(version: int, digest: bytes) -> str:
    return str(wally.base58check_from_bytes(bytes([version]) + digest))


def _decode_segwit(address: str, chain: BitcoinChain) -> bytes | None:
    try:
        return bytes(wally.addr_segwit_to_bytes(address, chain.hrp, 0))
    except ValueError:
        return None


def _decode_base58(address: str, chain: BitcoinChain) -> bytes | None:
    try:
        decoded = bytes(wally.base58check_to_bytes(address))
    except ValueError:
        return None
    if len(decoded) != 21:
        return None
    if decoded[0] == chain.p2pkh:
        return b"\x76\xa9\x14" + decoded[1:] + b"\x88\xac"
    return b"\xa9\x14" + decoded[1:] + b"\x87" if decoded[0] == chain.p2sh else None


def _refusal(code: str) -> TransactionError:
    return TransactionError(code, _REFUSED[code], _HINT)


def _syntax(chain: BitcoinChain) -> InputError:
    return InputError("ADDRESS-SYNTAX", f"This is no address of {chain.alias} in its usual spelling.")
