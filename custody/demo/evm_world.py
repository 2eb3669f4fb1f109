"""EVM withdrawals of the demonstration, and the transaction that cost Bybit 1.46 billion dollars."""

import json
from importlib import resources

from custody.chains import ANVIL
from custody.demo.world import RONIN_THIEF, TOKEN, TOKEN_ASSET, Withdrawal, key_hash, record
from custody.evm.address import checksum_address

CUSTOMER = checksum_address(key_hash("a customer's EVM address at the other exchange"))

_GWEI = 10**9
_TRANSFER = bytes.fromhex("a9059cbb")


def token_withdrawal(amount: int) -> Withdrawal:
    """``amount`` base units of the invented token to a customer."""
    calldata = _TRANSFER + bytes.fromhex(CUSTOMER[2:]).rjust(32, b"\0") + amount.to_bytes(32, "big")
    return Withdrawal(
        "evm-transaction", _transaction(0, TOKEN, 0, calldata, 70_000), record(amount, CUSTOMER, TOKEN_ASSET), ".json"
    )


def coin_withdrawal_to_thief(amount: int) -> Withdrawal:
    """``amount`` wei to the address that received the proceeds of the Ronin theft."""
    return Withdrawal(
        "evm-transaction", _transaction(1, RONIN_THIEF, amount, b"", 21_000), record(amount, RONIN_THIEF), ".json"
    )


def bybit() -> Withdrawal:
    """What three owners of Bybit's Safe signed on 2025-02-21: SafeTx nonce 71, as typed data (public chain facts).

    Their screens showed a transfer of 30,000 ether; the record here claims the same.
    """
    message = resources.files("custody.demo").joinpath("bybit_nonce71.json").read_bytes()
    shown = "0x1Db92e2EeBC8E0c075a02BeA49a2935BcD2dFCF4"
    return Withdrawal("typed-data", message, record(30_000 * 10**18, shown), ".json")


def _transaction(nonce: int, to: str, value: int, calldata: bytes, gas: int) -> bytes:
    fields = {
        "type": "0x2",
        "chainId": hex(ANVIL.number),
        "nonce": hex(nonce),
        "maxPriorityFeePerGas": hex(_GWEI),
        "maxFeePerGas": hex(30 * _GWEI),
        "gas": hex(gas),
        "to": to,
        "value": hex(value),
        "data": "0x" + calldata.hex(),
        "accessList": [],
    }
    return json.dumps(fields, indent=2).encode() + b"\n"
