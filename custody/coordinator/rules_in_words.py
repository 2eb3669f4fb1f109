"""What a file that decides holds, in words, and every fault of one that cannot be read."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

from custody.codec.schema import MAX_FINDINGS, Finding, SchemaError
from custody.codec.toml import BYTE_ORDER_MARK
from custody.errors import CustodyError, InputError
from custody.evm.address import checksum_address
from custody.evm.tokens import TokenRegistry
from custody.governance import install
from custody.officers import given
from custody.officers.roster import Role, Roster
from custody.policy.compare.change import Change
from custody.policy.compare.vasps import spaced
from custody.policy.document import Policy
from custody.policy.words import LANGUAGES
from custody.policy.words.policy import sections
from custody.screening.flagged import FlaggedList
from custody.screening.large import NONE, Lists, Watch, named, unwatched
from custody.screening.networks import decode_entry
from custody.screening.plain import read_line
from custody.times import rfc3339
from custody.travel_rule.vasp_keys import VaspKeys
from custody.wire.bundle import KINDS, Kind

Rules: TypeAlias = Policy | FlaggedList | TokenRegistry | Roster | VaspKeys

_READERS: Mapping[str, Callable[[bytes], Any]] = {
    "policy": Policy.parse,
    "list": FlaggedList.parse,
    "tokens": TokenRegistry.parse,
    "roster": Roster.parse,
    "vasps": VaspKeys.parse,
}


def read(kind: Kind, body: bytes, lists: Lists = NONE) -> Rules:
    """The file of this kind; a list may be one of ``lists``, named.

    Raises:
        InputError: a code of its reader, with every fault in ``details``.
    """
    with _faults(kind, body):
        rules = _parsed(kind, body, lists)
        if isinstance(rules, FlaggedList):
            rules.verify(lists.watch)
    return rules


def read_in_words(kind: Kind, body: bytes, tokens: TokenRegistry, lists: Lists = NONE) -> list[str]:
    """What the file says, a line each. Raises InputError as `read`."""
    reference = named(body) if kind == "list" else None
    if reference and lists.get(reference.digest) is None:
        return [
            f"Names a list of {reference.size:,} bytes with SHA-256 {reference.digest.hex()}.",
            "What that list holds, and whether it is whole: custody compliance list check LIST",
        ]
    with _faults(kind, body):
        return [*words(_parsed(kind, body, lists), tokens, lists.watch)]


def _parsed(kind: Kind, body: bytes, lists: Lists) -> Rules:
    rules: Rules = FlaggedList.parse(body, lists) if kind == "list" else _READERS[kind](body)
    return rules


@contextmanager
def _faults(kind: Kind, body: bytes) -> Iterator[None]:
    """What a reader says of a file, with every fault in the details."""
    try:
        yield
    except InputError as error:
        faults = [*(error.findings if isinstance(error, SchemaError) else _lines_at_fault(kind, body, error))]
        rows = [
            {"code": one.code, "where": one.where, "observed": one.observed, "required": one.required} for one in faults
        ]
        raise InputError(error.code, error.message, error.hint, details={"faults": rows}) from error


def _lines_at_fault(kind: Kind, body: bytes, error: InputError) -> Iterator[Finding]:
    """Of a list, each line that cannot be read; of another file, the one fault that there is."""
    found = 0
    if error.code == "LIST-SYNTAX":
        for number, line in enumerate(body.removeprefix(BYTE_ORDER_MARK).split(b"\n"), 1):
            if found < MAX_FINDINGS and not _is_entry(number, line):
                found += 1
                yield Finding("LIST-SYNTAX", f"line {number}", "no address with a comment", error.hint)
    if not found:
        yield Finding(error.code, kind, error.message, error.hint)


def _is_entry(number: int, line: bytes) -> bool:
    try:
        if address := read_line(number, line):
            decode_entry(address)
    except InputError:
        return False
    return True


def kind_of(body: bytes) -> Kind | None:
    """What a bare file is: the one kind whose reader takes it."""
    kinds = [kind for kind in KINDS if _is_readable(kind, body)]
    return kinds[0] if len(kinds) == 1 else None


def _is_readable(kind: Kind, body: bytes) -> bool:
    try:
        _READERS[kind](body)
    except CustodyError:
        return False
    return True


def compare(kind: Kind, old: bytes, new: bytes, tokens: TokenRegistry, lists: Lists = NONE) -> tuple[Change, ...]:
    """What the new file changes, newly allowed first. Raises InputError, with every fault in ``details``."""
    read(kind, old, lists)
    with _faults(kind, new):
        return install.compare(kind, old, new, tokens, lists)


def words(rules: Rules, tokens: TokenRegistry, watch: Watch = unwatched) -> Iterator[str]:
    """What the file says, a line each; ``tokens`` tell how a policy's amounts of them are written."""
    match rules:
        case Policy():
            yield from _policy(rules, tokens)
        case FlaggedList():
            yield from list_in_words(rules, rules.verify(watch))
        case TokenRegistry():
            yield from _tokens(rules)
        case Roster():
            yield from _roster(rules)
        case VaspKeys():
            yield from _vasps(rules)


def _policy(policy: Policy, tokens: TokenRegistry) -> Iterator[str]:
    for section in sections(policy, tokens, LANGUAGES["en"]):
        yield section.title
        yield from (f"  {sentence}" for sentence in section.sentences)


def list_in_words(flagged: FlaggedList, kinds: Counter[tuple[str, str]]) -> Iterator[str]:
    """What a list holds, a line each, whose entries by network and kind are these."""
    yield f"Flagged addresses: {kinds.total():,}."
    yield from kinds_in_words(kinds)
    for one in flagged.sources:
        yield f"From {one.name}{f' of {one.date}' if one.date else ''}: {one.count:,}, SHA-256 {one.digest.hex()}"
    yield "None of them is paid, nor any other address of the same key or script that can be told from them."


def kinds_in_words(kinds: Counter[tuple[str, str]]) -> Iterator[str]:
    """Entries of a list by network and kind, a line each."""
    for (network, kind), count in sorted(kinds.items()):
        yield f"  {network}, {kind}: {count:,}"


def _tokens(registry: TokenRegistry) -> Iterator[str]:
    yield f"{len(registry.tokens)} token(s). A token that is not here does not exist."
    for one in registry.tokens:
        contract = checksum_address(one.contract)
        yield f"{one.symbol} on {one.chain.alias}: {one.decimals} decimals, contract {contract}"


def _roster(roster: Roster) -> Iterator[str]:
    yield f"House {roster.house}; what loosens waits {roster.activation_delay // 3_600} h."
    needed = ", ".join(f"{kind} {count}" for kind, count in roster.signatures.items())
    yield f"Compliance officers who must sign a bundle: {needed}."
    yield f"Officers who must consent on the device: {roster.consent} of {len(roster.officers)}."
    for role in Role:
        people = roster.of_role(role)
        organisations = len({one.organisation for one in people})
        yield f"{role}: {len(people)}{f', of {organisations} organisation(s)' if people else ''}"
        for one in people:
            until = f", until {rfc3339(one.until)}" if one.until is not None else ""
            key = given.spaced(one.fingerprint) if one.fingerprint else "no certificate"
            yield f"  {one.name}, {one.organisation}{until}: {key}"


def _vasps(keys: VaspKeys) -> Iterator[str]:
    yield f"Counterparties address this house as {keys.did}."
    yield f"{len(keys.vasps)} of them. Compare each key by telephone or on paper, not by the mail that it came with."
    for vasp in keys.vasps:
        yield f"{vasp.name}, {vasp.jurisdiction}{f', LEI {vasp.lei}' if vasp.lei else ''}: {vasp.did}"
        for key in vasp.keys:
            yield f"  {key.algorithm} {key.kid}, until {rfc3339(key.not_after)}: {spaced(key.thumbprint)}"


def told(changes: Iterable[Change]) -> Iterator[str]:
    """Changes for people."""
    for change in changes:
        yield f"{'NEWLY ALLOWED' if change.loosens else 'Changed'}: {change.rule}"
        yield f"  before   {change.before}"
        yield f"  after    {change.after}"
        yield f"  example  {change.example}"
