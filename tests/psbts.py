"""PSBTs made by hand: honest ones to start from, and the means to bend them record by record."""

from collections.abc import Sequence
from dataclasses import dataclass

from custody.bitcoin.account import Account, descriptor_from_seed
from custody.bitcoin.transaction import Transaction, TxIn, TxOut
from custody.chains import REGTEST, Chain
from custody.codec.compact_size import Reader, var_bytes

# BIP39 seed of "abandon" eleven times and "about", and of "zoo" eleven times and "wrong", without passphrase.
SEED = bytes.fromhex(
    "5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc1"
    "9a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4"
)
EVIL_SEED = bytes.fromhex(
    "b6a6d8921942dd9806607ebc2750416b289adea669198769f2e15ed926c3aa92"
    "bf88ece232317b4ea463e84b0fcd3b53577812ee449ccc448eb45e6f544e25b6"
)

MAGIC = b"psbt\xff"
Record = tuple[bytes, bytes]
Map = list[Record]


def account(seed: bytes = SEED, chain: Chain = REGTEST, name: str = "treasury") -> Account:
    """Account 0 of a seed."""
    return Account.parse(name, chain, descriptor_from_seed(seed, chain, 0))


@dataclass(frozen=True)
class Coin:
    """A coin of the account, with the whole transaction that made it."""

    owner: Account
    branch: int
    index: int
    amount: int

    @property
    def script(self) -> bytes:
        return self.owner.script_pubkey(self.branch, self.index)

    @property
    def parent(self) -> Transaction:
        unique = bytes([self.branch]) + self.index.to_bytes(4, "little") + self.amount.to_bytes(8, "little")
        elsewhere = TxIn(unique.ljust(32, b"\x07"), 0, 0xFFFFFFFF, witness=(b"\x01\x02", b"\x03"))
        return Transaction(2, (elsewhere,), (TxOut(7_000, b"\x51"), TxOut(self.amount, self.script)), 0)


@dataclass(frozen=True)
class Payment:
    """An output to anybody."""

    script: bytes
    amount: int
    records: tuple[Record, ...] = ()


def change(owner: Account, index: int, amount: int, branch: int = 1) -> Payment:
    """An output to the account itself, with its origin."""
    records = (origin(b"\x02", owner, branch, index),)
    return Payment(owner.script_pubkey(branch, index), amount, records)


def origin(kind: bytes, owner: Account, branch: int, index: int) -> Record:
    """A bip32_derivation record."""
    return kind + owner.public_key(branch, index), key_path(owner.fingerprint, (*owner.path, branch, index))


def key_path(fingerprint: bytes, path: Sequence[int]) -> bytes:
    """The value of a bip32_derivation record."""
    return fingerprint + b"".join(number.to_bytes(4, "little") for number in path)


EVIL = account(EVIL_SEED, name="evil")
TREASURY = account()
PAYEE = EVIL.script_pubkey(0, 0)


def coins(count: int) -> list[Coin]:
    """Coins on the receive branch, 100,000 satoshi and a little more each."""
    return [Coin(TREASURY, 0, index, 100_000 + index) for index in range(count)]


def build(
    spent: Sequence[Coin],
    paid: Sequence[Payment],
    *,
    version: int = 2,
    locktime: int = 0,
    sequences: Sequence[int] = (),
    witness_utxo: bool = True,
) -> list[Map]:
    """The maps of a PSBT: one global, then one for each input, then one for each output."""
    numbers = sequences or [0xFFFFFFFD] * len(spent)
    inputs = tuple(TxIn(coin.parent.txid, 1, number) for coin, number in zip(spent, numbers, strict=True))
    outputs = tuple(TxOut(payment.amount, payment.script) for payment in paid)
    maps: list[Map] = [[(b"\x00", Transaction(version, inputs, outputs, locktime).serialize())]]
    for coin in spent:
        records: Map = [(b"\x00", coin.parent.serialize())]
        if witness_utxo:
            records.append((b"\x01", TxOut(coin.amount, coin.script).serialize()))
        maps.append([*records, origin(b"\x06", coin.owner, coin.branch, coin.index)])
    return [*maps, *(list(payment.records) for payment in paid)]


def honest(count: int = 2) -> list[Map]:
    """``count`` coins pay 60,000 to the payee, the rest but 1,000 returns as change."""
    spent = coins(count)
    rest = sum(coin.amount for coin in spent) - 61_000
    return build(spent, [Payment(PAYEE, 60_000), change(TREASURY, 3, rest)])


def serialize(maps: Sequence[Map]) -> bytes:
    """A PSBT from its maps."""
    return MAGIC + b"".join(
        b"".join(var_bytes(key) + var_bytes(value) for key, value in records) + b"\x00" for records in maps
    )


def split(psbt: bytes) -> list[Map]:
    """The maps of a PSBT, whatever they hold."""
    reader = Reader(psbt[len(MAGIC) :])
    maps: list[Map] = []
    while reader.left:
        records: Map = []
        while key := reader.var_bytes(10_000):
            records.append((key, reader.var_bytes(4_000_000)))
        maps.append(records)
    return maps


def put(records: Map, key: bytes, value: bytes) -> None:
    """Set a record, in place of the one with that key if there is one."""
    records[:] = [record for record in records if record[0] != key] + [(key, value)]


def value_of(records: Map, kind: int) -> bytes:
    """The value of the first record of a type."""
    return next(value for key, value in records if key[0] == kind)


def lengths(psbt: bytes) -> list[int]:
    """The positions of all lengths, separators included."""
    reader = Reader(psbt)
    reader.take(len(MAGIC))
    found = []
    while reader.left:
        found.append(reader.position)
        if reader.var_bytes(10_000):
            found.append(reader.position)
            reader.var_bytes(4_000_000)
    return found


def stretched(size: int) -> bytes:
    """A CompactSize in a longer form than it needs."""
    return b"\xfd" + size.to_bytes(2, "little") if size < 0xFD else b"\xfe" + size.to_bytes(4, "little")
