"""Locktime, relative locks and replaceability, told as plain sentences."""

from collections.abc import Iterator
from datetime import UTC, datetime

from custody.bitcoin.transaction import Transaction

FINAL = 0xFFFF_FFFF

_LOCKTIME_THRESHOLD = 500_000_000
_REPLACEABLE = 0xFFFF_FFFD
_RELATIVE_DISABLED = 1 << 31
_RELATIVE_TIME = 1 << 22
_RELATIVE_MASK = 0xFFFF
_RELATIVE_GRANULARITY = 512


def lock_notes(transaction: Transaction) -> tuple[str, ...]:
    """What keeps the transaction waiting once it is signed, and whether it can be replaced."""
    return (*_locktime(transaction), *_relative(transaction), *_replaceable(transaction))


def _locktime(transaction: Transaction) -> Iterator[str]:
    locktime = transaction.locktime
    if not locktime:
        return
    if all(tx_in.sequence == FINAL for tx_in in transaction.inputs):
        yield f"Locktime {locktime} has no effect: every input is final."
    elif locktime < _LOCKTIME_THRESHOLD:
        yield f"It can be mined from block {locktime + 1} on (locktime)."
    else:
        moment = datetime.fromtimestamp(locktime, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        yield f"It can be mined after {moment} (locktime)."


def _relative(transaction: Transaction) -> Iterator[str]:
    # BIP68: from version 2 on, unless bit 31 is set; bit 22 chooses units of 512 seconds instead of blocks.
    locks = [tx_in.sequence for tx_in in transaction.inputs if not tx_in.sequence & _RELATIVE_DISABLED]
    if not locks:
        return
    if transaction.version < 2:
        yield "Relative locks have no effect: the transaction is of version 1."
        return
    blocks = max((lock & _RELATIVE_MASK for lock in locks if not lock & _RELATIVE_TIME), default=0)
    if blocks:
        yield f"It must wait until a coin that it spends is {blocks} blocks old (relative lock)."
    seconds = max((lock & _RELATIVE_MASK for lock in locks if lock & _RELATIVE_TIME), default=0) * _RELATIVE_GRANULARITY
    if seconds:
        yield f"It must wait until a coin that it spends is {seconds} seconds old (relative lock)."


def _replaceable(transaction: Transaction) -> Iterator[str]:
    # BIP125: any sequence of fffffffd or less signals.
    if any(tx_in.sequence <= _REPLACEABLE for tx_in in transaction.inputs):
        yield "It signals that it may be replaced before it is mined (BIP125)."
