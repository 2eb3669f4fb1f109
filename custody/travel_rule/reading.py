"""A file of any of the kinds that people have: a payload, a record, a list of records, or a block."""

from collections.abc import Iterator
from dataclasses import dataclass

from custody.codec import canonical_json
from custody.codec.schema import Finding, read
from custody.travel_rule.completeness import Terms, incomplete_payload, incomplete_record
from custody.travel_rule.ivms101 import Ivms101
from custody.travel_rule.layout import IVMS101
from custody.travel_rule.record import CODES, MAX_BLOCK_BYTES, TravelRuleRecord, canonical_block, parse_block

_RECORD_KEYS = {"outputs", "ivms101", "counterparty"}


@dataclass(frozen=True, slots=True)
class Readable:
    """What a file holds: ``kind`` in words, and a ``payload`` alone or ``records``."""

    kind: str
    payload: Ivms101 | None = None
    records: tuple[TravelRuleRecord, ...] = ()

    def findings(self, terms: Terms) -> Iterator[Finding]:
        """Every way in which it falls short. Without a transaction nobody can say what it is worth: all is asked."""
        if self.payload:
            yield from incomplete_payload(self.payload, "ivms101", terms)
        for index, record in enumerate(self.records):
            yield from incomplete_record(record, f"records[{index}]", terms)


def read_any(text: bytes) -> Readable:
    """What the file holds.

    Raises:
        InputError: JSON-…; or a SchemaError with every fault under one of `record.CODES` or TRAVEL-RULE-SYNTAX.
    """
    value = canonical_json.loads_relaxed(text, limit=MAX_BLOCK_BYTES)
    match value:
        case {"records": _}:
            return Readable("a block", records=parse_block(text))
        case list():
            return Readable("a list of records", records=parse_block(canonical_block(text)))
        case dict() if _RECORD_KEYS & value.keys():
            return Readable("a record", records=parse_block(canonical_block(text)))
    return Readable("an IVMS101 payload", payload=read(IVMS101, value, CODES))
