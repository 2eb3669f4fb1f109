"""Review and sign beside bdkpython, and beside the floor: the same libsecp256k1 calls alone, in the same run.

Floor of one input: one public and one private BIP32 child, a low-R signature by each of the two signers, one
verification. ``review + sign`` is one process: the PSBT is proved once. ``ceremony`` is both: one process reviews and
later checks the signatures, the one that holds the key reviews for itself and signs. bdkpython reads, signs and writes;
it does not review and signs once.

    python benchmarks/sign.py
"""

import base64
import sys
import time
from collections.abc import Callable
from pathlib import Path

import bdkpython as bdk

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from psbts import PAYEE, SEED, TREASURY, Payment, build, change, coins, serialize

from custody.bitcoin import first_signer, second_signer
from custody.bitcoin.review import prove, review
from custody.bitcoin.sighash import p2wpkh_digests
from custody.bitcoin.signing import check_signatures, sign
from custody.keys import derivation
from custody.signatures import Signature

SIZES = (1, 10, 100, 500)
ROUNDS = 5


def best(work: Callable[[], object]) -> float:
    """Seconds of the fastest of some rounds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def withdrawal(count: int) -> bytes:
    """A PSBT with ``count`` inputs, each with its own previous transaction."""
    spent = coins(count)
    rest = sum(coin.amount for coin in spent) - 60_000 - 200 * count
    return serialize(build(spent, [Payment(PAYEE, 60_000), change(TREASURY, 0, rest)]))


def floor(psbt: bytes) -> float:
    """Seconds of the libsecp256k1 calls that the work cannot do without."""
    proof = prove(psbt, TREASURY)
    digests = p2wpkh_digests(proof.transaction, [(own.script_pubkey, own.amount) for own in proof.inputs])
    public = derivation.public_child(derivation.decode_xpub(TREASURY.xpub, TREASURY.chain.xpub, 3, TREASURY.path[2]), 0)
    root = derivation.root(SEED, TREASURY.chain.xpub)
    private = derivation.private_child(root, *TREASURY.path, 0)

    def calls() -> None:
        for own, digest in zip(proof.inputs, digests, strict=True):
            derivation.public_child(public, own.index)
            secret = derivation.secret(derivation.private_leaf(private, own.index))
            der = first_signer.sign_low_r(secret, digest)
            second_signer.sign_low_r(secret, digest)
            second_signer.verify(own.public_key, digest, der)

    return best(calls)


def peer(psbt: bytes, count: int) -> float:
    """Seconds of bdkpython to read, sign with low R, and write, its wallet already open."""
    secret = bdk.DescriptorSecretKey(bdk.NetworkKind.TEST, bdk.Mnemonic.from_string("abandon " * 11 + "about"), None)
    wallet = bdk.Wallet(
        bdk.Descriptor.new_bip84(secret, bdk.KeychainKind.EXTERNAL, bdk.NetworkKind.TEST),
        bdk.Descriptor.new_bip84(secret, bdk.KeychainKind.INTERNAL, bdk.NetworkKind.TEST),
        bdk.Network.REGTEST,
        bdk.Persister.new_in_memory(),
    )
    wallet.reveal_addresses_to(bdk.KeychainKind.EXTERNAL, count)
    parents = [bdk.Transaction(coin.parent.serialize()) for coin in coins(count)]
    wallet.apply_unconfirmed_txs([bdk.UnconfirmedTx(tx=parent, last_seen=1) for parent in parents])
    options = bdk.SignOptions(
        trust_witness_utxo=False,
        assume_height=None,
        allow_all_sighashes=False,
        try_finalize=False,
        sign_with_tap_internal_key=False,
        allow_grinding=True,
    )
    text = base64.b64encode(psbt).decode()

    def work() -> str:
        parsed = bdk.Psbt(text)
        wallet.sign(parsed, options)
        return str(parsed.serialize())

    if not bdk.Psbt(work()).finalize().could_finalize:
        raise SystemExit("bdkpython did not sign every input")
    return best(work)


def reviewed(psbt: bytes) -> None:
    """A review by a process that has not seen the PSBT."""
    prove.cache_clear()
    review(psbt, TREASURY)


def key_process(psbt: bytes) -> tuple[Signature, ...]:
    """What the process that holds the key does."""
    reviewed(psbt)
    return sign(psbt, TREASURY, SEED)


def ceremony(psbt: bytes) -> None:
    """Both processes one after the other; the first one still knows its review when the signatures come."""
    reviewed(psbt)
    signatures = key_process(psbt)
    check_signatures(psbt, TREASURY, signatures)


def main() -> None:
    """Print the table."""
    print("microseconds per input        (x floor)")
    print(f"{'inputs':>6} {'floor':>7} {'review':>14} {'review + sign':>16} {'ceremony':>14} {'bdkpython':>16}")
    for count in SIZES:
        psbt = withdrawal(count)
        times = [
            floor(psbt),
            best(lambda psbt=psbt: reviewed(psbt)),
            best(lambda psbt=psbt: key_process(psbt)),
            best(lambda psbt=psbt: ceremony(psbt)),
            peer(psbt, count),
        ]
        cells = [f"{seconds / count * 1e6:6.0f} ({seconds / times[0]:5.2f})" for seconds in times[1:]]
        print(f"{count:6} {times[0] / count * 1e6:7.0f} " + " ".join(f"{cell:>15}" for cell in cells))


if __name__ == "__main__":
    main()
