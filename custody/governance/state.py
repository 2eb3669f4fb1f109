"""What is in force on a device, what waits, and whether it stands still: one value, changed only by these functions.

The newest entry of the log that holds a state is the state; the process that holds the key keeps its own copy, sealed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.errors import InputError
from custody.governance.clocks import Times
from custody.governance.moments import Delay

KINDS = ("policy", "list", "tokens", "roster", "vasps")
MAX_STATE = 16_384
DIGEST_HEX = 64


@dataclass(frozen=True, slots=True)
class Held:
    """A file that decides: SHA-256 of its exact bytes, and its sequence; 0 for one that came without a header."""

    digest: bytes
    sequence: int

    def as_json(self) -> dict[str, Json]:
        """As canonical JSON values."""
        return {"digest": self.digest.hex(), "sequence": self.sequence}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that comes into force after a delay, unless an officer vetoes it."""

    file: Held
    delay: Delay


@dataclass(frozen=True, slots=True)
class State:
    """What decides, what waits, and what was ever accepted.

    Attributes:
        held: by kind, what is in force.
        waiting: by kind, what comes into force later.
        seen: by kind, the highest sequence that was ever accepted, vetoed ones too: none goes back behind it.
        frozen: nothing is signed.
        thaw: after what delay the device thaws, where its officers have agreed to it.
    """

    held: Mapping[str, Held] = field(default_factory=dict)
    waiting: Mapping[str, Waiting] = field(default_factory=dict)
    seen: Mapping[str, Held] = field(default_factory=dict)
    frozen: bool = False
    thaw: Delay | None = None

    def __post_init__(self) -> None:
        for name in ("held", "waiting", "seen"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @classmethod
    def founded(cls, files: Mapping[str, Held]) -> "State":
        """What a new home begins with."""
        return cls(held=files, seen=files)

    def matured(self, times: Times) -> "State":
        """The state as it is now: what has waited long enough is in force, a thaw that was agreed is done."""
        due = {kind: one.file for kind, one in self.waiting.items() if not one.delay.left(times)}
        waiting = {kind: one for kind, one in self.waiting.items() if kind not in due}
        thawed = self.thaw is not None and not self.thaw.left(times)
        return replace(
            self,
            held={**self.held, **due},
            waiting=waiting,
            frozen=self.frozen and not thawed,
            thaw=None if thawed else self.thaw,
        )

    def taken(self, kind: str, file: Held, delay: Delay | None) -> "State":
        """With a file accepted: in force at once, or waiting; either takes the place of what waited before it."""
        waiting = {other: one for other, one in self.waiting.items() if other != kind}
        seen = {**self.seen, kind: file}
        if delay is None:
            return replace(self, held={**self.held, kind: file}, waiting=waiting, seen=seen)
        return replace(self, waiting={**waiting, kind: Waiting(file, delay)}, seen=seen)

    def vetoed(self, kind: str) -> "State":
        """Without what waits of this kind."""
        return replace(self, waiting={other: one for other, one in self.waiting.items() if other != kind})

    def stopped(self) -> "State":
        """Frozen; a thaw that was agreed before is void."""
        return replace(self, frozen=True, thaw=None)

    def thawing(self, delay: Delay) -> "State":
        """Frozen until the delay is over."""
        return replace(self, thaw=delay)

    def as_json(self) -> dict[str, Json]:
        """As canonical JSON values."""
        return {
            "frozen": self.frozen,
            "held": {kind: one.as_json() for kind, one in self.held.items()},
            "seen": {kind: one.as_json() for kind, one in self.seen.items()},
            "thaw": self.thaw.as_json() if self.thaw else None,
            "waiting": {kind: one.file.as_json() | one.delay.as_json() for kind, one in self.waiting.items()},
        }

    def serialize(self) -> bytes:
        """Canonical JSON."""
        return canonical_json.dumps(self.as_json())

    @classmethod
    def parse(cls, text: bytes) -> "State":
        """The state in this text, which must be exactly what `serialize` writes.

        Raises:
            InputError: STATE-FORM, or a code of the JSON reader.
        """
        match canonical_json.loads(text, limit=MAX_STATE):
            case {
                "frozen": bool(frozen),
                "held": dict(held),
                "seen": dict(seen),
                "thaw": thaw,
                "waiting": dict(waiting),
            }:
                state = cls(
                    held={kind: _held(row) for kind, row in held.items()},
                    waiting={kind: Waiting(_held(row), _delay(row)) for kind, row in waiting.items()},
                    seen={kind: _held(row) for kind, row in seen.items()},
                    frozen=frozen,
                    thaw=None if thaw is None else _delay(thaw),
                )
                if state.serialize() == text and {*state.held, *state.waiting, *state.seen} <= set(KINDS):
                    return state
        raise _form()


def _held(row: Json) -> Held:
    match row:
        case {"digest": str(digest), "sequence": int(sequence)}:
            return Held(_digest(digest), _count(sequence))
    raise _form()


def _delay(row: Json) -> Delay:
    match row:
        case {"mark": int(mark), "seconds": int(seconds)}:
            return Delay(_count(mark), _count(seconds))
    raise _form()


def _digest(text: str) -> bytes:
    try:
        digest = bytes.fromhex(text)
    except ValueError as error:
        raise _form() from error
    if len(text) != DIGEST_HEX:
        raise _form()
    return digest


def _count(number: int) -> int:
    if isinstance(number, bool) or number < 0:
        raise _form()
    return number


def _form() -> InputError:
    return InputError("STATE-FORM", "The record of what is in force is not in its form.")
