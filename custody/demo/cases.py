"""The withdrawals of the demonstration, each with what it teaches."""

from collections.abc import Callable
from dataclasses import dataclass

from custody.bitcoin.account import Account as BitcoinAccount
from custody.demo import bitcoin_world, evm_world, world
from custody.demo.world import Withdrawal
from custody.errors import UsageError
from custody.families import Account


@dataclass(frozen=True, slots=True)
class Case:
    """One withdrawal of the demonstration: ``title`` and ``lesson`` are for people, ``account`` pays."""

    name: str
    title: str
    lesson: str
    account: str
    make: Callable[[Account], Withdrawal]


_SATOSHI, _TOKENS, _ETHER = 75_000_000, 1_250_000_000, 2 * 10**18

CASES = (
    Case(
        "btc-allowed",
        "An honest withdrawal",
        "The travel-rule record names all four parties and is bound to this very output. The officer compared the "
        "address, typed the code, and the signer signed.",
        world.BITCOIN_ACCOUNT,
        lambda account: bitcoin_world.withdrawal(bitcoin(account), _SATOSHI),
    ),
    Case(
        "btc-no-name",
        "The beneficiary has no name",
        "Japan's travel rule wants the beneficiary's name to travel with the transfer. It is missing, so the key is "
        "not used.",
        world.BITCOIN_ACCOUNT,
        lambda account: bitcoin_world.without_beneficiary_name(bitcoin(account), _SATOSHI),
    ),
    Case(
        "btc-flagged-sibling",
        "A flagged key under another spelling",
        "The list holds the thief's old-style address. The withdrawal goes to a new-style address of the same key: "
        "a comparison of texts would have missed it.",
        world.BITCOIN_ACCOUNT,
        lambda account: bitcoin_world.withdrawal(
            bitcoin(account), _SATOSHI, bitcoin_world.FLAGGED_SIBLING, funding=bitcoin_world.LATER_FUNDING
        ),
    ),
    Case(
        "btc-amount-lie",
        "A transaction that lies about its own coin",
        "It claims that a coin of 5 holds 2.5; the difference would be lost as a fee. The previous transaction proves "
        "the truth.",
        world.BITCOIN_ACCOUNT,
        lambda account: bitcoin_world.with_amount_lie(bitcoin(account), _SATOSHI),
    ),
    Case(
        "erc20-allowed",
        "A token to a customer",
        "The signer decodes the call to the token's contract and shows who really receives; the record must name that "
        "address, not the contract.",
        world.EVM_ACCOUNT,
        lambda _: evm_world.token_withdrawal(_TOKENS),
    ),
    Case(
        "evm-flagged",
        "To the Ronin thief",
        "The address that took 620 million dollars from the Ronin bridge in 2022, attributed to Lazarus, is on the "
        "list.",
        world.EVM_ACCOUNT,
        lambda _: evm_world.coin_withdrawal_to_thief(_ETHER),
    ),
    Case(
        "safe-bybit",
        "The Bybit transaction of 21 February 2025",
        "These are the real bytes that cost 1.46 billion dollars. Three owners of the Safe signed them, because their "
        "screens showed a transfer of 30,000 ether. This signer reads the bytes.",
        world.EVM_ACCOUNT,
        lambda _: evm_world.bybit(),
    ),
)


def bitcoin(account: Account) -> BitcoinAccount:
    """The account, which is a Bitcoin account. Raises UsageError DEMO-ACCOUNT."""
    if not isinstance(account, BitcoinAccount):
        raise UsageError("DEMO-ACCOUNT", "This withdrawal of the demonstration needs a Bitcoin account.")
    return account
