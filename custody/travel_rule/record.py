"""The travel-rule block of a request: canonical JSON ``{"records": [...], "version": 1}``, one record a payment.

A record names the outputs it speaks for by index, address and amount, who pays whom (IVMS101), and the receiving
VASP or unhosted wallet. `docs/spec/travel-rule.md` is the page to this file.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.codec.schema import (
    BaseUnits,
    Fault,
    Finding,
    Many,
    Moment,
    Object,
    Reading,
    SchemaError,
    Text,
    Whole,
    Word,
    may,
    need,
    read,
)
from custody.errors import InputError
from custody.travel_rule.identity import who
from custody.travel_rule.ivms101 import Ivms101
from custody.travel_rule.jws import JWS, Jws
from custody.travel_rule.layout import IVMS101
from custody.travel_rule.lei import LEI, MEANS
from custody.travel_rule.profile import PROOFS

VERSION = 1
MAX_BLOCK_BYTES = 262_144
MAX_RECORDS = 64
MAX_OUTPUTS = 1_000
MAX_INDEX = 1_000_000

_ALPHANUMERIC = re.compile(r"[0-9A-Za-z]+")

CODES = {
    Fault.KEY: "TRAVEL-RULE-KEY",
    Fault.MISSING: "TRAVEL-RULE-MISSING",
    Fault.TYPE: "TRAVEL-RULE-TYPE",
    Fault.TEXT: "TRAVEL-RULE-TEXT",
    Fault.NUMBER: "TRAVEL-RULE-NUMBER",
    Fault.WORD: "TRAVEL-RULE-WORD",
    Fault.COUNT: "TRAVEL-RULE-COUNT",
    Fault.CONFLICT: "TRAVEL-RULE-CONFLICT",
}


@dataclass(frozen=True, slots=True)
class CoveredOutput:
    """An output the record speaks for; ``amount`` in base units of ``asset`` (CAIP-19; None is the chain's coin)."""

    index: int
    address: str
    amount: int
    asset: str | None = None


@dataclass(frozen=True, slots=True)
class Counterparty:
    """The receiving VASP: ``name``, the country that supervises it, and its LEI where it has one."""

    name: str
    jurisdiction: str
    lei: str | None = None


@dataclass(frozen=True, slots=True)
class UnhostedWallet:
    """A wallet that no VASP keeps: whose it is, how that was shown, and the risk that the house sees in it."""

    owner: str | None = None
    proof: str | None = None
    risk: str | None = None


@dataclass(frozen=True, slots=True)
class SentNotice:
    """That the receiving VASP was told: over which ``protocol``, under which ``reference``, at which Unix second."""

    protocol: str
    reference: str
    time: int


@dataclass(frozen=True, slots=True)
class TravelRuleRecord:
    """What the sender says of one payment, or of several to one customer; ``authorization`` is the receiving VASP's."""

    outputs: tuple[CoveredOutput, ...]
    ivms101: Ivms101
    counterparty: Counterparty | UnhostedWallet
    authorization: Jws | None = None
    notice: SentNotice | None = None

    @property
    def vasp(self) -> Counterparty | None:
        """The receiving VASP; None for an unhosted wallet."""
        return self.counterparty if isinstance(self.counterparty, Counterparty) else None


_OUTPUT = Object(
    CoveredOutput,
    {
        "index": need("index", shape=Whole(0, MAX_INDEX)),
        "address": need("address", shape=Text(128, _ALPHANUMERIC, "an address, letters and digits")),
        "amount": need("amount", shape=BaseUnits()),
        "asset": may("asset", shape=Text(200)),
    },
)

_VASP = Object(
    Counterparty,
    {
        "name": need("name", shape=Text(100)),
        "jurisdiction": need("jurisdiction", shape=Text(2, re.compile(r"[A-Z]{2}"), "an ISO 3166-1 alpha-2 code")),
        "lei": may("lei", shape=Text(20, LEI, MEANS)),
    },
)

_WALLET = Object(
    UnhostedWallet,
    {
        "owner": may("owner", shape=Word(("originator", "other"))),
        "proof": may("proof", shape=Word((*PROOFS, "none"))),
        "risk": may("risk", shape=Word(("low", "medium", "high"))),
    },
)


def _unhosted(unhosted: UnhostedWallet) -> UnhostedWallet:
    return unhosted


_UNHOSTED = Object(_unhosted, {"unhosted": need("unhosted", shape=_WALLET)})


@dataclass(frozen=True, slots=True)
class _Counterparty:
    """A VASP, or under the one key ``unhosted`` a wallet."""

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """The one that is written."""
        shape = _UNHOSTED if isinstance(value, dict) and "unhosted" in value else _VASP
        return shape.read(value, where, reading)


_NOTICE = Object(
    SentNotice,
    {
        "protocol": need("protocol", shape=Text(32, re.compile(r"[a-z0-9-]+"), "small letters, digits and hyphens")),
        "reference": need("reference", shape=Text(200)),
        "time": need("time", shape=Moment()),
    },
)

_RECORD = Object(
    TravelRuleRecord,
    {
        "outputs": need("outputs", shape=Many(_OUTPUT, 1, MAX_OUTPUTS)),
        "ivms101": need("ivms101", shape=IVMS101),
        "counterparty": need("counterparty", shape=_Counterparty()),
        "authorization": may("authorization", shape=JWS),
        "notice": may("notice", shape=_NOTICE),
    },
)


@dataclass(frozen=True, slots=True)
class _Block:
    version: int
    records: tuple[TravelRuleRecord, ...]


_BLOCK = Object(
    _Block,
    {
        "version": need("version", shape=Whole(VERSION, VERSION)),
        "records": need("records", shape=Many(_RECORD, 1, MAX_RECORDS)),
    },
)


class Block(NamedTuple):
    """What a block says.

    Attributes:
        records: the records. digests: SHA-256 of each in canonical JSON, hex.
        people: by index of an output, who is paid by whom, of the last record that speaks for it (`identity.who`).
    """

    records: tuple[TravelRuleRecord, ...] = ()
    digests: tuple[str, ...] = ()
    people: Mapping[int, str] = MappingProxyType({})


def parse_block(block: bytes) -> tuple[TravelRuleRecord, ...]:
    """The records of a block, as `read_block` reads it."""
    return read_block(block).records


def read_block(block: bytes) -> Block:
    """What a block says; no bytes are no records.

    Well formed is not complete: `custody.travel_rule.completeness` judges that, the policy what the block covers.

    Raises:
        SchemaError: every fault, TRAVEL-RULE-SYNTAX or one of `CODES`.
    """
    if not block:
        return Block()
    try:
        value: Any = canonical_json.loads(block, limit=MAX_BLOCK_BYTES)
    except InputError as error:
        required = error.hint or f"canonical JSON of at most {MAX_BLOCK_BYTES:,} bytes"
        raise SchemaError((Finding("TRAVEL-RULE-SYNTAX", "the block", error.message.rstrip("."), required),)) from error
    records: tuple[TravelRuleRecord, ...] = read(_BLOCK, value, CODES).records
    digests = tuple(hashlib.sha256(canonical_json.rewritten(record)).hexdigest() for record in value["records"])
    told = zip(records, map(who, value["records"]), strict=True)
    return Block(records, digests, {covered.index: people for record, people in told for covered in record.outputs})


def spoken_for(block: bytes) -> Mapping[int, str]:
    """`Block.people`; a block that cannot be read speaks for nothing."""
    try:
        return read_block(block).people
    except SchemaError:
        return {}


def canonical_block(text: bytes) -> bytes:
    """The block for a file that people wrote: one record, or a list of records, in any JSON layout.

    Whether the records are well formed and complete is for `parse_block` and the policy to say: an incomplete record
    is refused by the signer, with its reasons, and not by the machine that an attacker may own.

    Raises:
        InputError: JSON-SIZE, JSON-SYNTAX, JSON-VALUE, JSON-DUPLICATE-KEY.
    """
    written = canonical_json.loads_relaxed(text, limit=MAX_BLOCK_BYTES)
    records: list[Json] = written if isinstance(written, list) else [written]
    return canonical_json.dumps({"records": records, "version": VERSION})
