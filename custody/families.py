"""The families of networks behind one set of names: an account, and an unsigned transaction that it pays.

Everything after this module (policy, ceremony, key process, coordinator, people) knows accounts and transactions
only as they are here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from custody.bitcoin import account as bitcoin_account
from custody.bitcoin import review as bitcoin_review
from custody.bitcoin import signing as bitcoin_signing
from custody.chains import BitcoinChain, Chain, EvmChain
from custody.errors import InputError, TransactionError
from custody.evm import account as evm_account
from custody.evm import review as evm_review
from custody.evm import signing as evm_signing
from custody.evm import typed_data
from custody.evm.tokens import TokenRegistry
from custody.review import Review
from custody.signatures import Signature

Account: TypeAlias = bitcoin_account.Account | evm_account.EvmAccount

TYPES = ("p2wpkh", "evm")


def account_type(chain: Chain) -> str:
    """The word of `TYPES` for the accounts of a network."""
    return "p2wpkh" if isinstance(chain, BitcoinChain) else "evm"


def parse_account(name: str, chain: Chain, descriptor: str) -> Account:
    """The account on ``chain`` that the descriptor describes.

    Raises:
        InputError: an ACCOUNT-… code.
    """
    match chain:
        case BitcoinChain():
            return bitcoin_account.Account.parse(name, chain, descriptor)
        case EvmChain():
            return evm_account.EvmAccount.parse(name, chain, descriptor)
    raise InputError("CHAIN-UNKNOWN", "This network is of no known family.")


def descriptor_from_seed(seed: bytes, chain: Chain, index: int, *, rehearsal: bool) -> str:
    """The descriptor of account ``index`` of a seed on ``chain``. EVM keys of a rehearsal stand apart from real ones.

    Raises:
        InputError: ACCOUNT-INDEX.
    """
    if isinstance(chain, BitcoinChain):
        return bitcoin_account.descriptor_from_seed(seed, chain, index)
    return evm_account.descriptor_from_seed(seed, index, rehearsal=rehearsal)


def first_addresses(account: Account, count: int) -> list[str]:
    """Addresses on which the account receives, from the first."""
    if isinstance(account, bitcoin_account.Account):
        return [account.address(bitcoin_account.RECEIVE, index) for index in range(count)]
    return [account.address(index) for index in range(count)]


def default_payer(account: Account) -> str:
    """How a request names the payer: a Bitcoin account by its descriptor's checksum, an EVM account by an address."""
    return account.checksum if isinstance(account, bitcoin_account.Account) else account.address(0)


def is_payer(account: Account, payer: str) -> bool:
    """Whether a request that names ``payer`` means this account."""
    if isinstance(account, bitcoin_account.Account):
        return payer == account.checksum
    return account.find(payer) is not None


def raw_text(chain: Chain, raw: bytes) -> str:
    """A raw transaction as the nodes of its network take it: hex, on EVM networks with 0x before it."""
    return raw.hex() if isinstance(chain, BitcoinChain) else f"0x{raw.hex()}"


class Unsigned(Protocol):
    """An unsigned transaction and the account that pays it.

    Every method works from the bytes; what does not hold is a TransactionError.
    """

    def review(self, tokens: TokenRegistry) -> Review:
        """The facts."""

    def sign(self, seed: bytes) -> tuple[Signature, ...]:
        """The account's signatures, by a BIP39 seed. Raises HomeError SEED-…, CustodyError SIGN-…."""

    def check_signatures(self, signatures: Sequence[Signature]) -> None:
        """That these are the account's valid signatures. Raises EvidenceError SIGNATURE-…."""

    def finalize(self, signatures: Sequence[Signature]) -> tuple[str, bytes]:
        """Transaction id and raw transaction. Raises EvidenceError SIGNATURE-…."""


def unsigned(kind: str, transaction: bytes, account: Account, payer: str) -> Unsigned:
    """The transaction of a request.

    Raises:
        TransactionError: REQUEST-KIND when the account is of another family than the transaction.
    """
    match kind, account:
        case "psbt", bitcoin_account.Account():
            return _Psbt(transaction, account)
        case "evm-transaction", evm_account.EvmAccount():
            return _EvmTransaction(transaction, account, payer)
        case "typed-data", evm_account.EvmAccount():
            return _TypedData(transaction, account, payer)
    raise TransactionError("REQUEST-KIND", f"The account {account.name} cannot pay a transaction of this kind.")


@dataclass(frozen=True, slots=True)
class _Psbt:
    transaction: bytes
    account: bitcoin_account.Account

    def review(self, tokens: TokenRegistry) -> Review:
        del tokens
        return bitcoin_review.review(self.transaction, self.account)

    def sign(self, seed: bytes) -> tuple[Signature, ...]:
        return bitcoin_signing.sign(self.transaction, self.account, seed)

    def check_signatures(self, signatures: Sequence[Signature]) -> None:
        bitcoin_signing.check_signatures(self.transaction, self.account, signatures)

    def finalize(self, signatures: Sequence[Signature]) -> tuple[str, bytes]:
        return bitcoin_signing.finalize(self.transaction, self.account, signatures)


@dataclass(frozen=True, slots=True)
class _EvmTransaction:
    transaction: bytes
    account: evm_account.EvmAccount
    sender: str

    def review(self, tokens: TokenRegistry) -> Review:
        return evm_review.review(self.transaction, self.account, self.sender, tokens)

    def sign(self, seed: bytes) -> tuple[Signature, ...]:
        return evm_signing.sign(self.transaction, self.account, self.sender, seed)

    def check_signatures(self, signatures: Sequence[Signature]) -> None:
        evm_signing.check_signatures(self.transaction, self.account, self.sender, signatures)

    def finalize(self, signatures: Sequence[Signature]) -> tuple[str, bytes]:
        return evm_signing.finalize(self.transaction, self.account, self.sender, signatures)


@dataclass(frozen=True, slots=True)
class _TypedData:
    """A message to sign (EIP-712). It is read, explained and refused; no signature is ever made of it."""

    message: bytes
    account: evm_account.EvmAccount
    sender: str

    def review(self, tokens: TokenRegistry) -> Review:
        return typed_data.review_typed_data(self.message, self.account, self.sender, tokens)

    def sign(self, seed: bytes) -> tuple[Signature, ...]:
        del seed
        raise _unsupported()

    def check_signatures(self, signatures: Sequence[Signature]) -> None:
        del signatures
        raise _unsupported()

    def finalize(self, signatures: Sequence[Signature]) -> tuple[str, bytes]:
        del signatures
        raise _unsupported()


def _unsupported() -> TransactionError:
    return TransactionError("TYPED-DATA-UNSUPPORTED", "Typed data is not signed by this version.")
