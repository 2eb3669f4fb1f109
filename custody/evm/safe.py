"""Safe transactions: their hash, computed from what they say, and everything that speaks against them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from custody.errors import TransactionError
from custody.evm.account import EvmAccount
from custody.evm.address import ZERO, checksum_address
from custody.evm.calldata import TRANSFER, describe_call, parse_transfer
from custody.evm.keccak import keccak256
from custody.evm.tokens import TokenRegistry

Members: TypeAlias = "tuple[tuple[str, str], ...]"

CALL, DELEGATECALL = 0, 1

# EIP-712 types as the contract declares them; Safes before 1.3.0 leave the chain id out of their domain.
DOMAIN_TYPE: Members = (("chainId", "uint256"), ("verifyingContract", "address"))
OLD_DOMAIN_TYPE: Members = (("verifyingContract", "address"),)
SAFE_TX_TYPE: Members = (
    ("to", "address"),
    ("value", "uint256"),
    ("data", "bytes"),
    ("operation", "uint8"),
    ("safeTxGas", "uint256"),
    ("baseGas", "uint256"),
    ("gasPrice", "uint256"),
    ("gasToken", "address"),
    ("refundReceiver", "address"),
    ("nonce", "uint256"),
)

_PREFIX = b"\x19\x01"
_HOSTILE = "Treat the computer that made this as hostile."


@dataclass(frozen=True, slots=True)
class SafeTransaction:
    """A call that the owners of a Safe sign.

    Attributes:
        safe: the Safe's address, 20 bytes. chain_number: chain id of its domain; None before Safe 1.3.0.
        to: what is called. value: base units of the coin. operation: 0 call, 1 delegatecall.
        gas_price, gas_token, refund_receiver: what the Safe pays back to whoever sends the transaction.
    """

    safe: bytes
    chain_number: int | None
    to: bytes
    value: int
    calldata: bytes
    operation: int
    safe_tx_gas: int
    base_gas: int
    gas_price: int
    gas_token: bytes
    refund_receiver: bytes
    nonce: int

    @property
    def struct_hash(self) -> bytes:
        """The hash of the message alone (EIP-712 hashStruct)."""
        return keccak256(
            type_hash("SafeTx", SAFE_TX_TYPE)
            + _word(self.to)
            + _word(self.value)
            + keccak256(self.calldata)
            + _word(self.operation)
            + _word(self.safe_tx_gas)
            + _word(self.base_gas)
            + _word(self.gas_price)
            + _word(self.gas_token)
            + _word(self.refund_receiver)
            + _word(self.nonce)
        )

    @property
    def domain_separator(self) -> bytes:
        """The hash of the Safe that is meant (EIP-712)."""
        if self.chain_number is None:
            return keccak256(type_hash("EIP712Domain", OLD_DOMAIN_TYPE) + _word(self.safe))
        return keccak256(type_hash("EIP712Domain", DOMAIN_TYPE) + _word(self.chain_number) + _word(self.safe))

    @property
    def digest(self) -> bytes:
        """The safeTxHash: what the owners sign."""
        return keccak256(_PREFIX + self.domain_separator + self.struct_hash)


def type_hash(name: str, members: Members) -> bytes:
    """The hash of a type whose members are all atomic or dynamic (EIP-712 typeHash)."""
    return keccak256(f"{name}({','.join(f'{kind} {member}' for member, kind in members)})".encode("ascii"))


def objections(safe_tx: SafeTransaction, account: EvmAccount, tokens: TokenRegistry) -> Iterator[TransactionError]:
    """Every reason that is found against a Safe transaction, in words for people. Codes: SAFE-… and EVM-…."""
    target = checksum_address(safe_tx.to)
    if safe_tx.operation == DELEGATECALL:
        yield TransactionError(
            "SAFE-DELEGATECALL",
            f"The Safe is to run the code of {target} as if it were its own (delegatecall). "
            "Such code can replace the Safe's owners and take everything it holds.",
            "A payment is a plain call (operation 0).",
        )
    elif safe_tx.operation != CALL:
        yield TransactionError("SAFE-OPERATION", f"The Safe knows no operation {safe_tx.operation}.")
    yield from _domain_objections(safe_tx, account)
    yield from _call_objections(safe_tx, account, tokens)
    if safe_tx.gas_price or safe_tx.gas_token != ZERO or safe_tx.refund_receiver != ZERO:
        yield TransactionError(
            "SAFE-REFUND",
            "The Safe is to pay a refund for gas, to "
            f"{checksum_address(safe_tx.refund_receiver)} in {checksum_address(safe_tx.gas_token)}, "
            "besides what it seems to pay.",
            "gasPrice, gasToken and refundReceiver must be zero.",
        )


def _domain_objections(safe_tx: SafeTransaction, account: EvmAccount) -> Iterator[TransactionError]:
    if safe_tx.chain_number is None:
        yield TransactionError(
            "SAFE-NO-CHAIN-ID",
            "The message does not say for which network it is: a signature would hold on every network.",
            "Use a Safe of version 1.3.0 or later.",
        )
    elif safe_tx.chain_number != account.chain.number:
        yield TransactionError(
            "SAFE-CHAIN",
            f"The message is for the network with chain id {safe_tx.chain_number}.",
            f"The account lives on {account.chain.alias}, chain id {account.chain.number}.",
        )


def _call_objections(
    safe_tx: SafeTransaction, account: EvmAccount, tokens: TokenRegistry
) -> Iterator[TransactionError]:
    if safe_tx.to == safe_tx.safe:
        yield TransactionError("SAFE-SELF-CALL", "The Safe is to call itself, which changes its owners or its rules.")
    plain = safe_tx.operation == CALL
    if plain and not safe_tx.calldata:
        return
    token = tokens.find(account.chain.chain_id, safe_tx.to)
    if token is None:
        yield TransactionError(
            "SAFE-TARGET-UNKNOWN",
            f"{checksum_address(safe_tx.to)} is to run {describe_call(safe_tx.calldata)}, and is no token that is "
            "known.",
            "Only tokens of the installed registry are paid.",
        )
    if plain and token is not None:
        yield from _token_objections(safe_tx, token.symbol)
    elif safe_tx.calldata.startswith(TRANSFER):
        yield TransactionError(
            "SAFE-CALLDATA-MISLEADS",
            f"The calldata reads like a token payment{_named_payee(safe_tx.calldata)}, but it is handed to "
            f"{'code of ' if not plain else ''}{checksum_address(safe_tx.to)}, which may do anything with it: it does "
            "not pay whom it names.",
            _HOSTILE,
        )


def _token_objections(safe_tx: SafeTransaction, symbol: str) -> Iterator[TransactionError]:
    if safe_tx.value:
        yield TransactionError("EVM-VALUE-WITH-CALL", f"The transaction sends coins to the contract of {symbol}.")
    try:
        parse_transfer(safe_tx.calldata)
    except TransactionError as error:
        yield error


def _named_payee(calldata: bytes) -> str:
    try:
        transfer = parse_transfer(calldata)
    except TransactionError:
        return ""
    return f" of {transfer.amount} base units to {checksum_address(transfer.recipient)}"


def _word(value: int | bytes) -> bytes:
    """A number or an address in its 32 bytes (Contract ABI specification)."""
    return value.to_bytes(32, "big") if isinstance(value, int) else value.rjust(32, b"\0")
