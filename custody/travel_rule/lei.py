"""Legal entity identifiers: their form (IVMS101 LEIText) and their check digits (ISO 17442-1, ISO 7064 MOD 97-10)."""

import re
from dataclasses import dataclass
from typing import Any

from custody.codec.schema import Fault, Reading, Text

LEI = re.compile(r"[0-9A-Z]{18}[0-9]{2}")

MEANS = "a legal entity identifier, 20 capital letters and digits"
CHECK_DIGITS = "an identifier that was copied whole: its last two digits check the others (ISO 17442)"


def check_digits_hold(lei: str) -> bool:
    """Whether the last two digits belong to the other eighteen characters; each letter counts as 10 to 35."""
    return int("".join(str(int(character, 36)) for character in lei)) % 97 == 1


@dataclass(frozen=True, slots=True)
class Lei:
    """A legal entity identifier whose check digits hold."""

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """The text itself."""
        before = len(reading.findings)
        Text(20, LEI, MEANS).read(value, where, reading)
        if len(reading.findings) == before and not check_digits_hold(str(value)):
            reading.fault(Fault.TEXT, where, "check digits that do not belong to it", CHECK_DIGITS)
        return value
