"""The facts of a transaction: what policy, people and the log see, in one shape for every chain.

A `Review` holds what was proved from the transaction's bytes and the registered account, never what a request says
of itself. Each chain's room makes it (`custody.bitcoin.review`).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from custody.amounts import Asset
from custody.codec import canonical_json
from custody.codec.canonical_json import Json


class Role(StrEnum):
    """Whose an output is, proved by derivation: somebody else's, this account's change, another account of ours."""

    PAYMENT = "payment"
    CHANGE = "change"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Spend:
    """What is used up: ``reference`` names it (Bitcoin ``txid:vout``; EVM the CAIP-10 sender and ``:nonce``).

    ``amount`` is proved, in base units; a nonce has none.
    """

    reference: str
    amount: int


@dataclass(frozen=True, slots=True)
class Output:
    """An output at its position in the transaction: full ``address``, ``amount`` in base units of ``asset``.

    ``owner`` is the own account that the address was derived from, as the policy names it; empty for other roles.
    """

    index: int
    address: str
    amount: int
    asset: Asset
    role: Role
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """What a transaction does.

    Attributes:
        chain_id: CAIP-2.
        account: name of the registered account that pays.
        kind: ``psbt``.
        transaction_id: what the network will call it once signed (Bitcoin: the txid, fixed before signing for segwit).
        spends: what is consumed, in the transaction's order.
        outputs: in the transaction's order, change included.
        fee: base units of the chain's coin, exact.
        feerate: base units for 1,000 units of ``size``, rounded up.
        size: what the fee is paid for: vbytes when signed (Bitcoin), gas limit (EVM).
        notes: plain sentences on locktime, sequence, replaceability.
    """

    chain_id: str
    account: str
    kind: str
    transaction_id: str
    spends: tuple[Spend, ...]
    outputs: tuple[Output, ...]
    fee: int
    fee_asset: Asset
    feerate: int
    size: int
    notes: tuple[str, ...] = ()

    @property
    def payments(self) -> tuple[Output, ...]:
        """Outputs that are not proved to be the paying account's change; moves to other own accounts are among them."""
        return tuple(output for output in self.outputs if output.role is not Role.CHANGE)

    def as_json(self) -> dict[str, Json]:
        """The facts as canonical JSON values; amounts are decimal strings."""
        return {
            "account": self.account,
            "chain": self.chain_id,
            "fee": str(self.fee),
            "feerate": str(self.feerate),
            "kind": self.kind,
            "notes": list(self.notes),
            "outputs": [_output_json(output) for output in self.outputs],
            "spends": [{"amount": str(spend.amount), "reference": spend.reference} for spend in self.spends],
            "transaction_id": self.transaction_id,
            "size": self.size,
        }

    @property
    def digest(self) -> bytes:
        """The facts digest: SHA-256 of the canonical JSON."""
        return hashlib.sha256(canonical_json.dumps(self.as_json())).digest()


def _output_json(output: Output) -> dict[str, Json]:
    return {
        "address": output.address,
        "amount": str(output.amount),
        "asset": output.asset.asset_id,
        "index": output.index,
        "owner": output.owner,
        "role": str(output.role),
    }


def totals(outputs: Iterable[Output]) -> dict[str, int]:
    """Sum by CAIP-19 asset id."""
    sums: dict[str, int] = {}
    for output in outputs:
        sums[output.asset.asset_id] = sums.get(output.asset.asset_id, 0) + output.amount
    return sums


def leaving(review: Review) -> dict[str, int]:
    """What leaves the account, by CAIP-19 asset id: payments, and the fee."""
    sums = totals(review.payments)
    coin = review.fee_asset.asset_id
    return sums | {coin: sums.get(coin, 0) + review.fee}
