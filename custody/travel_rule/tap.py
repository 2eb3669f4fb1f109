"""A counterparty's own word for a payment: the Authorize message of TAP, verified offline (docs/spec/tap.md).

What it proves: the VASP that the record names has signed that this asset and amount may come to this address of its
own, until then. It does not prove whose account stands behind the address.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from custody.amounts import Asset, format_amount, parse_decimal
from custody.chains import Chain
from custody.codec.schema import Fault, Finding, Many, Object, Reading, SchemaError, Text, Word, may, need, read
from custody.errors import InputError
from custody.screening.address import canonical_address
from custody.times import LAST_SECOND, rfc3339, seconds_of
from custody.travel_rule.jws import Header, Jws, read_header, read_json, verifies
from custody.travel_rule.record import Counterparty, TravelRuleRecord, parse_block
from custody.travel_rule.vasp_keys import DID, Vasp, VaspKey, VaspKeys

MAX_RECIPIENTS = 16
MAX_TEXT = 256
#: For how long beyond now an authorisation may hold: so far back its use is remembered.
MAX_AHEAD_SECONDS = 7 * 86_400

CONTEXT = "https://tap.rsvp/schema/1.0"
AUTHORIZE = f"{CONTEXT}#Authorize"

_Read = TypeVar("_Read")
_CODES = dict.fromkeys(Fault, "TAP-MESSAGE") | {Fault.WORD: "TAP-TYPE", Fault.NUMBER: "TAP-TIME"}
_FRACTION = re.compile(r"\.[0-9]{1,9}(?=Z$)")
_CAIP_10 = re.compile(r"([-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}):([a-zA-Z0-9]{1,128})")
_ERC_20 = re.compile(r"(.*/erc20:)(0x[0-9a-fA-F]{40})")


@dataclass(frozen=True, slots=True)
class Message:
    """An Authorize message as its sender wrote it.

    Attributes:
        id: unique to the sender. thread: the transfer that it answers.
        sender, recipients: DIDs.
        ends: Unix seconds from which the message itself does not count; None for no such end.
        address, asset: CAIP-10 and CAIP-19. amount: a decimal number of whole units.
        expiry: Unix seconds from which the authorisation does not hold.
    """

    id: str
    thread: str
    sender: str
    recipients: tuple[str, ...]
    ends: int | None
    address: str | None
    asset: str | None
    amount: str | None
    expiry: int | None

    @property
    def key(self) -> str:
        """How its use is remembered: no DID holds a space."""
        return f"{self.sender} {self.id}"


@dataclass(frozen=True, slots=True)
class Authorization:
    """A message that holds: who signed it, with which key, and until when it does, Unix seconds."""

    message: Message
    vasp: str
    kid: str
    until: int


@dataclass(frozen=True, slots=True)
class Paid:
    """What the transaction pays on its chain: one output."""

    chain: Chain
    address: str
    amount: int
    asset: Asset


class _Time:
    """A moment: Unix seconds, or RFC 3339 in UTC. DIDComm writes the first, the schemas of TAP the second."""

    def read(self, value: object, where: str, reading: Reading) -> int:
        """Unix seconds; of a fraction the whole second before it."""
        if type(value) is int and 0 <= value <= LAST_SECOND:
            return value
        try:
            return seconds_of(_FRACTION.sub("", value) if isinstance(value, str) else "")
        except InputError:
            reading.fault(Fault.NUMBER, where, "no time", 'Unix seconds, or a text such as "2026-01-01T09:30:00Z"')
            return 0


@dataclass(frozen=True, slots=True)
class _Body:
    context: str
    type: str
    address: str | None
    asset: str | None
    amount: str | None
    expiry: int | None


def _message(*, body: _Body, name: str, thread: str, sender: str, recipients: tuple[str, ...], ends: int | None,
             **_others: object) -> Message:  # fmt: skip
    return Message(name, thread, sender, recipients, ends, body.address, body.asset, body.amount, body.expiry)


_NAME = Text(MAX_TEXT, re.compile(r"[!-~]+"), "printable ASCII without spaces")
_BODY = Object(
    _Body,
    {
        "context": need("@context", shape=Word((CONTEXT,))),
        "type": need("@type", shape=Word((AUTHORIZE,))),
        "address": may("settlementAddress", shape=Text(MAX_TEXT)),
        "asset": may("settlementAsset", shape=Text(MAX_TEXT)),
        "amount": may("amount", shape=Text(MAX_TEXT)),
        "expiry": may("expiry", shape=_Time()),
    },
)
_MESSAGE = Object(
    _message,
    {
        "name": need("id", shape=_NAME),
        "type": need("type", shape=Word((AUTHORIZE,))),
        "typ": may("typ", shape=Word(("application/didcomm-plain+json", "didcomm-plain+json"))),
        "context": may("@context", shape=Word((CONTEXT,))),
        "thread": need("thid", shape=_NAME),
        "parent": may("pthid", shape=_NAME),
        "sender": need("from", shape=DID),
        "recipients": need("to", shape=Many(DID, 1, MAX_RECIPIENTS)),
        "created": need("created_time", shape=_Time()),
        "ends": may("expires_time", shape=_Time()),
        "body": need("body", shape=_BODY),
    },
)


def read_message(signed: Jws) -> Message:
    """The message in a JWS, whoever signed it.

    Raises:
        SchemaError: TAP-MESSAGE, TAP-TYPE, TAP-TIME.
    """
    message: Message = read(_MESSAGE, read_json(signed.payload, "payload", "TAP-MESSAGE"), _CODES)
    return message


def used_ids(block: bytes) -> frozenset[str]:
    """Of the authorisations in a travel-rule block, what `Message.key` says; none of a block that cannot be read."""
    try:
        records = parse_block(block)
    except SchemaError:
        return frozenset()
    return frozenset(key for record in records if (key := message_key(record)))


def message_key(record: TravelRuleRecord) -> str | None:
    """`Message.key` of a record's authorisation; None without one that can be read."""
    try:
        return read_message(record.authorization).key if record.authorization else None
    except SchemaError:
        return None


def check_authorization(
    signed: Jws, keys: VaspKeys, counterparty: Counterparty, paid: Paid, latest: int
) -> Authorization | tuple[Finding, ...]:
    """The authorisation where it holds for exactly this payment; otherwise all that speaks against it.

    Args:
        counterparty: the VASP that the record names; only its keys count.
        latest: Unix seconds; what ends up to then has ended.
    """
    header, findings = _tried(read_header, signed)
    message, faults = _tried(read_message, signed)
    vasp = keys.vasp(counterparty.name)
    found = [*findings, *faults, *_identity(vasp, counterparty)]
    key = None
    if header and vasp:
        key = vasp.key(header.kid)
        found += _signature(signed, header, key, latest)
    if message:
        found += [*_parties(message, vasp, keys), *_payment(message, paid), *_times(message, latest)]
    if found or not (message and key and vasp and message.expiry):
        return tuple(found)
    return Authorization(message, vasp.name, key.kid, _end(message, message.expiry))


def _tried(reader: Callable[[Jws], _Read], signed: Jws) -> tuple[_Read | None, tuple[Finding, ...]]:
    try:
        return reader(signed), ()
    except SchemaError as error:
        return None, error.findings


def _identity(vasp: Vasp | None, counterparty: Counterparty) -> Iterator[Finding]:
    if vasp is None:
        yield Finding("TAP-VASP", "counterparty.name", "a VASP whose keys are not known", "a VASP of the file of keys")
        return
    if counterparty.jurisdiction != vasp.jurisdiction:
        observed = f"jurisdiction {counterparty.jurisdiction}"
        yield Finding("TAP-VASP", "counterparty.jurisdiction", observed, f"{vasp.jurisdiction}, as in the file of keys")
    if counterparty.lei and counterparty.lei != vasp.lei:
        required = f"{vasp.lei or 'none'}, as in the file of keys"
        yield Finding("TAP-VASP", "counterparty.lei", f"the legal entity identifier {counterparty.lei}", required)


def _signature(signed: Jws, header: Header, key: VaspKey | None, latest: int) -> Iterator[Finding]:
    if key is None:
        yield Finding("TAP-KID", "kid", "a key that is not this VASP's", "a key that the file of keys gives this VASP")
        return
    if header.algorithm != key.algorithm:
        yield Finding("TAP-ALG", "alg", header.algorithm, f"{key.algorithm}, as in the file of keys")
        return
    if latest >= key.not_after:
        yield Finding("TAP-KEY-EXPIRED", "kid", f"a key that ended at {rfc3339(key.not_after)}", "a key that is valid")
    if not verifies(signed, key.algorithm, key.public_key):
        yield Finding("TAP-SIGNATURE", "signature", "a signature that does not hold", "a signature by the key it names")


def _parties(message: Message, vasp: Vasp | None, keys: VaspKeys) -> Iterator[Finding]:
    if vasp and message.sender != vasp.did:
        yield Finding("TAP-FROM", "from", message.sender, f"{vasp.did}, who is {vasp.name}")
    if keys.did not in message.recipients:
        yield Finding("TAP-TO", "to", "a message to others", f"{keys.did}, this house")


def _payment(message: Message, paid: Paid) -> Iterator[Finding]:
    yield from _address(message.address, paid)
    if message.asset is None or _spelled(message.asset) != paid.asset.asset_id:
        yield Finding("TAP-ASSET", "body.settlementAsset", message.asset or "missing", paid.asset.asset_id)
    try:
        amount = parse_decimal(message.amount or "", paid.asset.decimals)
    except InputError:
        required = f'a decimal number such as "1.5", of at most {paid.asset.decimals} decimals'
        yield Finding("TAP-AMOUNT", "body.amount", "no exact amount" if message.amount else "missing", required)
        return
    if amount != paid.amount:
        observed, required = (format_amount(units, paid.asset) for units in (amount, paid.amount))
        yield Finding("TAP-AMOUNT", "body.amount", observed, f"{required}, which is paid")


def _address(account: str | None, paid: Paid) -> Iterator[Finding]:
    match = _CAIP_10.fullmatch(account or "")
    if match is None:
        observed = "no CAIP-10 address" if account else "missing"
        yield Finding("TAP-ADDRESS", "body.settlementAddress", observed, f"{paid.chain.chain_id}:{paid.address}")
        return
    if match[1] != paid.chain.chain_id:
        yield Finding("TAP-CHAIN", "body.settlementAddress", match[1], f"{paid.chain.chain_id}, where it is paid")
    # One output script has one address, and it has one spelling that counts.
    if canonical_address(match[2]) != canonical_address(paid.address):
        yield Finding("TAP-ADDRESS", "body.settlementAddress", match[2], f"{paid.address}, which is paid")


def _spelled(asset: str) -> str:
    """CAIP-19 in our spelling: senders write a contract in small letters or with the checksum of EIP-55."""
    match = _ERC_20.fullmatch(asset)
    return match[1] + canonical_address(match[2]) if match else asset


def _times(message: Message, latest: int) -> Iterator[Finding]:
    if message.expiry is None:
        yield Finding("TAP-EXPIRY", "body.expiry", "missing", "when the authorisation ends")
        return
    if latest >= _end(message, message.expiry):
        ended = f"ended at {rfc3339(_end(message, message.expiry))}"
        yield Finding("TAP-EXPIRED", "body.expiry", ended, "an authorisation that holds, asked for anew")
    if message.expiry > latest + MAX_AHEAD_SECONDS:
        days = MAX_AHEAD_SECONDS // 86_400
        yield Finding("TAP-EXPIRY", "body.expiry", rfc3339(message.expiry), f"at most {days} days ahead")


def _end(message: Message, expiry: int) -> int:
    return expiry if message.ends is None else min(expiry, message.ends)
