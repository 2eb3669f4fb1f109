"""Who is paid by whom, as a digest: the same customer, paid again by another record, is seen again."""

import hashlib
from typing import Any

from custody.codec import canonical_json


def who(record: dict[str, Any]) -> str:
    """SHA-256 (hex) of what a record, as it was read, says of people and of its notice.

    What it says of outputs is left out, and the signature of the VASP, which serves once anyway.
    """
    named = {key: told for key, told in record.items() if key not in ("authorization", "outputs")}
    return hashlib.sha256(canonical_json.rewritten(named)).hexdigest()
