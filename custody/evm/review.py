"""The facts of an EIP-1559 transaction: a payment in the network's coin, or in a token of the registry."""

from dataclasses import dataclass

from custody.amounts import Asset, format_amount
from custody.errors import TransactionError
from custody.evm import transaction as transaction_format
from custody.evm.account import EvmAccount
from custody.evm.address import ZERO, checksum_address
from custody.evm.calldata import describe_call, parse_transfer
from custody.evm.tokens import TokenRegistry
from custody.evm.transaction import Eip1559
from custody.review import Output, Review, Role, Spend

KIND = "evm-transaction"

# Addresses from 1 on are programs of the network itself; EIP-1352 sets these aside.
_LAST_RESERVED = 0xFFFF


@dataclass(frozen=True, slots=True)
class Payment:
    """What the transaction pays: ``amount`` in base units of ``asset`` to ``recipient``; ``contract`` of a token."""

    recipient: bytes
    amount: int
    asset: Asset
    contract: bytes | None


def review(transaction: bytes, account: EvmAccount, sender: str, tokens: TokenRegistry) -> Review:
    """What this transaction does when ``sender``, an address of ``account``, signs it.

    Raises:
        TransactionError: an EVM-… code (docs/spec/evm.md) for everything that does not hold.
    """
    parsed = prove(transaction, account, sender)
    payment = _payment(parsed, account, tokens)
    _check_recipient(payment, account, tokens)
    return Review(
        chain_id=account.chain.chain_id,
        account=account.name,
        kind=KIND,
        transaction_id="0x" + parsed.signing_hash.hex(),
        spends=(Spend(f"{account.chain.chain_id}:{sender}:{parsed.nonce}", 0),),
        outputs=(Output(0, checksum_address(payment.recipient), payment.amount, payment.asset, Role.PAYMENT),),
        fee=parsed.max_fee,
        fee_asset=account.chain.coin,
        feerate=parsed.max_fee_per_gas * 1000,
        size=parsed.gas,
        notes=_notes(parsed, payment, account, sender),
    )


def prove(transaction: bytes, account: EvmAccount, sender: str) -> Eip1559:
    """The transaction, if it is the network's of ``account`` and ``sender`` is one of the account's addresses.

    Raises:
        TransactionError: EVM-SENDER, EVM-CHAIN, or a code of `custody.evm.transaction.parse`.
    """
    check_sender(account, sender)
    parsed = transaction_format.parse(transaction)
    if parsed.chain_number != account.chain.number:
        raise TransactionError(
            "EVM-CHAIN",
            f"The transaction is for the network with chain id {parsed.chain_number}.",
            f"The account lives on {account.chain.alias}, chain id {account.chain.number}.",
        )
    return parsed


def check_sender(account: EvmAccount, sender: str) -> int:
    """Which of the account's addresses ``sender`` is.

    Raises:
        TransactionError: EVM-SENDER.
    """
    index = account.find(sender)
    if index is None:
        raise TransactionError("EVM-SENDER", f"The sender is not an address of account {account.name}.")
    return index


def _payment(parsed: Eip1559, account: EvmAccount, tokens: TokenRegistry) -> Payment:
    asset = tokens.find(account.chain.chain_id, parsed.to)
    if asset is None and not parsed.calldata:
        return Payment(parsed.to, parsed.value, account.chain.coin, None)
    if asset is None:
        raise TransactionError(
            "EVM-TOKEN-UNKNOWN",
            f"{checksum_address(parsed.to)} is to run {describe_call(parsed.calldata)}, and is no token that is known.",
            "Only tokens of the installed registry are paid.",
        )
    if parsed.value:
        raise TransactionError("EVM-VALUE-WITH-CALL", f"The transaction sends coins to the contract of {asset.symbol}.")
    transfer = parse_transfer(parsed.calldata)
    return Payment(transfer.recipient, transfer.amount, asset, parsed.to)


def _check_recipient(payment: Payment, account: EvmAccount, tokens: TokenRegistry) -> None:
    if payment.recipient == ZERO:
        raise TransactionError(
            "EVM-RECIPIENT-ZERO", "The payment goes to the zero address, from which nothing returns."
        )
    if int.from_bytes(payment.recipient, "big") <= _LAST_RESERVED:
        raise TransactionError("EVM-RECIPIENT-RESERVED", "The payment goes to an address that the network reserves.")
    if tokens.find(account.chain.chain_id, payment.recipient):
        raise TransactionError(
            "EVM-RECIPIENT-TOKEN", "The payment goes to a token's own contract, where it would be lost."
        )
    if not payment.amount:
        raise TransactionError("EVM-ZERO-AMOUNT", "The transaction pays nothing.")


def _notes(parsed: Eip1559, payment: Payment, account: EvmAccount, sender: str) -> tuple[str, ...]:
    gas_price = format_amount(parsed.max_fee_per_gas, account.chain.coin)
    notes = [
        f"It has number {parsed.nonce} among the transactions of {sender}: only one with this number can take effect.",
        f"The fee is the worst case: {parsed.gas:,} gas at {gas_price}. Gas that is not used is not charged.",
    ]
    if payment.contract is not None:
        notes.append(f"{payment.asset.symbol} is the token of the contract {checksum_address(payment.contract)}.")
    return tuple(notes)
