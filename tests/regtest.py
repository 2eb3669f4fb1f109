"""A private Bitcoin network inside libbitcoinkernel: real consensus rules, blocks mined here, no node, no socket.

The kernel has two habits that a test must know. A script that does not hold makes `verify` answer 0, without an
exception; and a block with a bad transaction may be taken in without becoming the tip. So `verify` here answers a
bool, and `mine` says whether the tip moved to the new block.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import bdkpython as bdk
import pbk
from pbk.script import PrecomputedTransactionData

ANYONE = b"\x51"
SUBSIDY = 50 * 100_000_000
MATURITY = 100

_SPACING = 600
_BITS = 0x207FFFFF
_TARGET = 0x7FFFFF << 8 * (0x20 - 3)


class Regtest:
    """A fresh chain under ``folder``; its coinbases pay ``ANYONE`` unless told otherwise.

    Attributes:
        coinbases: raw coinbase transactions that paid ANYONE and are not spent yet, oldest first, with their height.
    """

    def __init__(self, folder: Path) -> None:
        options = pbk.ContextOptions()
        options.set_chainparams(pbk.ChainParameters(pbk.ChainType.REGTEST))
        state = pbk.ChainstateManagerOptions(pbk.Context(options), str(folder / "state"), str(folder / "blocks"))
        state.update_block_tree_db_in_memory(True)
        state.update_chainstate_db_in_memory(True)
        self._chainstate = pbk.ChainstateManager(state)
        self.coinbases: list[tuple[int, bytes]] = []

    @property
    def height(self) -> int:
        """Height of the tip; 0 is the genesis block."""
        return int(self._chainstate.get_active_chain().height)

    @property
    def tip(self) -> bytes:
        """Hash of the tip, in wire order."""
        return bytes(self._chainstate.get_active_chain().block_tree_entries[self.height].block_hash)

    @property
    def _moment(self) -> int:
        """Unix time in the header of the tip."""
        tip = self._chainstate.get_active_chain().block_tree_entries[self.height]
        return int(tip.block_header.timestamp.timestamp())

    def submit(self, block: bytes) -> bool:
        """Offer a serialized block; True when it became the tip."""
        try:
            self._chainstate.process_block(pbk.Block(block))
        except pbk.ProcessBlockException:
            return False
        return self.tip == sha256d(block[:80])

    def mine(self, transactions: Sequence[bytes] = (), script: bytes = ANYONE) -> bool:
        """Mine a block that holds ``transactions``, its reward paid to ``script``; True when it became the tip."""
        height = self.height + 1
        coinbase = _coinbase(height, script, transactions)
        accepted = self.submit(_block(self.tip, self._moment + _SPACING, [coinbase, *transactions]))
        if accepted and script == ANYONE:
            self.coinbases.append((height, coinbase))
        return accepted

    def mine_many(self, count: int, script: bytes = ANYONE) -> None:
        """Mine ``count`` empty blocks."""
        for _ in range(count):
            assert self.mine(script=script), "an empty block was refused"

    def fund(self, outputs: Sequence[tuple[bytes, int]]) -> bytes:
        """Mine one transaction that pays each (script, satoshi) of ``outputs`` from a ripe coinbase; its raw bytes."""
        if not self.coinbases or self.coinbases[0][0] + MATURITY > self.height + 1:
            self.mine_many(MATURITY + 1 if not self.coinbases else self.coinbases[0][0] + MATURITY - self.height - 1)
        _, coinbase = self.coinbases.pop(0)
        change = SUBSIDY - sum(amount for _, amount in outputs)
        raw = _legacy([(txid(coinbase), 0)], [*outputs, (ANYONE, change)])
        assert self.mine([raw]), "the funding transaction was refused"
        return raw


def verify(raw: bytes, spent: Sequence[tuple[bytes, int]]) -> bool:
    """Whether every input of ``raw`` satisfies the (script, satoshi) of the output that it spends, by consensus."""
    transaction = pbk.Transaction(raw)
    outputs = [pbk.TransactionOutput(pbk.ScriptPubkey(script), amount) for script, amount in spent]
    precomputed = PrecomputedTransactionData(transaction, outputs)
    flags = pbk.ScriptVerificationFlags.ALL
    return all(
        bool(pbk.ScriptPubkey(script).verify(amount, transaction, precomputed, position, flags))
        for position, (script, amount) in enumerate(spent)
    )


def build_withdrawal(
    descriptor: str, previous: Iterable[bytes], recipients: Sequence[tuple[bytes, int]], feerate: int = 5
) -> bytes:
    """An unsigned PSBT by bdk, as binary: all coins of ``descriptor`` in ``previous`` pay ``recipients``, rest change.

    Args:
        descriptor: with ``<0;1>``, public keys only.
        previous: raw transactions that pay the account.
        recipients: (script, satoshi).
        feerate: satoshi per vbyte.
    """
    wallet = watch_wallet(descriptor, previous)
    builder = bdk.TxBuilder().fee_rate(bdk.FeeRate.from_sat_per_vb(feerate)).manually_selected_only()
    builder = builder.add_utxos([output.outpoint for output in wallet.list_unspent()])
    for script, amount in recipients:
        builder = builder.add_recipient(bdk.Script(script), bdk.Amount.from_sat(amount))
    return base64.b64decode(builder.finish(wallet).serialize())


def watch_wallet(descriptor: str, previous: Iterable[bytes], addresses: int = 1000) -> bdk.Wallet:
    """A watch-only bdk wallet on regtest that has seen ``previous``."""
    wallet = bdk.Wallet.create_from_two_path_descriptor(
        bdk.Descriptor(descriptor, bdk.NetworkKind.TEST), bdk.Network.REGTEST, bdk.Persister.new_in_memory()
    )
    wallet.reveal_addresses_to(bdk.KeychainKind.EXTERNAL, addresses)
    wallet.apply_unconfirmed_txs([bdk.UnconfirmedTx(tx=bdk.Transaction(raw), last_seen=1) for raw in previous])
    return wallet


def txid(raw: bytes) -> bytes:
    """The txid in wire order, computed by the kernel."""
    return bytes(pbk.Transaction(raw).txid)


def sha256d(preimage: bytes) -> bytes:
    """SHA-256 twice."""
    return hashlib.sha256(hashlib.sha256(preimage).digest()).digest()


def _legacy(inputs: Sequence[tuple[bytes, int]], outputs: Sequence[tuple[bytes, int]], unlock: bytes = b"") -> bytes:
    ins = b"".join(outpoint + vout.to_bytes(4, "little") + _sized(unlock) + b"\xff" * 4 for outpoint, vout in inputs)
    outs = b"".join(amount.to_bytes(8, "little") + _sized(script) for script, amount in outputs)
    return b"\x02\0\0\0" + _size(len(inputs)) + ins + _size(len(outputs)) + outs + bytes(4)


def _coinbase(height: int, script: bytes, transactions: Sequence[bytes]) -> bytes:
    # BIP34: the height, pushed first; BIP141: a commitment to the witnesses, with 32 zero bytes in the coinbase's own.
    pushed = height.to_bytes(height.bit_length() // 8 + 1, "little")
    number = bytes([0x50 + height]) if height <= 16 else bytes([len(pushed)]) + pushed
    root = _merkle([bytes(32)] + [sha256d(raw) for raw in transactions])
    commitment = b"\x6a\x24\xaa\x21\xa9\xed" + sha256d(root + bytes(32))
    outputs = [(script, SUBSIDY >> height // 150), (commitment, 0)]
    bare = _legacy([(bytes(32), 0xFFFFFFFF)], outputs, unlock=number + b"\x00")
    return bare[:4] + b"\x00\x01" + bare[4:-4] + b"\x01\x20" + bytes(32) + bare[-4:]


def _block(previous: bytes, moment: int, transactions: Sequence[bytes]) -> bytes:
    root = _merkle([txid(raw) for raw in transactions])
    numbers = moment.to_bytes(4, "little") + _BITS.to_bytes(4, "little")
    start = (0x2000_0000).to_bytes(4, "little") + previous + root + numbers
    nonce = 0
    while int.from_bytes(sha256d(start + nonce.to_bytes(4, "little")), "little") > _TARGET:
        nonce += 1
    return start + nonce.to_bytes(4, "little") + _size(len(transactions)) + b"".join(transactions)


def _merkle(hashes: list[bytes]) -> bytes:
    while len(hashes) > 1:
        padded = hashes + hashes[-1:] * (len(hashes) % 2)
        hashes = [sha256d(left + right) for left, right in zip(padded[::2], padded[1::2], strict=True)]
    return hashes[0]


def _size(count: int) -> bytes:
    return bytes([count]) if count < 0xFD else b"\xfd" + count.to_bytes(2, "little")


def _sized(content: bytes) -> bytes:
    return _size(len(content)) + content
