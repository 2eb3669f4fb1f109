"""EIP-1559 transactions: strict reading, one encoding, the hash that is signed."""

from dataclasses import dataclass
from typing import Any

from custody.codec import canonical_json, rlp
from custody.codec.rlp import Rlp
from custody.codec.schema import Fault, Many, Object, Word, need, read
from custody.errors import InputError, TransactionError
from custody.evm.address import ADDRESS_SIZE
from custody.evm.keccak import keccak256
from custody.evm.shapes import Address, HexBytes, Quantity

TYPE = 0x02
MAX_NONCE = 2**64 - 2
MAX_GAS = 16_777_216
MAX_JSON_BYTES = 65_536

_WORD_LIMIT = 2**256
_TRANSACTION_GAS = 21_000
_ZERO_BYTE_GAS, _BYTE_GAS = 4, 16
_FIELDS, _SIGNED_FIELDS = 9, 12
_LEGACY = 0xC0

# Refused by name, so that nobody has to guess what was asked of him.
_OTHER_TYPES = {
    0x01: ("EVM-TYPE-ACCESS-LIST", "This is an access-list transaction (EIP-2930)."),
    0x03: ("EVM-TYPE-BLOB", "This is a blob transaction (EIP-4844)."),
    0x04: ("EVM-TYPE-SET-CODE", "This transaction hands an account over to a contract's code (EIP-7702)."),
}
_HINT = "Ask for an EIP-1559 transaction (type 2)."


@dataclass(frozen=True, slots=True)
class Eip1559:
    """An unsigned transaction of type 2, without access list.

    Attributes:
        chain_number: chain id of EIP-155.
        nonce: how many transactions the sender has sent before.
        max_priority_fee_per_gas, max_fee_per_gas: base units of the coin.
        gas: the limit that is paid for at most.
        to: 20 bytes. value: base units of the coin.
    """

    chain_number: int
    nonce: int
    max_priority_fee_per_gas: int
    max_fee_per_gas: int
    gas: int
    to: bytes
    value: int
    calldata: bytes

    def serialize(self) -> bytes:
        """The unsigned transaction: what is hashed and signed (EIP-1559)."""
        return self._encode([])

    @property
    def signing_hash(self) -> bytes:
        """What the sender signs."""
        return keccak256(self.serialize())

    def signed(self, y_parity: int, r: int, s: int) -> bytes:
        """The transaction as it goes to the network."""
        return self._encode([rlp.encode_quantity(number) for number in (y_parity, r, s)])

    @property
    def intrinsic_gas(self) -> int:
        """What the network charges before anything runs (EIP-2028)."""
        zeros = self.calldata.count(0)
        return _TRANSACTION_GAS + _ZERO_BYTE_GAS * zeros + _BYTE_GAS * (len(self.calldata) - zeros)

    @property
    def max_fee(self) -> int:
        """The most that the sender can be charged as fee."""
        return self.gas * self.max_fee_per_gas

    def _encode(self, signature: list[Rlp]) -> bytes:
        head = (self.chain_number, self.nonce, self.max_priority_fee_per_gas, self.max_fee_per_gas, self.gas)
        fields: list[Rlp] = [rlp.encode_quantity(number) for number in head]
        fields += [self.to, rlp.encode_quantity(self.value), self.calldata, []]
        return bytes([TYPE]) + rlp.encode(fields + signature)


def parse(unsigned: bytes) -> Eip1559:
    """The transaction that is encoded here, in the one encoding that it has.

    Raises:
        TransactionError: EVM-TYPE-…, EVM-RLP, EVM-FIELDS, EVM-SIGNED, EVM-CREATION, EVM-TO, EVM-ACCESS-LIST,
            EVM-NUMBER, EVM-NONCE, EVM-PRIORITY-FEE, EVM-GAS-LOW, EVM-GAS-HIGH, EVM-COST.
    """
    _check_type(unsigned)
    transaction = _read_fields(_decode(unsigned[1:]))
    if transaction.serialize() != unsigned:
        raise TransactionError("EVM-RLP", "The transaction is not in its one encoding.")
    _check_bounds(transaction)
    return transaction


def from_json(text: bytes) -> Eip1559:
    """The transaction that a wallet or node describes in JSON, for the computer that builds requests.

    Exactly the keys of an unsigned EIP-1559 transaction, numbers as 0x-quantities. ``to`` may be spelled without
    capitals, as nodes do; with capitals, they must fit (EIP-55). What it says is not judged here but by `parse`.

    Raises:
        InputError: a JSON-… code; or a SchemaError with every fault, as EVM-JSON.
    """
    transaction: Eip1559 = read(_JSON, canonical_json.loads_relaxed(text, limit=MAX_JSON_BYTES), _JSON_CODES)
    return transaction


def _check_type(unsigned: bytes) -> None:
    first = unsigned[0] if unsigned else None
    if first == TYPE:
        return
    if first is None:
        raise TransactionError("EVM-RLP", "The transaction is empty.", _HINT)
    if first >= _LEGACY:
        raise TransactionError("EVM-TYPE-LEGACY", "This is a transaction of the old form, without type.", _HINT)
    code, message = _OTHER_TYPES.get(first, ("EVM-TYPE-UNKNOWN", f"This is a transaction of unknown type {first}."))
    raise TransactionError(code, message, _HINT)


def _decode(encoded: bytes) -> list[Rlp]:
    try:
        fields = rlp.decode(encoded)
    except InputError as error:
        raise TransactionError("EVM-RLP", f"The transaction is not well encoded. {error.message}") from error
    if not isinstance(fields, list):
        raise TransactionError("EVM-RLP", "The transaction is no list of fields.")
    if len(fields) == _SIGNED_FIELDS:
        raise TransactionError("EVM-SIGNED", "The transaction is signed already.", "Send the unsigned transaction.")
    if len(fields) != _FIELDS:
        raise TransactionError("EVM-FIELDS", f"The transaction has {len(fields)} fields, not {_FIELDS}.")
    return fields


def _read_fields(fields: list[Rlp]) -> Eip1559:
    *head, to, value, calldata, access_list = fields
    if access_list != []:
        raise TransactionError("EVM-ACCESS-LIST", "The transaction carries an access list, which is not served.")
    if not isinstance(to, bytes) or not isinstance(calldata, bytes):
        raise TransactionError("EVM-FIELDS", "A field of the transaction is a list.")
    if not to:
        raise TransactionError("EVM-CREATION", "The transaction creates a contract and pays nobody.")
    if len(to) != ADDRESS_SIZE:
        raise TransactionError("EVM-TO", "The destination is not 20 bytes long.")
    chain_number, nonce, max_priority_fee_per_gas, max_fee_per_gas, gas = map(_number, head)
    return Eip1559(chain_number, nonce, max_priority_fee_per_gas, max_fee_per_gas, gas, to, _number(value), calldata)


def _number(field: Rlp) -> int:
    if not isinstance(field, bytes):
        raise TransactionError("EVM-FIELDS", "A field of the transaction is a list.")
    try:
        number = rlp.quantity(field)
    except InputError as error:
        raise TransactionError("EVM-NUMBER", error.message) from error
    if number >= _WORD_LIMIT:
        raise TransactionError("EVM-NUMBER", "A number does not fit 256 bits.")
    return number


def _check_bounds(transaction: Eip1559) -> None:
    if transaction.nonce > MAX_NONCE:
        raise TransactionError("EVM-NONCE", "The nonce is beyond what the network accepts (EIP-2681).")
    if transaction.max_priority_fee_per_gas > transaction.max_fee_per_gas:
        raise TransactionError("EVM-PRIORITY-FEE", "The priority fee is above the whole fee.")
    if transaction.gas < transaction.intrinsic_gas:
        raise TransactionError(
            "EVM-GAS-LOW",
            f"The gas limit is {transaction.gas:,}: the transaction could never run.",
            f"At least {transaction.intrinsic_gas:,}.",
        )
    if transaction.gas > MAX_GAS:
        raise TransactionError("EVM-GAS-HIGH", f"The gas limit is above {MAX_GAS:,} (EIP-7825).")
    if transaction.max_fee + transaction.value >= _WORD_LIMIT:
        raise TransactionError("EVM-COST", "Value and fee together do not fit 256 bits.")


def _described(**fields: Any) -> Eip1559:
    """The transaction without its type and access list, which are always the same."""
    return Eip1559(**{name: fields[name] for name in Eip1559.__dataclass_fields__})


_JSON_CODES = dict.fromkeys(Fault, "EVM-JSON")
_JSON = Object(
    _described,
    {
        "type": need("type", shape=Word(("0x2",))),
        "chain_number": need("chainId", shape=Quantity()),
        "nonce": need("nonce", shape=Quantity()),
        "max_priority_fee_per_gas": need("maxPriorityFeePerGas", shape=Quantity()),
        "max_fee_per_gas": need("maxFeePerGas", shape=Quantity()),
        "gas": need("gas", shape=Quantity()),
        "to": need("to", shape=Address(strict=False)),
        "value": need("value", shape=Quantity()),
        "calldata": need("data", shape=HexBytes()),
        "access_list": need("accessList", shape=Many(HexBytes(), 0, 0)),
    },
)
