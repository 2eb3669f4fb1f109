"""What the process that holds the key is told, in canonical CBOR for the pipe: all that it needs to judge itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, cast

from custody.codec import cbor
from custody.codec.canonical_json import MAX_INT
from custody.errors import InputError
from custody.governance.actions import Action, Freeze, Install, Thaw, Veto
from custody.governance.clocks import MAX_CREDITS, Credit, Times
from custody.governance.state import KINDS
from custody.installed import Files
from custody.officers.consent import Typed
from custody.policy.past import MAX_HISTORY_BYTES, Past, parse_history, serialize_history
from custody.vault.sealed import MAX_OFFICERS
from custody.wire.bundle import SignedBundle
from custody.wire.fields import Fields

MAX_ORDER = 16 * 1_048_576
MAX_INSTALLED = 2 * 1_048_576

_FILES = ("accounts", *KINDS)
_SIGNING = ("request", "files", "times", "before", "consistency", "history", "typed")
_EVIDENCE = ("entry", "private", "salts", "inclusion", "after")
_VETOES = tuple(kind.encode() for kind in KINDS)
_COUNCIL = ("action", "argument", "files", "times", "before", "typed")


class Sealed(NamedTuple):
    """The sealed files of a home: the seed, what is in force, and each officer's own by name."""

    seed: bytes
    rules: bytes
    officers: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class SigningOrder:
    """What officers consented to sign.

    Attributes:
        request: exact bytes, as scanned. files: exact bytes, as installed.
        times: the clocks when the request was judged.
        before: signed checkpoint when it was judged. consistency: from the checkpoint that the request carries.
        history: what the log showed as authorised before, as far back as the policy asks.
        typed: who confirmed, with what code.
    """

    request: bytes
    files: Files
    times: Times
    before: str
    consistency: tuple[bytes, ...]
    history: tuple[Past, ...]
    typed: tuple[Typed, ...]

    def serialize(self) -> bytes:
        """Canonical CBOR."""
        values = (
            self.request,
            *_common(self.files, self.times),
            self.before,
            list(self.consistency),
            serialize_history(self.history),
            _rows(self.typed),
        )
        return cbor.encode(dict(zip(_SIGNING, cast(tuple[cbor.Cbor, ...], values), strict=True)))

    @classmethod
    def parse(cls, encoded: bytes) -> "SigningOrder":
        """The order in these bytes. Raises InputError."""
        fields = Fields(cbor.decode(encoded), _SIGNING, "signing order")
        return cls(
            request=fields.octets("request", limit=MAX_INSTALLED),
            files=_files(fields),
            times=_times(fields),
            before=fields.text("before", limit=1_024),
            consistency=fields.octets_sequence("consistency", limit=64, each=32),
            history=parse_history(fields.octets("history", limit=MAX_HISTORY_BYTES)),
            typed=_typed(fields),
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """That the log holds the authorisation: the entry, its private part with salts, and the way to a checkpoint.

    ``inclusion`` leads from the entry to the root of ``after``, the signed checkpoint that holds it.
    """

    entry: bytes
    private: bytes
    salts: Mapping[str, bytes]
    inclusion: tuple[bytes, ...]
    after: str

    def serialize(self) -> bytes:
        """Canonical CBOR."""
        values = (self.entry, self.private, dict(self.salts), list(self.inclusion), self.after)
        return cbor.encode(dict(zip(_EVIDENCE, cast(tuple[cbor.Cbor, ...], values), strict=True)))

    @classmethod
    def parse(cls, encoded: bytes) -> "Evidence":
        """The evidence in these bytes. Raises InputError."""
        fields = Fields(cbor.decode(encoded), _EVIDENCE, "evidence of an authorisation")
        return cls(
            entry=fields.octets("entry", limit=4_096),
            private=fields.octets("private", limit=MAX_ORDER),
            salts=_salts(fields.raw("salts")),
            inclusion=fields.octets_sequence("inclusion", limit=64, each=32),
            after=fields.text("after", limit=1_024),
        )


@dataclass(frozen=True, slots=True)
class CouncilOrder:
    """What officers decided about the device; the attributes are those of `SigningOrder`."""

    action: Action
    files: Files
    times: Times
    before: str
    typed: tuple[Typed, ...]

    def serialize(self) -> bytes:
        """Canonical CBOR."""
        values = (*_action_row(self.action), *_common(self.files, self.times), self.before, _rows(self.typed))
        return cbor.encode(dict(zip(_COUNCIL, cast(tuple[cbor.Cbor, ...], values), strict=True)))

    @classmethod
    def parse(cls, encoded: bytes) -> "CouncilOrder":
        """The order in these bytes. Raises InputError."""
        fields = Fields(cbor.decode(encoded), _COUNCIL, "order of the officers")
        return cls(
            action=_action(fields.text("action", limit=16), fields.octets("argument", limit=MAX_INSTALLED)),
            files=_files(fields),
            times=_times(fields),
            before=fields.text("before", limit=1_024),
            typed=_typed(fields),
        )


def _common(files: Files, times: Times) -> tuple[cbor.Cbor, cbor.Cbor]:
    credited: list[cbor.Cbor] = [[one.mark, one.seconds] for one in times.credits]
    return dict(zip(_FILES, files, strict=True)), [times.latest, times.elapsed, credited]


def _rows(typed: tuple[Typed, ...]) -> list[cbor.Cbor]:
    return [[one.officer, one.code] for one in typed]


def _files(fields: Fields) -> Files:
    named = Fields(fields.raw("files"), _FILES, "installed files of the order")
    return Files(
        named.octets("accounts", limit=MAX_INSTALLED),
        *(None if named.raw(name) is None else named.octets(name, limit=MAX_INSTALLED) for name in _FILES[1:]),
    )


def _times(fields: Fields) -> Times:
    match fields.raw("times"):
        case [latest, elapsed, list(credited)] if len(credited) <= MAX_CREDITS:
            return Times(_whole(latest), _whole(elapsed), tuple(_credit(row) for row in credited))
    raise _timeless()


def _credit(row: cbor.Cbor) -> Credit:
    match row:
        case [mark, seconds]:
            return Credit(_whole(mark), _whole(seconds))
    raise _timeless()


def _whole(value: cbor.Cbor) -> int:
    """A number of seconds; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_INT:
        raise _timeless()
    return value


def _timeless() -> InputError:
    return InputError("WIRE-TYPE", "The order does not say what time it is.")


def _typed(fields: Fields) -> tuple[Typed, ...]:
    rows = fields.sequence("typed", limit=MAX_OFFICERS)
    return tuple(_one_typed(row) for row in rows)


def _one_typed(row: cbor.Cbor) -> Typed:
    match row:
        case [str(officer), str(code)] if len(officer) <= 128 and len(code) <= 32:
            return Typed(officer, code)
    raise InputError("WIRE-TYPE", "The order does not say who typed which code.")


def _salts(value: cbor.Cbor) -> dict[str, bytes]:
    if isinstance(value, dict) and all(isinstance(k, str) and isinstance(v, bytes) for k, v in value.items()):
        return cast(dict[str, bytes], value)
    raise InputError("WIRE-TYPE", "The salts of an authorisation are not byte strings by name.")


def _action_row(action: Action) -> tuple[str, bytes]:
    match action:
        case Install(signed):
            return "install", signed.serialize()
        case Veto(kind):
            return "veto", kind.encode()
        case Freeze():
            return "freeze", b""
        case Thaw():
            return "thaw", b""


def _action(name: str, argument: bytes) -> Action:
    match name, argument:
        case "install", _:
            return Install(SignedBundle.parse(argument))
        case "veto", _ if argument in _VETOES:
            return Veto(argument.decode("ascii"))
        case "freeze", b"":
            return Freeze()
        case "thaw", b"":
            return Thaw()
    raise InputError("WIRE-TYPE", "The order names no action that is known.")
