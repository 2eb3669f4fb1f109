"""Ethereum's examples: accounts of the test seeds, a registry, transactions to start from and to bend."""

from dataclasses import replace

from psbts import EVIL_SEED, SEED

from custody.chains import ANVIL, ETHEREUM, EvmChain
from custody.codec import rlp
from custody.codec.rlp import Rlp
from custody.evm.account import EvmAccount, descriptor_from_seed
from custody.evm.address import parse_address
from custody.evm.calldata import Transfer
from custody.evm.tokens import TokenRegistry
from custody.evm.transaction import Eip1559

# Addresses of two dollar tokens on Ethereum, as their issuers publish them.
USDC = parse_address("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48")
USDT = parse_address("0xdAC17F958D2ee523a2206206994597C13D831ec7")
REGISTRY = b"""version = 1

[[token]]
chain = "ethereum"
contract = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
symbol = "USDC"
decimals = 6

[[token]]
chain = "ethereum"
contract = "0xdAC17F958D2ee523a2206206994597C13D831ec7"
symbol = "USDT"
decimals = 6

[[token]]
chain = "anvil"
contract = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
symbol = "TEST"
decimals = 18
"""
TOKENS = TokenRegistry.parse(REGISTRY)


def account(seed: bytes = SEED, chain: EvmChain = ETHEREUM, *, rehearsal: bool = False) -> EvmAccount:
    """Account 0 of a seed."""
    return EvmAccount.parse("treasury", chain, descriptor_from_seed(seed, 0, rehearsal=rehearsal))


TREASURY = account()
PRACTICE = account(chain=ANVIL, rehearsal=True)
SENDER = TREASURY.address(0)
PAYEE = parse_address(account(EVIL_SEED).address(0))

COIN_PAYMENT = Eip1559(
    chain_number=1,
    nonce=7,
    max_priority_fee_per_gas=1_000_000_000,
    max_fee_per_gas=30_000_000_000,
    gas=21_000,
    to=PAYEE,
    value=1_500_000_000_000_000_000,
    calldata=b"",
)
TOKEN_PAYMENT = replace(
    COIN_PAYMENT, nonce=8, gas=65_000, to=USDC, value=0, calldata=Transfer(PAYEE, 2_500_000_000).serialize()
)


def fields(transaction: Eip1559 = COIN_PAYMENT) -> list[Rlp]:
    """The nine fields as RLP holds them, to be bent."""
    decoded = rlp.decode(transaction.serialize()[1:])
    assert isinstance(decoded, list)
    return decoded


def serialize(fields: Rlp) -> bytes:
    """A transaction of type 2 with these fields."""
    return b"\x02" + rlp.encode(fields)
