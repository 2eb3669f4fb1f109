"""Typed data (EIP-712), read as far as Safe transactions need, and refused: this version signs none of it."""

import re
from typing import Any, NoReturn

from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.codec.schema import Fault, Object, need, read
from custody.errors import InputError, TransactionError, TransactionErrors
from custody.evm.account import EvmAccount
from custody.evm.address import checksum_address
from custody.evm.review import check_sender
from custody.evm.safe import DOMAIN_TYPE, OLD_DOMAIN_TYPE, SAFE_TX_TYPE, Members, SafeTransaction, objections
from custody.evm.shapes import Address, HexBytes, Number
from custody.evm.tokens import TokenRegistry

MAX_MESSAGE_BYTES = 262_144

_PRIMARY_TYPE = "SafeTx"
_KEYS = {"types", "primaryType", "domain", "message"}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_FORM, _UNSUPPORTED = "TYPED-DATA-FORM", "TYPED-DATA-UNSUPPORTED"


def review_typed_data(message: bytes, account: EvmAccount, sender: str, tokens: TokenRegistry) -> NoReturn:
    """Refuses, with everything that is found against the message; ``message`` is JSON as wallets ask it to be signed.

    Raises:
        TransactionErrors: SAFE-…, EVM-… and TYPED-DATA-… codes (docs/spec/evm.md), at least one.
    """
    try:
        check_sender(account, sender)
        safe_tx = parse(message)
    except TransactionError as error:
        raise TransactionErrors((error,)) from error
    raise TransactionErrors((*objections(safe_tx, account, tokens), _unsupported(safe_tx)))


def parse(message: bytes) -> SafeTransaction:
    """The Safe transaction that this message is: its types to the letter, every value in bounds, nothing besides.

    Raises:
        TransactionError: TYPED-DATA-FORM; TYPED-DATA-UNSUPPORTED for a message that is no Safe transaction.
    """
    try:
        return _read(canonical_json.loads_relaxed(message, limit=MAX_MESSAGE_BYTES))
    except InputError as error:
        raise TransactionError(_FORM, f"The typed data cannot be read. {error.message}", error.hint) from error


def _read(value: Json) -> SafeTransaction:
    if not isinstance(value, dict) or value.keys() != _KEYS:
        raise TransactionError(_FORM, "The typed data does not have exactly types, primaryType, domain and message.")
    if value["primaryType"] != _PRIMARY_TYPE:
        raise TransactionError(
            _UNSUPPORTED,
            f"The typed data is {_name(value['primaryType'])}, which this version cannot judge and does not sign.",
        )
    shape = next((shape for domain, shape in _SHAPES.items() if value["types"] == _declared(domain)), None)
    if shape is None:
        raise TransactionError(_FORM, "The types of the typed data are not exactly those of a Safe transaction.")
    safe_tx: SafeTransaction = read(
        shape, {"domain": value["domain"], "message": value["message"]}, dict.fromkeys(Fault, _FORM)
    )
    return safe_tx


def _unsupported(safe_tx: SafeTransaction) -> TransactionError:
    return TransactionError(
        _UNSUPPORTED,
        f"This is transaction {safe_tx.nonce} of the Safe {checksum_address(safe_tx.safe)}; its hash, computed here "
        f"from what it says, is 0x{safe_tx.digest.hex()}. This version signs for no Safe.",
        "Compare this hash with the one that the other owners see.",
    )


def _name(primary_type: Json) -> str:
    """The kind of a message, in words that hold nothing but a name."""
    named = isinstance(primary_type, str) and _NAME.fullmatch(primary_type)
    return f"a message of the type {primary_type}" if named else "a message of a type without a proper name"


def _declared(domain: Members) -> Json:
    """The types as the JSON must declare them."""
    types = {"EIP712Domain": domain, _PRIMARY_TYPE: SAFE_TX_TYPE}
    return {name: [{"name": member, "type": kind} for member, kind in members] for name, members in types.items()}


def _safe_transaction(domain: dict[str, Any], message: dict[str, Any]) -> SafeTransaction:
    return SafeTransaction(**{"chain_number": None} | domain | message)


_ADDRESS, _UINT256 = Address(strict=False), Number(256)
_SAFE = {"safe": need("verifyingContract", shape=_ADDRESS)}
_MESSAGE = Object(
    dict,
    {
        "to": need("to", shape=_ADDRESS),
        "value": need("value", shape=_UINT256),
        "calldata": need("data", shape=HexBytes()),
        "operation": need("operation", shape=Number(8)),
        "safe_tx_gas": need("safeTxGas", shape=_UINT256),
        "base_gas": need("baseGas", shape=_UINT256),
        "gas_price": need("gasPrice", shape=_UINT256),
        "gas_token": need("gasToken", shape=_ADDRESS),
        "refund_receiver": need("refundReceiver", shape=_ADDRESS),
        "nonce": need("nonce", shape=_UINT256),
    },
)
_DOMAINS = {
    OLD_DOMAIN_TYPE: Object(dict, _SAFE),
    DOMAIN_TYPE: Object(dict, _SAFE | {"chain_number": need("chainId", shape=_UINT256)}),
}
_SHAPES = {
    domain: Object(
        _safe_transaction, {"domain": need("domain", shape=shape), "message": need("message", shape=_MESSAGE)}
    )
    for domain, shape in _DOMAINS.items()
}
