"""Which record speaks for an output, by a digest of who pays whom: the same customer, paid again, is seen again."""

import hashlib
from typing import Any

from custody.codec import canonical_json
from custody.errors import InputError
from custody.travel_rule.record import MAX_BLOCK_BYTES


def spoken_for(block: bytes) -> dict[int, str]:
    """By index of an output, the SHA-256 (hex) of what the record that speaks for it says of people and of its notice.

    What it says of outputs is left out, and the signature of the VASP, which serves once anyway. A block that cannot be
    read speaks for nothing.
    """
    try:
        block_of: Any = canonical_json.loads(block, limit=MAX_BLOCK_BYTES)
        rows = [(_digest(record), record["outputs"]) for record in block_of["records"]]
        return {covered["index"]: who for who, outputs in rows for covered in outputs}
    except (AttributeError, InputError, KeyError, TypeError):
        return {}


def _digest(record: Any) -> str:
    named = {key: told for key, told in record.items() if key not in ("authorization", "outputs")}
    return hashlib.sha256(canonical_json.dumps(named)).hexdigest()
