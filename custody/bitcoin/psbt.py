"""The strict reader of PSBT version 0 (BIP174): what a single-key segwit spend needs, and nothing else."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from custody.bitcoin.script import is_point
from custody.bitcoin.transaction import Transaction, TxOut, parse_output
from custody.bitcoin.transaction import parse as parse_transaction
from custody.codec.compact_size import Reader
from custody.errors import TransactionError

MAGIC = b"psbt\xff"
MAX_SIZE = 4_000_000
MAX_INPUTS = 1000
MAX_OUTPUTS = 1000
MAX_KEY = 128
MAX_VALUE = 400_000
MAX_PATH = 12
SIGHASH_ALL = 1

_UNSIGNED_TX, _XPUB, _VERSION = 0x00, 0x01, 0xFB
_NON_WITNESS_UTXO, _WITNESS_UTXO, _SIGHASH_TYPE, _INPUT_DERIVATION = 0x00, 0x01, 0x03, 0x06
_OUTPUT_DERIVATION = 0x02

# Key lengths, type byte included, of the records that are read (BIP174).
_GLOBAL_KEYS = {_UNSIGNED_TX: 1, _XPUB: 79, _VERSION: 1}
_INPUT_KEYS = {_NON_WITNESS_UTXO: 1, _WITNESS_UTXO: 1, _SIGHASH_TYPE: 1, _INPUT_DERIVATION: 34}
_OUTPUT_KEYS = {_OUTPUT_DERIVATION: 34}

# Records that exist and are refused by name (BIP174, BIP370, BIP371, BIP373).
_GLOBAL_REFUSED = dict.fromkeys(range(0x02, 0x07), "PSBT-V2-FIELD") | {0xFC: "PSBT-PROPRIETARY"}
_INPUT_REFUSED = (
    dict.fromkeys((0x02, 0x07, 0x08), "PSBT-SIGNED")
    | {0x04: "PSBT-REDEEM-SCRIPT", 0x05: "PSBT-WITNESS-SCRIPT", 0xFC: "PSBT-PROPRIETARY"}
    | dict.fromkeys(range(0x0E, 0x13), "PSBT-V2-FIELD")
    | dict.fromkeys(range(0x13, 0x19), "PSBT-TAPROOT")
    | dict.fromkeys(range(0x1A, 0x1D), "PSBT-MUSIG2")
)
_OUTPUT_REFUSED = (
    {0x00: "PSBT-REDEEM-SCRIPT", 0x01: "PSBT-WITNESS-SCRIPT", 0x08: "PSBT-MUSIG2", 0xFC: "PSBT-PROPRIETARY"}
    | dict.fromkeys((0x03, 0x04), "PSBT-V2-FIELD")
    | dict.fromkeys((0x05, 0x06, 0x07), "PSBT-TAPROOT")
)
_REFUSALS = {
    "PSBT-V2-FIELD": ("The PSBT holds a field of version 2.", "Export it as PSBT version 0."),
    "PSBT-PROPRIETARY": ("The PSBT holds a proprietary record.", "Export it without vendor fields."),
    "PSBT-SIGNED": ("The PSBT already holds a signature.", "Every device receives the same unsigned request."),
    "PSBT-REDEEM-SCRIPT": ("The PSBT holds a redeem script: nested and P2SH accounts are not served.", ""),
    "PSBT-WITNESS-SCRIPT": ("The PSBT holds a witness script: multisig and script accounts are not served.", ""),
    "PSBT-TAPROOT": ("The PSBT holds a taproot field: taproot accounts are not served.", ""),
    "PSBT-MUSIG2": ("The PSBT holds a MuSig2 field.", ""),
    "PSBT-UNKNOWN-KEY": ("The PSBT holds a record of a type that is not served.", "Export it without extra fields."),
}


@dataclass(frozen=True, slots=True)
class KeyOrigin:
    """A claim that ``key`` stands at ``path`` below the master key with ``fingerprint``. A hint, never evidence."""

    key: bytes
    fingerprint: bytes
    path: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PsbtInput:
    """What the PSBT brings for an input: the previous transaction, its output repeated, and key origins."""

    non_witness_utxo: Transaction | None
    witness_utxo: TxOut | None
    origins: tuple[KeyOrigin, ...]


@dataclass(frozen=True, slots=True)
class Psbt:
    """An unsigned transaction with what is claimed of it.

    ``inputs`` and ``output_origins`` stand in the order of the transaction's inputs and outputs; the keys of ``xpubs``
    are serialized extended public keys, 78 bytes (BIP32).
    """

    transaction: Transaction
    inputs: tuple[PsbtInput, ...]
    output_origins: tuple[tuple[KeyOrigin, ...], ...]
    xpubs: tuple[KeyOrigin, ...]


def parse(psbt: bytes) -> Psbt:
    """The PSBT that these bytes are, all of them. Base64 is not read here.

    Raises:
        TransactionError: PSBT-… and TX-… codes for every departure from docs/spec/bitcoin.md.
    """
    if len(psbt) > MAX_SIZE:
        raise TransactionError("PSBT-SIZE", f"The PSBT is longer than {MAX_SIZE:,} bytes.")
    if not psbt.startswith(MAGIC):
        raise TransactionError(
            "PSBT-MAGIC", "These bytes are no PSBT.", "A PSBT begins with 70736274ff; no base64 here."
        )
    reader = Reader(psbt)
    reader.take(len(MAGIC))
    transaction, xpubs = _parse_global(reader)
    previous = functools.cache(parse_transaction)
    inputs = tuple(_parse_input(reader, previous) for _ in transaction.inputs)
    output_origins = tuple(_parse_output(reader) for _ in transaction.outputs)
    if reader.left:
        raise TransactionError("PSBT-TRAILING", "Bytes follow the end of the PSBT.")
    return Psbt(transaction, inputs, output_origins, xpubs)


def _parse_global(reader: Reader) -> tuple[Transaction, tuple[KeyOrigin, ...]]:
    records = _read_map(reader, _GLOBAL_KEYS, _GLOBAL_REFUSED)
    version = records.get(bytes([_VERSION]), b"\x00\x00\x00\x00")
    if version != b"\x00\x00\x00\x00":
        raise TransactionError("PSBT-VERSION", "The PSBT is not of version 0.", "Export it as PSBT version 0.")
    if bytes([_UNSIGNED_TX]) not in records:
        raise TransactionError("PSBT-NO-TRANSACTION", "The PSBT holds no unsigned transaction.")
    transaction = parse_transaction(records[bytes([_UNSIGNED_TX])])
    _check_unsigned(transaction)
    return transaction, _origins(records, _XPUB)


def _check_unsigned(transaction: Transaction) -> None:
    # BIP174: scriptSigs and witnesses of the unsigned transaction are empty.
    if transaction.has_witness or any(tx_in.script_sig for tx_in in transaction.inputs):
        raise TransactionError("PSBT-SIGNED", *_REFUSALS["PSBT-SIGNED"])
    if len(transaction.inputs) > MAX_INPUTS or len(transaction.outputs) > MAX_OUTPUTS:
        raise TransactionError("PSBT-COUNT", f"More than {MAX_INPUTS:,} inputs or {MAX_OUTPUTS:,} outputs.")


def _parse_input(reader: Reader, previous: Callable[[bytes], Transaction]) -> PsbtInput:
    records = _read_map(reader, _INPUT_KEYS, _INPUT_REFUSED)
    sighash = records.get(bytes([_SIGHASH_TYPE]))
    if sighash is not None and sighash != SIGHASH_ALL.to_bytes(4, "little"):
        raise TransactionError(
            "PSBT-SIGHASH", "An input asks for a signature that does not cover the whole transaction."
        )
    full = records.get(bytes([_NON_WITNESS_UTXO]))
    repeated = records.get(bytes([_WITNESS_UTXO]))
    return PsbtInput(
        non_witness_utxo=None if full is None else previous(full),
        witness_utxo=None if repeated is None else _parse_witness_utxo(repeated),
        origins=_key_origins(records, _INPUT_DERIVATION),
    )


def _parse_output(reader: Reader) -> tuple[KeyOrigin, ...]:
    return _key_origins(_read_map(reader, _OUTPUT_KEYS, _OUTPUT_REFUSED), _OUTPUT_DERIVATION)


def _parse_witness_utxo(encoded: bytes) -> TxOut:
    reader = Reader(encoded)
    output = parse_output(reader)
    if reader.left:
        raise TransactionError("PSBT-VALUE", "Bytes follow a witness UTXO.")
    return output


def _read_map(reader: Reader, served: Mapping[int, int], refused: Mapping[int, str]) -> dict[bytes, bytes]:
    """The records up to the separator, each key once, each of a served type and of that type's length."""
    records: dict[bytes, bytes] = {}
    while key := reader.var_bytes(MAX_KEY):
        if key[0] not in served:
            code = refused.get(key[0], "PSBT-UNKNOWN-KEY")
            raise TransactionError(code, *_REFUSALS[code])
        if len(key) != served[key[0]]:
            raise TransactionError("PSBT-KEY-LENGTH", "A record's key has the wrong length.")
        if key in records:  # BIP174: keys are unique within a map
            raise TransactionError("PSBT-DUPLICATE-KEY", "The PSBT holds a record twice.")
        records[key] = reader.var_bytes(MAX_VALUE)
    return records


def _key_origins(records: Mapping[bytes, bytes], kind: int) -> tuple[KeyOrigin, ...]:
    origins = _origins(records, kind)
    if not all(is_point(origin.key) for origin in origins):
        raise TransactionError("PSBT-KEY", "The PSBT names a public key that is no point of the curve.")
    return origins


def _origins(records: Mapping[bytes, bytes], kind: int) -> tuple[KeyOrigin, ...]:
    return tuple(_parse_origin(key[1:], value) for key, value in records.items() if key[0] == kind)


def _parse_origin(key: bytes, value: bytes) -> KeyOrigin:
    if len(value) % 4 or not 4 <= len(value) <= 4 + 4 * MAX_PATH:
        raise TransactionError("PSBT-VALUE", f"A key path is not a fingerprint and at most {MAX_PATH} numbers.")
    path = tuple(int.from_bytes(value[start : start + 4], "little") for start in range(4, len(value), 4))
    return KeyOrigin(key, value[:4], path)
