"""Safe transactions as wallets ask for them to be signed: Bybit's, harmless ones, and the means to bend them."""

import json
from copy import deepcopy
from typing import Any

from evm import PAYEE, USDC

from custody.evm.address import checksum_address
from custody.evm.calldata import Transfer

SAFE = "0x1Db92e2EeBC8E0c075a02BeA49a2935BcD2dFCF4"
ZERO = "0x0000000000000000000000000000000000000000"
CHAIN_ID = {"name": "chainId", "type": "uint256"}
TYPES: dict[str, list[dict[str, str]]] = {
    "EIP712Domain": [{"name": "verifyingContract", "type": "address"}],
    "SafeTx": [
        {"name": "to", "type": "address"},
        {"name": "value", "type": "uint256"},
        {"name": "data", "type": "bytes"},
        {"name": "operation", "type": "uint8"},
        {"name": "safeTxGas", "type": "uint256"},
        {"name": "baseGas", "type": "uint256"},
        {"name": "gasPrice", "type": "uint256"},
        {"name": "gasToken", "type": "address"},
        {"name": "refundReceiver", "type": "address"},
        {"name": "nonce", "type": "uint256"},
    ],
}
MEMBERS = [member["name"] for member in TYPES["SafeTx"]]
TOKEN_CALL: dict[str, Any] = {
    "to": checksum_address(USDC),
    "value": "0",
    "data": "0x" + Transfer(PAYEE, 2_500_000_000).serialize().hex(),
    "operation": 0,
    "safeTxGas": "0",
    "baseGas": "0",
    "gasPrice": "0",
    "gasToken": ZERO,
    "refundReceiver": ZERO,
    "nonce": 12,
}


def typed_data(message: dict[str, Any], chain: int | None = 1, **changed: Any) -> dict[str, Any]:
    """The message with its types and domain; without ``chain`` as Safes before 1.3.0 have it."""
    types, domain = deepcopy(TYPES), {"verifyingContract": SAFE}
    if chain is not None:
        types["EIP712Domain"].insert(0, CHAIN_ID)
        domain = {"chainId": chain, **domain}  # type: ignore[dict-item]
    return {"types": types, "primaryType": "SafeTx", "domain": domain, "message": message} | changed


def encode(value: Any) -> bytes:
    """As JSON text."""
    return json.dumps(value, indent=1).encode()
