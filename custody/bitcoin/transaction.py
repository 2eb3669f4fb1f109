"""Bitcoin transactions, read strictly from bytes and written back to the same bytes (BIP144)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from custody.codec.compact_size import Reader, encode, var_bytes
from custody.errors import TransactionError

MAX_MONEY = 2_100_000_000_000_000
MAX_SIZE = 400_000
WITNESS_SCALE = 4

_SMALLEST_INPUT = 41
_SMALLEST_OUTPUT = 9


def sha256d(preimage: bytes) -> bytes:
    """SHA-256 twice, Bitcoin's hash."""
    return hashlib.sha256(hashlib.sha256(preimage).digest()).digest()


@dataclass(frozen=True, slots=True)
class TxIn:
    """An input: the outpoint it consumes (``txid`` in wire order), its sequence, and what unlocks it."""

    txid: bytes
    vout: int
    sequence: int
    script_sig: bytes = b""
    witness: tuple[bytes, ...] = ()

    @property
    def outpoint(self) -> bytes:
        """The outpoint as it is hashed, 36 bytes."""
        return self.txid + self.vout.to_bytes(4, "little")

    @property
    def reference(self) -> str:
        """The outpoint as people write it: ``txid:vout``."""
        return f"{self.txid[::-1].hex()}:{self.vout}"

    def serialize(self) -> bytes:
        """The input without its witness."""
        return self.outpoint + var_bytes(self.script_sig) + self.sequence.to_bytes(4, "little")


@dataclass(frozen=True, slots=True)
class TxOut:
    """An output: ``amount`` in satoshi, at most 21 million coins, and the script that locks it."""

    amount: int
    script_pubkey: bytes

    def serialize(self) -> bytes:
        """Amount, length, script."""
        return self.amount.to_bytes(8, "little") + var_bytes(self.script_pubkey)


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction with at least one input and one output; ``version`` is kept as an unsigned number."""

    version: int
    inputs: tuple[TxIn, ...]
    outputs: tuple[TxOut, ...]
    locktime: int

    @property
    def has_witness(self) -> bool:
        """Whether any input carries a witness."""
        return any(tx_in.witness for tx_in in self.inputs)

    def serialize(self) -> bytes:
        """The network encoding: extended when there is a witness, else the old one (BIP144)."""
        return b"".join(self._fields(witness=self.has_witness))

    def serialize_stripped(self) -> bytes:
        """The encoding without witnesses, whose hash is the txid."""
        return b"".join(self._fields(witness=False))

    @property
    def txid(self) -> bytes:
        """Hash of the encoding without witnesses, in wire order."""
        return sha256d(self.serialize_stripped())

    @property
    def txid_text(self) -> str:
        """The txid as people and explorers write it."""
        return self.txid[::-1].hex()

    def _fields(self, *, witness: bool) -> Iterator[bytes]:
        yield self.version.to_bytes(4, "little")
        if witness:
            yield b"\x00\x01"
        yield encode(len(self.inputs))
        yield from (tx_in.serialize() for tx_in in self.inputs)
        yield encode(len(self.outputs))
        yield from (tx_out.serialize() for tx_out in self.outputs)
        if witness:
            for tx_in in self.inputs:
                yield encode(len(tx_in.witness))
                yield from (var_bytes(item) for item in tx_in.witness)
        yield self.locktime.to_bytes(4, "little")


def parse(encoded: bytes) -> Transaction:
    """The transaction that these bytes are, all of them.

    Raises:
        TransactionError: TX-SIZE, TX-TRUNCATED, TX-TRAILING, TX-NOT-MINIMAL, TX-SEGWIT-FLAG, TX-WITNESS-EMPTY,
            TX-NO-INPUTS, TX-NO-OUTPUTS, TX-AMOUNT.
    """
    if len(encoded) > MAX_SIZE:
        raise TransactionError("TX-SIZE", f"A transaction is longer than {MAX_SIZE:,} bytes.")
    extended = encoded[4:5] == b"\x00"
    reader = Reader(encoded)
    version = reader.uint(4)
    # BIP144: marker 00, flag 01. A transaction without inputs looks like a marker and is refused as one.
    if extended and reader.take(2) != b"\x00\x01":
        raise TransactionError("TX-SEGWIT-FLAG", "A transaction has no inputs, or a segwit flag other than 01.")
    inputs = [_parse_input(reader) for _ in range(_count(reader, _SMALLEST_INPUT))]
    if not inputs:
        raise TransactionError("TX-NO-INPUTS", "A transaction has no inputs.")
    outputs = tuple(parse_output(reader) for _ in range(_count(reader, _SMALLEST_OUTPUT)))
    if not outputs:
        raise TransactionError("TX-NO-OUTPUTS", "A transaction has no outputs.")
    if extended:
        inputs = _parse_witnesses(reader, inputs)
    transaction = Transaction(version, tuple(inputs), outputs, reader.uint(4))
    if reader.left:
        raise TransactionError("TX-TRAILING", "Bytes follow the end of a transaction.")
    return transaction


def parse_output(reader: Reader) -> TxOut:
    """The output at the cursor.

    Raises:
        TransactionError: TX-TRUNCATED, TX-NOT-MINIMAL, TX-LIMIT, TX-AMOUNT.
    """
    amount = reader.uint(8)
    check_amount(amount)
    return TxOut(amount, reader.var_bytes(MAX_SIZE))


def check_amount(amount: int) -> None:
    """Refuse more than 21 million coins, in one output or in a sum.

    Raises:
        TransactionError: TX-AMOUNT.
    """
    if amount > MAX_MONEY:
        raise TransactionError("TX-AMOUNT", "An amount, or a sum of amounts, is more than 21 million coins.")


def _count(reader: Reader, smallest: int) -> int:
    count = reader.compact_size()
    if count * smallest > reader.left:
        raise TransactionError("TX-TRUNCATED", "A transaction claims more parts than it has bytes for.")
    return count


def _parse_input(reader: Reader) -> TxIn:
    txid, vout = reader.take(32), reader.uint(4)
    script_sig = reader.var_bytes(MAX_SIZE)
    return TxIn(txid, vout, reader.uint(4), script_sig)


def _parse_witnesses(reader: Reader, inputs: list[TxIn]) -> list[TxIn]:
    witnesses = [tuple(reader.var_bytes(MAX_SIZE) for _ in range(_count(reader, 1))) for _ in inputs]
    if not any(witnesses):
        raise TransactionError("TX-WITNESS-EMPTY", "A transaction is marked as segwit but carries no witness.")
    return [
        TxIn(tx_in.txid, tx_in.vout, tx_in.sequence, tx_in.script_sig, witness)
        for tx_in, witness in zip(inputs, witnesses, strict=True)
    ]
