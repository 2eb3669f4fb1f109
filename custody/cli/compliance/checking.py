"""`custody compliance … check`, `roster words` and `diff`: what files hold, and how they differ."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from custody.cli.compliance.proving import check_provable, proof
from custody.codec.canonical_json import Json
from custody.coordinator import rules_in_words
from custody.coordinator.bundles import RulesFile, read_bundle
from custody.edge.clock import unix_time
from custody.edge.inputs import held_input, mapped_input, read_input
from custody.edge.progress import bar
from custody.edge.terminal import say
from custody.errors import InputError, UsageError
from custody.evm.tokens import TokenRegistry
from custody.governance.install import longer_validity
from custody.policy.compare.change import in_order
from custody.screen import folded, printable
from custody.screening.large import MAX_LARGE_LIST, Held, Lists
from custody.screening.layout import FAMILY
from custody.times import rfc3339
from custody.vault import mnemonic
from custody.wire.bundle import KINDS, MAX_BODY, MAX_BYTES, Bundle, Kind, SignedBundle

file_path = click.Path(path_type=Path)
tokens_option = click.option(
    "--tokens", "tokens_file", type=file_path, metavar="F", help="Token registry: how amounts of tokens are written."
)


def check_command(kind: Kind) -> click.Command:
    """`check` for one kind of file."""

    @click.command("check", help=f"Reads a {kind}, bare or as a bundle, and says what it holds, or each of its faults.")
    @click.argument("file", type=file_path, metavar="F")
    def check(file: Path) -> dict[str, Json]:
        return check_rules(read_rules(file, kind), TokenRegistry())

    return check


def check_rules(rules: RulesFile, tokens: TokenRegistry) -> dict[str, Json]:
    """Tells people and scripts what a file holds. Raises InputError."""
    lines = describe(rules, tokens)
    digest = hashlib.sha256(rules.exact).hexdigest()
    say(f"\nSHA-256 {digest}")
    header = rules.signed and header_json(rules.signed)
    return {"kind": rules.kind, "digest": digest, "bundle": header or None, "words": lines}


def describe(rules: RulesFile, tokens: TokenRegistry) -> list[Json]:
    """Tells people what a file holds.

    Raises:
        InputError: what its reader says, after each fault was told.
    """
    if rules.signed:
        _tell_header(rules.signed.bundle, unix_time())
    try:
        lines = rules_in_words.read_in_words(rules.kind, rules.body, tokens, rules.lists)
    except InputError as error:
        faults = error.details.get("faults")
        tell(_fault(one) for one in (faults if isinstance(faults, list) else ()))
        raise
    tell(lines)
    return [*lines]


def _fault(fault: Mapping[str, str]) -> str:
    """A fault in words; what its reader only hints at may be empty."""
    required = f" Required: {fault['required']}" if fault["required"] else ""
    return f"{fault['where']}: {fault['observed'].removesuffix('.')}.{required} ({fault['code']})"


def tell(lines: Iterable[str]) -> None:
    """Lines for people, folded; what stands indented stays so."""
    for line in lines:
        indent = len(line) - len(line.lstrip())
        for piece in folded(printable(line), indent + 2):
            say(piece)


def _tell_header(bundle: Bundle, now: int) -> None:
    state = " (not yet)" if now < bundle.not_before else " (EXPIRED)" if now >= bundle.not_after else ""
    say(f"Bundle: {bundle.kind} number {bundle.sequence} of {bundle.house}")
    say(f"Valid:  {rfc3339(bundle.not_before)} to {rfc3339(bundle.not_after)}{state}")
    say(f"After:  {bundle.previous.hex() if bundle.previous else 'none, it is the first'}\n")


def header_json(signed: SignedBundle) -> dict[str, Json]:
    """The header for scripts."""
    bundle = signed.bundle
    return {
        "house": bundle.house,
        "sequence": bundle.sequence,
        "not_before": rfc3339(bundle.not_before),
        "not_after": rfc3339(bundle.not_after),
        "previous": bundle.previous.hex() if bundle.previous else None,
        "signatures": len(signed.signatures),
    }


@click.command("words")
@click.argument("file", type=file_path, metavar="F")
def words(file: Path) -> dict[str, Json]:
    """The 24 words of a roster, which its people write on paper for the day a signer is made.

    They stand for the SHA-256 of its exact bytes; officers type them at `custody signer init`.
    """
    rules = read_rules(file, "roster")
    describe(rules, TokenRegistry())
    told = mnemonic.of_digest(rules.exact)
    numbered = [f"{number:>2} {word:<9}" for number, word in enumerate(told.split(), 1)]
    say("\nWrite these words on paper, each person for himself, and bring them to the signer:\n")
    for start in range(0, len(numbered), 4):
        say("   ".join(numbered[start : start + 4]))
    if rules.signed is None:
        say("\nThey are those of the bare file. A bundle that is made of it has others.")
    return {"digest": hashlib.sha256(rules.exact).hexdigest(), "words": told}


def diff_command(kind: Kind | None = None) -> click.Command:
    """`diff` of files of one kind, or of any, which then say what they are."""

    @click.command("diff", help="What NEW would change, as the signer's officers will read it: newly allowed first.")
    @click.argument("old", type=file_path)
    @click.argument("new", type=file_path)
    @tokens_option
    @click.option("--prove", is_flag=True, help="Of policies: also ask a solver for what is newly allowed.")
    def diff(old: Path, new: Path, tokens_file: Path | None, prove: bool, named: Kind | None = kind) -> dict[str, Json]:
        return _diff(named or _kind(old, new), old, new, read_tokens(tokens_file), prove=prove)

    told = click.option("--type", "named", type=click.Choice(KINDS), help="What they are, where the files do not tell.")
    return diff if kind else told(diff)


def _diff(kind: Kind, old: Path, new: Path, tokens: TokenRegistry, *, prove: bool) -> dict[str, Json]:
    if prove:
        check_provable(kind)
    before, after = read_or_name(old, kind), read_or_name(new, kind)
    longer = longer_validity(after.signed.bundle, before.signed.bundle.span) if before.signed and after.signed else ()
    changes = in_order([*longer, *rules_in_words.compare(kind, before.body, after.body, tokens, _both(before, after))])
    for line in rules_in_words.told(changes):
        say(printable(line))
    loosens = any(one.loosens for one in changes)
    say(_verdict(loosens=loosens, empty=not changes))
    proved: dict[str, Json] = {"proof": proof(before.body, after.body, tokens)} if prove else {}
    return {"kind": kind, "loosens": loosens, "changes": [one.as_json() for one in changes], **proved}


def _both(before: RulesFile, after: RulesFile) -> Lists:
    """The large lists that two files may be."""
    held = [one.lists for one in (before, after) if isinstance(one.lists, Held)]
    return Held({digest: octets for one in held for digest, octets in one.octets.items()}, bar())


def _verdict(*, loosens: bool, empty: bool) -> str:
    if empty:
        return "Nothing is decided differently."
    return "It loosens: a signer lets it wait." if loosens else "It loosens nothing: a signer takes it at once."


def _kind(*files: Path) -> Kind:
    """What the files are: by a header, or by the one reader that takes them."""
    for file in files:
        if _is_large_list(file):
            return "list"
        octets = read_input(file, MAX_BYTES)
        signed = read_bundle(octets)
        if kind := signed.bundle.kind if signed else rules_in_words.kind_of(octets):
            return kind
    raise UsageError("RULES-TYPE", "These files do not tell what they are.", f"--type {'|'.join(KINDS)}")


def read_rules(file: Path, kind: Kind) -> RulesFile:
    """The file that a person names. Raises InputError."""
    return RulesFile.read(read_input(file, MAX_BYTES), kind)


def read_or_name(file: Path, kind: Kind) -> RulesFile:
    """The file that a person names; of a built list that no bundle can hold, what a bundle holds in its place.

    Raises:
        InputError: FILE-SIZE, LIST-SIZE, or as `read_rules`.
    """
    if kind != "list" or not _is_large_list(file):
        return read_rules(file, kind)
    octets = held_input(file)
    if len(octets) > MAX_LARGE_LIST:
        raise InputError("LIST-SIZE", f"A device takes no list of more than {MAX_LARGE_LIST:,} bytes.")
    return RulesFile.of_large_list(octets, bar())


def _is_large_list(file: Path) -> bool:
    with mapped_input(file) as octets:
        return len(octets) > MAX_BODY and octets[: len(FAMILY)] == FAMILY


def read_tokens(file: Path | None) -> TokenRegistry:
    """The token registry that a person names, bare or as a bundle; none without. Raises InputError."""
    return TokenRegistry.parse(read_rules(file, "tokens").body) if file else TokenRegistry()
