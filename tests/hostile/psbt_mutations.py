"""Ways to bend a PSBT: its records, and the fields of its unsigned transaction."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

import psbts
from psbts import EVIL, TREASURY, Coin, Map, Payment

from custody.bitcoin import transaction as transaction_format
from custody.bitcoin.transaction import Transaction, TxOut
from custody.errors import CustodyError

AMOUNTS = (0, 1, 293, 294, 546, 59_999, 60_000, 60_001, 100_000, 21 * 10**14, 21 * 10**14 + 1, 2**63, 2**64 - 1)
SEQUENCES = (0, 1, 0x0040_0001, 0x8000_0000, 0xFFFF_FFFD, 0xFFFF_FFFE, 0xFFFF_FFFF)
OWN_CHANGE = frozenset(TREASURY.script_pubkey(1, index) for index in range(10))
SCRIPTS = (
    psbts.PAYEE,
    *(EVIL.script_pubkey(branch, index) for branch in (0, 1) for index in (1, 3)),
    *(TREASURY.script_pubkey(branch, index) for branch in (0, 1) for index in (0, 3, 4, 5_000)),
    b"\x76\xa9\x14" + bytes(range(20)) + b"\x88\xac",
    b"\xa9\x14" + bytes(range(20)) + b"\x87",
    b"\x00\x20" + bytes(range(32)),
    b"\x51\x20" + TREASURY.public_key(1, 3)[1:],
    *(b"", b"\x6a\x04evil", b"\x51", b"\x51\x02\x4e\x73", b"\x52\x20" + bytes(32), b"\x00\x15" + bytes(21)),
)


def bend_psbt(random: Random, message: bytes, other: bytes) -> bytes:
    """A record or a field of the transaction; a PSBT that cannot be taken apart comes back with a byte more."""
    try:
        maps, foreign = psbts.split(message), psbts.split(other)
        transaction = transaction_format.parse(psbts.value_of(maps[0], 0))
    except (CustodyError, IndexError, StopIteration):
        return message + b"\x00"
    if random.random() < 0.4:
        return psbts.serialize(bend_records(random, maps, foreign))
    bent = bend_transaction(random, transaction)
    psbts.put(maps[0], b"\x00", bent.serialize())
    maps[0].sort(key=lambda record: record[0] != b"\x00")
    return psbts.serialize(_fitted(random, maps, transaction, bent))


def _fitted(random: Random, maps: list[Map], before: Transaction, after: Transaction) -> list[Map]:
    """As many input and output maps as the bent transaction has, most of the time."""
    inputs, outputs = maps[1 : 1 + len(before.inputs)], maps[1 + len(before.inputs) :]
    if random.random() < 0.9:
        inputs = [inputs[place % len(inputs)] for place in range(len(after.inputs))] if inputs else []
        outputs = [outputs[place % len(outputs)] for place in range(len(after.outputs))] if outputs else []
    return [maps[0], *inputs, *outputs]


def bend_records(random: Random, maps: list[Map], foreign: list[Map]) -> list[Map]:
    """One record absent, twice, moved, bent, another's, or one that this reader must refuse; or two maps exchanged."""
    place, second = random.randrange(len(maps)), random.randrange(len(maps))
    records, donor = maps[place], random.choice(foreign)
    at = random.randrange(len(records)) if records else 0
    key, value = records[at] if records else (b"\x00", b"")
    spot = random.randint(0, len(value))
    edits: Sequence[Callable[[], object]] = (
        lambda: records.pop(at) if records else None,
        lambda: records.append((key, value)),
        lambda: records.insert(0, (key, value[::-1])),
        lambda: maps[second].append((key, value)),
        lambda: records.extend(donor),
        lambda: records.__setitem__(slice(at, at + 1), [(key, value[:spot] + random.randbytes(1) + value[spot + 1 :])]),
        lambda: records.__setitem__(slice(at, at + 1), [(key + b"\x00", value)]),
        lambda: records.__setitem__(slice(at, at + 1), [(bytes([random.randrange(256)]) + key[1:], value)]),
        lambda: records.append((bytes([random.randrange(256)]) + random.randbytes(random.choice((0, 33))), value)),
        lambda: records.append(_origin(random)),
        lambda: _claim(random, records),
        lambda: maps.__setitem__(place, maps[second]),
        lambda: maps.insert(second, list(donor)),
        lambda: maps.pop(),
        lambda: maps.append([]),
    )
    random.choice(edits)()
    return maps


def _origin(random: Random) -> tuple[bytes, bytes]:
    """A key origin, true or false, of ours or of another."""
    owner = random.choice((TREASURY, EVIL))
    branch, index = random.choice((0, 1, 2)), random.choice((0, 3, 4, 2_000, 1_000_000))
    key = TREASURY.public_key(min(branch, 1), index) if random.random() < 0.5 else EVIL.public_key(1, 3)
    return random.choice((b"\x02", b"\x06")) + key, psbts.key_path(owner.fingerprint, (*owner.path, branch, index))


def _claim(random: Random, records: Map) -> None:
    """A spent output that claims another amount or script (CVE-2020-14199)."""
    claimed = TxOut(random.choice((100_000, 1_000_000, 1)), random.choice(SCRIPTS[:6]))
    psbts.put(records, b"\x01", claimed.serialize())
    if random.random() < 0.5:
        records[:] = [record for record in records if record[0] != b"\x00"]


def bend_transaction(random: Random, transaction: Transaction) -> Transaction:
    """One field of the unsigned transaction."""
    inputs, outputs = list(transaction.inputs), list(transaction.outputs)
    place, at = random.randrange(len(outputs)), random.randrange(len(inputs))
    paid, spent = outputs[place], inputs[at]
    amount = random.choice((*AMOUNTS, paid.amount - 1, paid.amount + 1, paid.amount // 2, paid.amount + 1_000))
    outpoint = Coin(TREASURY, 0, random.randrange(3), 5).parent.txid
    likely: Sequence[Callable[[], object]] = (
        lambda: outputs.__setitem__(place, replace(paid, amount=max(amount, 0))),
        lambda: outputs.__setitem__(place, replace(paid, script_pubkey=random.choice(SCRIPTS))),
    )
    edits: Sequence[Callable[[], object]] = (
        *likely * 6,
        lambda: outputs.insert(place, TxOut(max(amount, 0), random.choice(SCRIPTS))),
        lambda: outputs.pop(place),
        lambda: outputs.reverse(),
        lambda: inputs.append(spent),
        lambda: inputs.pop(at),
        lambda: inputs.reverse(),
        lambda: inputs.__setitem__(at, replace(spent, vout=random.choice((0, 1, 2, 2**32 - 1)))),
        lambda: inputs.__setitem__(at, replace(spent, txid=outpoint)),
        lambda: inputs.__setitem__(at, replace(spent, sequence=random.choice(SEQUENCES))),
        lambda: inputs.__setitem__(at, replace(spent, script_sig=b"\x00")),
    )
    if random.random() < 0.05:
        return replace(transaction, version=random.choice((0, 1, 3, 2**32 - 1)))
    if random.random() < 0.05:
        return replace(transaction, locktime=random.choice((1, 499_999_999, 500_000_000, 2**32 - 1)))
    random.choice(edits)()
    return replace(transaction, inputs=tuple(inputs), outputs=tuple(outputs))


@functools.cache
def _many_inputs(size: int) -> bytes:
    return psbts.serialize(psbts.honest(min(size // 250, 1_100)))


@functools.cache
def _many_outputs(size: int) -> bytes:
    return psbts.serialize(psbts.build(psbts.coins(300), [Payment(psbts.PAYEE, 20_000)] * min(size // 40, 1_400)))


@functools.cache
def _many_origins(size: int) -> bytes:
    maps = psbts.honest()
    point = TREASURY.public_key(0, 0)
    maps[1] += [(b"\x06" + point[:29] + number.to_bytes(4, "big"), b"evil") for number in range(size // 40)]
    return psbts.serialize(maps)


@functools.cache
def _large_parent(size: int) -> bytes:
    maps = psbts.honest(3)
    parent = psbts.coins(1)[0].parent
    grown = replace(parent, outputs=(*parent.outputs, *[TxOut(1, b"\x51")] * (min(size, 390_000) // 10)))
    for records in maps[1:3]:
        psbts.put(records, b"\x00", grown.serialize())
    return psbts.serialize(maps)


LURES: tuple[Callable[[int], bytes], ...] = (_many_inputs, _many_outputs, _many_origins, _large_parent)
