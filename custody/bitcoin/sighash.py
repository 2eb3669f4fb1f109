"""What a segwit version 0 signature signs (BIP143), for SIGHASH_ALL."""

from collections.abc import Sequence

from custody.bitcoin.transaction import Transaction, sha256d

_SIGHASH_ALL = (1).to_bytes(4, "little")


def p2wpkh_digests(transaction: Transaction, spent: Sequence[tuple[bytes, int]]) -> list[bytes]:
    """The digest of each input, given (P2WPKH script, amount in satoshi) of the output that it spends."""
    prevouts = sha256d(b"".join(tx_in.outpoint for tx_in in transaction.inputs))
    sequences = sha256d(b"".join(tx_in.sequence.to_bytes(4, "little") for tx_in in transaction.inputs))
    outputs = sha256d(b"".join(tx_out.serialize() for tx_out in transaction.outputs))
    head = transaction.version.to_bytes(4, "little") + prevouts + sequences
    tail = outputs + transaction.locktime.to_bytes(4, "little") + _SIGHASH_ALL
    return [
        sha256d(
            head
            + tx_in.outpoint
            + b"\x19\x76\xa9"  # BIP143: the script code of P2WPKH is its P2PKH script
            + script[1:]
            + b"\x88\xac"
            + amount.to_bytes(8, "little")
            + tx_in.sequence.to_bytes(4, "little")
            + tail
        )
        for tx_in, (script, amount) in zip(transaction.inputs, spent, strict=True)
    ]
