"""Validation of a full IVMS101 payload, beside the floor and a JSON Schema, in one run. Goal: 2 ms.

The floor is `json.loads` of the same bytes, which judges nothing. jsonschema, where it is installed, holds the payload
against a schema of the same keys and lengths: it bounds the work of a validator that knows shapes only, and it judges
none of the standard's constraints C1 to C12, no check digits and no jurisdiction. A payload may be named; without one
it is the honest example of the tests with everything that the standard has a field for.

    python benchmarks/travel_rule.py [PAYLOAD.json]
"""

import importlib
import json
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import examples

from custody.travel_rule.completeness import Terms
from custody.travel_rule.profiles import PROFILES
from custody.travel_rule.reading import read_any

ROUNDS = 50
REPEATS = 20


def best(work: Callable[[], object]) -> float:
    """Microseconds of one call, in the fastest of some rounds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(REPEATS):
            work()
        times.append((time.perf_counter() - start) / REPEATS)
    return min(times) * 1e6


def full() -> dict[str, Any]:
    """The honest payload, with papers for both individuals."""
    payload = examples.ivms101(examples.PAYEE)
    for party in ("originator", "beneficiary"):
        person = payload[party][f"{party}Person"][0]["naturalPerson"]
        person["nationalIdentification"] = {"nationalIdentifier": "TK1234567", "nationalIdentifierType": "CCPT"}
        person["customerIdentification"] = "2642"
        person["dateAndPlaceOfBirth"] = {"dateOfBirth": "1980-02-29", "placeOfBirth": "Kobe"}
    return payload


def shape_of(value: Any) -> dict[str, Any]:
    """A JSON Schema of exactly this value's keys, with lengths for texts."""
    if isinstance(value, dict):
        properties = {key: shape_of(item) for key, item in value.items()}
        return {"type": "object", "properties": properties, "required": [*value], "additionalProperties": False}
    if isinstance(value, list):
        return {"type": "array", "minItems": 1, "maxItems": 16, "items": {"anyOf": [shape_of(item) for item in value]}}
    return {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[^\\x00-\\x1f]*$"}


def peer(payload: Any) -> float | None:
    """Microseconds of jsonschema with a compiled validator; None where it is not installed."""
    try:
        jsonschema = importlib.import_module("jsonschema")
    except ImportError:
        return None
    validator = jsonschema.Draft202012Validator(shape_of(payload))
    return best(lambda: validator.validate(payload))


def main() -> None:
    """Print the table."""
    text = Path(sys.argv[1]).read_bytes() if len(sys.argv) > 1 else json.dumps(full()).encode()
    terms = Terms(PROFILES["jp"], date(2026, 11, 23))
    findings = [*read_any(text).findings(terms)]
    floor = best(lambda: json.loads(text))
    rows = [("json.loads, the floor", floor), ("custody: read strictly", best(lambda: read_any(text)))]
    rows.append(("custody: read and judged, jp", best(lambda: [*read_any(text).findings(terms)])))
    if (schema := peer(json.loads(text))) is not None:
        rows.append(("json.loads and jsonschema, shapes only", floor + schema))
    print(f"{len(text):,} bytes, findings: {len(findings)}")
    for name, microseconds in rows:
        print(f"{name:40} {microseconds:8.0f} us   x{microseconds / floor:6.1f}")


if __name__ == "__main__":
    main()
