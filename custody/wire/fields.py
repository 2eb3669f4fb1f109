"""Reading closed CBOR maps: exactly the named keys, each of its type and within its bounds."""

from collections.abc import Sequence
from typing import cast

from custody.codec import cbor
from custody.codec.cbor import Cbor
from custody.errors import InputError


class Fields:
    """A decoded map whose keys are exactly ``names``; each read checks type and bounds.

    Raises:
        InputError: WIRE-FIELDS for a missing or unknown key, WIRE-TYPE, WIRE-LIMIT.
    """

    def __init__(self, value: Cbor, names: Sequence[str], what: str) -> None:
        if not isinstance(value, dict) or set(value) != set(names):
            raise InputError("WIRE-FIELDS", f"The {what} does not hold exactly the fields {', '.join(names)}.")
        self._map = cast(dict[str, Cbor], value)
        self._what = what

    def raw(self, name: str) -> Cbor:
        """The value as decoded."""
        return self._map[name]

    def uint(self, name: str, *, limit: int = 2**53 - 1) -> int:
        """A whole number from 0 to ``limit``."""
        value = self._map[name]
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._wrong_type(name, "a whole number")
        if not 0 <= value <= limit:
            raise self._over_limit(name)
        return value

    def text(self, name: str, *, limit: int) -> str:
        """A text of at most ``limit`` characters."""
        value = self._map[name]
        if not isinstance(value, str):
            raise self._wrong_type(name, "text")
        if len(value) > limit:
            raise self._over_limit(name)
        return value

    def octets(self, name: str, *, limit: int, exact: int | None = None) -> bytes:
        """A byte string of at most ``limit`` bytes, or of ``exact`` bytes."""
        value = self._map[name]
        if not isinstance(value, bytes):
            raise self._wrong_type(name, "bytes")
        if len(value) > limit or (exact is not None and len(value) != exact):
            raise self._over_limit(name)
        return value

    def sequence(self, name: str, *, limit: int) -> list[Cbor]:
        """An array of at most ``limit`` items."""
        value = self._map[name]
        if not isinstance(value, list):
            raise self._wrong_type(name, "an array")
        if len(value) > limit:
            raise self._over_limit(name)
        return value

    def octets_sequence(self, name: str, *, limit: int, each: int) -> tuple[bytes, ...]:
        """An array of byte strings of at most ``each`` bytes."""
        items = self.sequence(name, limit=limit)
        if not all(isinstance(item, bytes) and len(item) <= each for item in items):
            raise self._wrong_type(name, f"an array of byte strings of at most {each} bytes")
        return tuple(cast(list[bytes], items))

    def _wrong_type(self, name: str, expected: str) -> InputError:
        return InputError("WIRE-TYPE", f"The field {name} of the {self._what} is not {expected}.")

    def _over_limit(self, name: str) -> InputError:
        return InputError("WIRE-LIMIT", f"The field {name} of the {self._what} is out of its bounds.")


def open_message(encoded: bytes, names: Sequence[str], *, version: int, limit: int, what: str) -> Fields:
    """The fields of a top-level message of a known version.

    Raises:
        InputError: WIRE-LIMIT, WIRE-VERSION, WIRE-FIELDS, or a CBOR code.
    """
    if len(encoded) > limit:
        raise InputError("WIRE-LIMIT", f"The {what} is larger than {limit:,} bytes.")
    try:
        value = cbor.decode(encoded)
    except InputError as error:
        error.hint = f"It was damaged on its way, or it is no {what}. Ask for it again."
        raise
    found = cast(dict[str, Cbor], value).get("version") if isinstance(value, dict) else None
    if found != version or isinstance(found, bool):
        raise InputError(
            "WIRE-VERSION",
            f"This is not a {what} of version {version}.",
            "Update the older of the two machines, or scan the right code.",
        )
    return Fields(value, ("version", *names), what)
