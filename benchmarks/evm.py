"""Review and sign one EVM transaction beside eth-account, in one run.

``sign`` proves the transaction anew, derives the key from the seed, signs with two libraries and recovers the key from
the signature; ``review + sign`` is what a ceremony does, with the review made twice. eth-account signs once and reviews
nothing: with the key at hand, and with the key derived from the same seed.

    python benchmarks/evm.py
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from ethereum_peers import eth_account, load
from evm import COIN_PAYMENT, TOKEN_PAYMENT, TOKENS, TREASURY
from psbts import SEED

from custody.evm.review import review
from custody.evm.signing import finalize, sign
from custody.evm.transaction import Eip1559

ROUNDS, CALLS = 7, 40


def best(work: Callable[[], object]) -> float:
    """Seconds of one call, in the fastest of some rounds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(CALLS):
            work()
        times.append((time.perf_counter() - start) / CALLS)
    return min(times)


def described(transaction: Eip1559) -> dict[str, object]:
    """The transaction as eth-account takes it."""
    return {
        "type": 2,
        "chainId": transaction.chain_number,
        "nonce": transaction.nonce,
        "maxPriorityFeePerGas": transaction.max_priority_fee_per_gas,
        "maxFeePerGas": transaction.max_fee_per_gas,
        "gas": transaction.gas,
        "to": transaction.to,
        "value": transaction.value,
        "data": transaction.calldata,
    }


def row(name: str, transaction: Eip1559, index: int) -> None:
    """One line of the table, once both sides have made the same raw transaction."""
    sender, unsigned, fields = TREASURY.address(index), transaction.serialize(), described(transaction)
    derive, path = load("eth_account.hdaccount").key_from_seed, f"m/44'/60'/0'/0/{index}"
    key, signed_by_peer = derive(SEED, path), eth_account.Account.sign_transaction
    _, raw = finalize(unsigned, TREASURY, sender, sign(unsigned, TREASURY, sender, SEED))
    if raw != bytes(signed_by_peer(fields, key).raw_transaction):
        raise SystemExit("the two sides disagree")

    def ceremony() -> None:
        review(unsigned, TREASURY, sender, TOKENS)
        review(unsigned, TREASURY, sender, TOKENS)
        sign(unsigned, TREASURY, sender, SEED)

    peer = best(lambda: signed_by_peer(fields, key))
    times = (
        best(lambda: review(unsigned, TREASURY, sender, TOKENS)),
        best(lambda: sign(unsigned, TREASURY, sender, SEED)),
        best(ceremony),
        best(lambda: signed_by_peer(fields, derive(SEED, path))),
    )
    print(f"{name:24} {peer * 1e6:8.0f} " + " ".join(f"{one * 1e6:8.0f} ({one / peer:4.2f})" for one in times))


def main() -> None:
    """Print the table."""
    backend = load("eth_keys").KeyAPI().backend
    print(f"microseconds per transaction (x eth-account, key at hand; its curve: {type(backend).__name__})")
    columns = ("review", "sign", "review x2 + sign", "eth-account + seed")
    print(f"{'':24} {'peer':>8} " + " ".join(f"{column:>15}" for column in columns))
    row("coins", COIN_PAYMENT, 0)
    row("tokens", TOKEN_PAYMENT, 0)
    row("tokens, from address 19", TOKEN_PAYMENT, 19)


if __name__ == "__main__":
    main()
