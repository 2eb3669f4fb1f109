"""Calldata of the one call that is served: ERC-20 ``transfer(address,uint256)``."""

from dataclasses import dataclass

from custody.errors import TransactionError
from custody.evm.address import ADDRESS_SIZE
from custody.evm.keccak import keccak256

SELECTOR_SIZE = 4

_WORD = 32
_PADDING = bytes(_WORD - ADDRESS_SIZE)


def selector(function: str) -> bytes:
    """The first 4 bytes of the hash of a function's signature, by which calldata names it."""
    return keccak256(function.encode("ascii"))[:SELECTOR_SIZE]


TRANSFER = selector("transfer(address,uint256)")
TRANSFER_SIZE = SELECTOR_SIZE + 2 * _WORD

# What a treasury may be tricked into signing, so that a refusal can say what it is.
_KNOWN = {
    selector(function): function
    for function in (
        "approve(address,uint256)",
        "changeThreshold(uint256)",
        "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)",
        "increaseAllowance(address,uint256)",
        "multiSend(bytes)",
        "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
        "setApprovalForAll(address,bool)",
        "swapOwner(address,address,address)",
        "transfer(address,uint256)",
        "transferFrom(address,address,uint256)",
        "transferOwnership(address)",
        "upgradeTo(address)",
        "upgradeToAndCall(address,bytes)",
    )
}


@dataclass(frozen=True, slots=True)
class Transfer:
    """An ERC-20 payment: ``recipient``, and ``amount`` in base units of the token that is called."""

    recipient: bytes
    amount: int

    def serialize(self) -> bytes:
        """The calldata: selector, address and amount, each in its 32 bytes (Contract ABI specification)."""
        return TRANSFER + _PADDING + self.recipient + self.amount.to_bytes(_WORD, "big")


def parse_transfer(calldata: bytes) -> Transfer:
    """The payment that this calldata is, and nothing besides.

    Raises:
        TransactionError: EVM-SELECTOR, EVM-CALLDATA-SIZE, EVM-CALLDATA-PADDING.
    """
    if calldata[:SELECTOR_SIZE] != TRANSFER:
        raise TransactionError(
            "EVM-SELECTOR", f"The call is {describe_call(calldata)}, which is not served.", "Pay by ERC-20 transfer."
        )
    if len(calldata) != TRANSFER_SIZE:
        raise TransactionError(
            "EVM-CALLDATA-SIZE",
            f"The calldata of the token payment is {len(calldata)} bytes long.",
            f"A transfer is exactly {TRANSFER_SIZE} bytes.",
        )
    words = calldata[SELECTOR_SIZE:]
    transfer = Transfer(words[len(_PADDING) : _WORD], int.from_bytes(words[_WORD:], "big"))
    if transfer.serialize() != calldata:
        raise TransactionError(
            "EVM-CALLDATA-PADDING",
            "The recipient of the token payment has other bytes in front of it.",
            "Treat the computer that made this transaction as hostile.",
        )
    return transfer


def describe_call(calldata: bytes) -> str:
    """The function that calldata calls, in words that hold nothing but its name or selector."""
    called = calldata[:SELECTOR_SIZE]
    if len(called) < SELECTOR_SIZE:
        return "no function"
    return _KNOWN.get(called, f"an unknown function 0x{called.hex()}")
