"""The facts of a PSBT, each one proved: amounts by previous transactions, ownership by derivation."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from custody.bitcoin import psbt as psbt_format
from custody.bitcoin.account import CHANGE, GAP_LIMIT, MAX_CHANGE_INDEX, RECEIVE, Account
from custody.bitcoin.locks import lock_notes
from custody.bitcoin.psbt import KeyOrigin, Psbt, PsbtInput
from custody.bitcoin.script import ScriptType, classify, dust_limit, encode_address, p2wpkh_script
from custody.bitcoin.transaction import WITNESS_SCALE, Transaction, TxIn, TxOut, check_amount
from custody.errors import TransactionError
from custody.keys.derivation import HARDENED
from custody.review import Output, Review, Role, Spend

KIND = "psbt"
MAX_WEIGHT = 400_000

# Item count, length and DER signature with low R and its sighash byte, length and key; marker and flag once.
_WITNESS_WEIGHT = 1 + 1 + 71 + 1 + 33
_MARKER_WEIGHT = 2


@dataclass(frozen=True, slots=True)
class OwnInput:
    """An input proved to be the account's: its amount, and where its key stands."""

    amount: int
    script_pubkey: bytes
    branch: int
    index: int
    public_key: bytes


@dataclass(frozen=True, slots=True)
class Proof:
    """A PSBT that holds: the transaction, the proved inputs in its order, and the review made of them."""

    transaction: Transaction
    inputs: tuple[OwnInput, ...]
    review: Review


def review(psbt: bytes, account: Account) -> Review:
    """What this PSBT does to ``account``.

    Raises:
        TransactionError: a PSBT-…, TX-… or SCRIPT-… code (docs/spec/bitcoin.md) for everything that does not hold.
    """
    return prove(psbt, account).review


@lru_cache(maxsize=1)
def prove(psbt: bytes, account: Account) -> Proof:
    """As `review`, with what signing needs to know of each input.

    A proof follows from the bytes and the account alone, so that of the newest pair is kept: review, signing and the
    check of signatures in one process prove once.

    Raises:
        TransactionError: as `review`.
    """
    parsed = psbt_format.parse(psbt)
    transaction = parsed.transaction
    _check_transaction(transaction)
    _check_xpubs(parsed, account)
    inputs = tuple(
        _prove_input(tx_in, brought, account) for tx_in, brought in zip(transaction.inputs, parsed.inputs, strict=True)
    )
    reach = min(max(own.index for own in inputs) + GAP_LIMIT, MAX_CHANGE_INDEX)
    outputs = tuple(
        _review_output(position, tx_out, origins, account, reach)
        for position, (tx_out, origins) in enumerate(zip(transaction.outputs, parsed.output_origins, strict=True))
    )
    return Proof(transaction, inputs, _summarize(transaction, inputs, outputs, account))


def _check_transaction(transaction: Transaction) -> None:
    if transaction.version not in (1, 2):
        raise TransactionError("TX-VERSION", "The transaction's version is neither 1 nor 2.")
    if len({tx_in.outpoint for tx_in in transaction.inputs}) != len(transaction.inputs):
        raise TransactionError("TX-DUPLICATE-INPUT", "The transaction spends one coin twice.")
    if _signed_weight(transaction) > MAX_WEIGHT:
        raise TransactionError("TX-WEIGHT", f"The signed transaction would weigh more than {MAX_WEIGHT:,}.")


def _check_xpubs(parsed: Psbt, account: Account) -> None:
    # An extended key that is the registered one adds nothing; another one is a lie or another wallet's.
    for origin in parsed.xpubs:
        if (origin.key, origin.fingerprint, origin.path) != (account.xpub_bytes, account.fingerprint, account.path):
            raise TransactionError("PSBT-XPUB", "The PSBT names an extended key that is not the registered account's.")


def _prove_input(tx_in: TxIn, brought: PsbtInput, account: Account) -> OwnInput:
    """The input as the account's own, with the amount that its previous transaction proves."""
    spent = _spent_output(tx_in, brought)
    if classify_input(spent.script_pubkey) is not ScriptType.P2WPKH:
        raise TransactionError("PSBT-INPUT-TYPE", f"Input {tx_in.reference} is not P2WPKH.")
    branch, index = _claimed_place(tx_in, brought, account)
    public_key = account.public_key(branch, index)
    if brought.origins[0].key != public_key or spent.script_pubkey != p2wpkh_script(public_key):
        raise TransactionError(
            "PSBT-INPUT-SPOOF",
            f"Input {tx_in.reference} is claimed to be the account's, but its script is not derived from the account.",
        )
    return OwnInput(spent.amount, spent.script_pubkey, branch, index, public_key)


def classify_input(script: bytes) -> ScriptType | None:
    """The kind of a script that is spent, or nothing for a kind that has no name."""
    try:
        return classify(script)
    except TransactionError:
        return None


def _spent_output(tx_in: TxIn, brought: PsbtInput) -> TxOut:
    # CVE-2020-14199: only the whole previous transaction proves an amount that BIP143 signs.
    previous = brought.non_witness_utxo
    if previous is None:
        raise TransactionError(
            "PSBT-UNPROVED-AMOUNT",
            f"Input {tx_in.reference} comes without its previous transaction, so its amount is only a claim.",
            "Include previous transactions (non_witness_utxo) in the export.",
        )
    if previous.txid != tx_in.txid:
        raise TransactionError("PSBT-PREVIOUS-TX", f"The previous transaction of {tx_in.reference} is another one.")
    if tx_in.vout >= len(previous.outputs):
        raise TransactionError("PSBT-PREVIOUS-OUTPUT", f"The previous transaction has no output {tx_in.reference}.")
    spent = previous.outputs[tx_in.vout]
    if brought.witness_utxo is not None and brought.witness_utxo != spent:
        raise TransactionError(
            "PSBT-UTXO-MISMATCH",
            f"{tx_in.reference} is claimed to hold {brought.witness_utxo.amount} satoshi; its previous transaction "
            f"proves {spent.amount} satoshi{_another(spent, brought.witness_utxo)}.",
            "Treat the computer that made this PSBT as hostile.",
        )
    return spent


def _another(spent: TxOut, claimed: TxOut) -> str:
    return "" if spent.script_pubkey == claimed.script_pubkey else ", under another script"


def _claimed_place(tx_in: TxIn, brought: PsbtInput, account: Account) -> tuple[int, int]:
    if len(brought.origins) != 1:
        raise TransactionError(
            "PSBT-INPUT-ORIGIN", f"Input {tx_in.reference} must name exactly one key and its path (bip32_derivation)."
        )
    place = _place(brought.origins[0], account)
    if place is None:
        raise TransactionError("PSBT-INPUT-FOREIGN", f"Input {tx_in.reference} is not the registered account's.")
    return place


def _place(origin: KeyOrigin, account: Account) -> tuple[int, int] | None:
    """Branch and index, if the origin names this account, branch 0 or 1, and an index that is not hardened."""
    if origin.fingerprint != account.fingerprint or len(origin.path) != 5 or origin.path[:3] != account.path:
        return None
    branch, index = origin.path[3:]
    return (branch, index) if branch in (RECEIVE, CHANGE) and index < HARDENED else None


def _review_output(
    position: int, tx_out: TxOut, origins: tuple[KeyOrigin, ...], account: Account, reach: int
) -> Output:
    address = encode_address(tx_out.script_pubkey, account.chain)
    limit = dust_limit(tx_out.script_pubkey)
    if tx_out.amount < limit:
        raise TransactionError(
            "TX-DUST", f"Output {position} is dust.", f"Pay at least {limit} satoshi to this address."
        )
    role = _role(position, tx_out, origins, account, reach)
    return Output(position, address, tx_out.amount, account.chain.coin, role)


def _role(position: int, tx_out: TxOut, origins: tuple[KeyOrigin, ...], account: Account, reach: int) -> Role:
    """CHANGE when the account's branch 1 gives this very script; a claim of ours that fails is refused."""
    ours = [origin for origin in origins if origin.fingerprint == account.fingerprint]
    if not ours:
        return Role.PAYMENT
    place = _place(ours[0], account)
    if len(origins) != 1 or place is None or not _derives(ours[0], tx_out, account, place):
        raise TransactionError(
            "PSBT-CHANGE-SPOOF",
            f"Output {position} is claimed to be the account's own, but its script is not derived from the account.",
            "Treat the computer that made this PSBT as hostile.",
        )
    branch, index = place
    if branch == RECEIVE:
        return Role.PAYMENT
    if index > reach:
        raise TransactionError(
            "PSBT-CHANGE-GAP",
            f"Output {position} is change at index {index}, beyond {reach}: it might not be found again.",
            "Use the next unused change address.",
        )
    return Role.CHANGE


def _derives(origin: KeyOrigin, tx_out: TxOut, account: Account, place: tuple[int, int]) -> bool:
    public_key = account.public_key(*place)
    return origin.key == public_key and tx_out.script_pubkey == p2wpkh_script(public_key)


def _summarize(
    transaction: Transaction, inputs: tuple[OwnInput, ...], outputs: tuple[Output, ...], account: Account
) -> Review:
    fee = _sum(own.amount for own in inputs) - _sum(output.amount for output in outputs)
    if fee < 0:
        raise TransactionError("TX-NEGATIVE-FEE", "The outputs are worth more than the inputs.")
    virtual_size = -(-_signed_weight(transaction) // WITNESS_SCALE)
    return Review(
        chain_id=account.chain.chain_id,
        account=account.name,
        kind=KIND,
        transaction_id=transaction.txid_text,
        spends=tuple(Spend(tx_in.reference, own.amount) for tx_in, own in zip(transaction.inputs, inputs, strict=True)),
        outputs=outputs,
        fee=fee,
        fee_asset=account.chain.coin,
        feerate=-(-fee * 1000 // virtual_size),
        size=virtual_size,
        notes=lock_notes(transaction),
    )


def _sum(amounts: Iterable[int]) -> int:
    total = sum(amounts)
    check_amount(total)
    return total


def _signed_weight(transaction: Transaction) -> int:
    # BIP141: weight is three times the stripped size and once the whole.
    base = len(transaction.serialize_stripped())
    return WITNESS_SCALE * base + _MARKER_WEIGHT + _WITNESS_WEIGHT * len(transaction.inputs)
