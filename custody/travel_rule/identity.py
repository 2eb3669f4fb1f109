"""Which record speaks for an output, by a digest of who pays whom: the same customer, paid again, is seen again."""

import hashlib

from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.errors import InputError
from custody.travel_rule.record import MAX_BLOCK_BYTES, parse_block


def spoken_for(block: bytes) -> dict[int, str]:
    """By index of an output, the SHA-256 (hex) of the IVMS101 data and counterparty that speak for it.

    What the record says of outputs is left out. A block that cannot be read speaks for nothing.
    """
    try:
        records = parse_block(block)
        written = canonical_json.loads(block, limit=MAX_BLOCK_BYTES) if records else {}
    except InputError:
        return {}
    rows = written["records"] if isinstance(written, dict) and records else []
    people = map(_digest, rows if isinstance(rows, list) else [])
    return {covered.index: who for record, who in zip(records, people, strict=True) for covered in record.outputs}


def _digest(record: Json) -> str:
    named = {key: record[key] for key in ("counterparty", "ivms101")} if isinstance(record, dict) else {}
    return hashlib.sha256(canonical_json.dumps(named)).hexdigest()
