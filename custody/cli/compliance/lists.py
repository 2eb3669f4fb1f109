"""`custody compliance list …`: a flagged list is built of its sources, checked, and asked."""

import hashlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click

from custody.cli.compliance.checking import check_rules, file_path, read_rules
from custody.codec.canonical_json import Json
from custody.coordinator.list_sources import Feed, SourceFile, SourceKind, bounded_lines
from custody.coordinator.rules_in_words import kinds_in_words, list_in_words
from custody.edge.inputs import mapped_input, open_input
from custody.edge.outputs import check_output, output_stream, scratch
from custody.edge.progress import bar
from custody.edge.terminal import say
from custody.errors import InputError, UsageError
from custody.evm.tokens import TokenRegistry
from custody.screen import printable
from custody.screening.address import Program
from custody.screening.build import Summary, build
from custody.screening.entry import Match, check_date
from custody.screening.flagged import MAX_LIST_BYTES, FlaggedList
from custody.screening.layout import FAMILY
from custody.screening.networks import EXACT_MARK, decode_any, decode_entry
from custody.screening.plain import read_line

MAX_ASKED_BYTES = 268_435_456
MAX_UNEXPLAINED = 100


@click.command("build")
@click.option("--ofac-xml", "ofac", type=file_path, multiple=True, metavar="F", help="OFAC's SDN_ADVANCED.XML.")
@click.option("--plain", type=file_path, multiple=True, metavar="F", help="One address a line, and # comments.")
@click.option(
    "--csv", "table", type=file_path, multiple=True, metavar="F", help="Columns address, source, entry, date."
)
@click.option("-o", "out", type=file_path, required=True, metavar="LIST", help="Where the list goes.")
@click.option("--date", default="", metavar="DAY", help="Of the files that tell none, like 2026-11-23.")
@click.option("--strict", is_flag=True, help="End at a text that no network explains; else it is compared as it is.")
@click.option("--symbol", multiple=True, help="Take this new symbol of OFAC's: you have looked at its addresses.")
@click.option("--force", is_flag=True, help="Replace what is there.")
def build_command(
    ofac: tuple[Path, ...],
    plain: tuple[Path, ...],
    table: tuple[Path, ...],
    out: Path,
    date: str,
    symbol: tuple[str, ...],
    *,
    strict: bool,
    force: bool,
) -> dict[str, Json]:
    """Builds a list of its sources: OFAC's files first, then plain ones, then tables, each in the order given.

    Every address is decoded. One that no network explains is told, and compared as text; what else cannot be read is
    refused by its name and place, and no list is written.
    """
    named: list[tuple[SourceKind, Path]] = [
        *(("ofac", one) for one in ofac),
        *(("plain", one) for one in plain),
        *(("csv", one) for one in table),
    ]
    if not named:
        raise UsageError("LIST-NOTHING", "No source is named.", "--ofac-xml F, --plain F or --csv F.")
    check_date(date)
    check_output(out, force=force)
    with ExitStack() as stack:
        size = sum(_size(path) for _, path in named)
        bar = stack.enter_context(_progress(size))
        feed = Feed(_opened(named, stack), date, frozenset(symbol), bar.update)
        file = stack.enter_context(output_stream(out))
        odd = _Unexplained()
        spool = scratch(out.resolve().parent)
        summary = build(feed.entries(), feed.sources, file, spool, None if strict else odd.take)
    return _built(summary, out) | odd.told()


class _Unexplained:
    """Texts that no network explains, with their places."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def take(self, text: str) -> None:
        """Notes one. Raises InputError LIST-ADDRESS where there are so many that the file holds something else."""
        self._texts.append(text)
        if len(self._texts) > MAX_UNEXPLAINED:
            message = f"{text} is no address, like {MAX_UNEXPLAINED} before it."
            raise InputError("LIST-ADDRESS", message, "Is it a list of addresses, of the kind that was named?")

    def told(self) -> dict[str, Json]:
        """Tells people, and gives scripts the same."""
        for text in self._texts:
            say(printable(f"WARNING: {text} is no address of a known network. It is compared as text, as it is."))
        return {"unexplained": [*self._texts]}


def _progress(size: int) -> Any:
    """A bar on stderr at a terminal, and a word where there is none."""
    return click.progressbar(length=size, label="Reading, then sorting", file=sys.stderr)


def _size(path: Path) -> int:
    with open_input(path):
        return path.stat().st_size


def _opened(named: Sequence[tuple[SourceKind, Path]], stack: ExitStack) -> Iterator[SourceFile]:
    for kind, path in named:
        yield SourceFile(kind, printable(path.name), stack.enter_context(open_input(path)))


def _built(summary: Summary, out: Path) -> dict[str, Json]:
    header = summary.header
    with mapped_input(out) as octets:
        digest = hashlib.sha256(octets).hexdigest()
        size = len(octets)
    again = "" if not summary.duplicates else f"; {summary.duplicates:,} more were given again and left out"
    say(f"{header.entries:,} address{'' if header.entries == 1 else 'es'}{again}.")
    for line in kinds_in_words(summary.kinds):
        say(line)
    for one in header.sources:
        say(printable(f"From {one.name}{f' of {one.date}' if one.date else ''}: {one.count:,}"))
    say(f"\n{size:,} bytes, SHA-256 {digest}")
    sources: list[Json] = [
        {"name": one.name, "date": one.date or None, "sha256": one.digest.hex(), "count": one.count}
        for one in header.sources
    ]
    kinds: list[Json] = [
        {"network": network, "kind": kind, "count": count} for (network, kind), count in sorted(summary.kinds.items())
    ]
    counts: dict[str, Json] = {"entries": header.entries, "duplicates": summary.duplicates, "bytes": size}
    return {**counts, "digest": digest, "sources": sources, "kinds": kinds}


@click.command("check", help="Reads a list, bare or as a bundle, and says what it holds, or each of its faults.")
@click.argument("file", type=file_path, metavar="F")
def check_list(file: Path) -> dict[str, Json]:
    """A built list may be larger than any bundle."""
    with mapped_input(file) as octets:
        if octets[: len(FAMILY)] != FAMILY:
            return check_rules(read_rules(file, "list"), TokenRegistry())
        flagged = FlaggedList.open(octets)
        lines: list[Json] = [*list_in_words(flagged, flagged.verify(bar()))]
        digest = hashlib.sha256(octets).hexdigest()
    for line in lines:
        say(printable(str(line)))
    say(f"\nSHA-256 {digest}")
    return {"kind": "list", "digest": digest, "bundle": None, "words": lines}


class _Answer(NamedTuple):
    """What a list says of one address: a match, nothing, or why it cannot say."""

    address: str
    match: Match | None
    error: InputError | None = None

    def as_json(self) -> dict[str, Json]:
        if self.error:
            told: dict[str, Json] = {"code": self.error.code, "message": self.error.message}
            return {"address": self.address, "flagged": None, "error": told}
        one = self.match
        names = ("entry", "number", "how", "source", "date", "label")
        values = (one.entry, one.line, str(one.how), one.source, one.date, one.label) if one else (None,) * len(names)
        found: dict[str, Json] = dict(zip(names, values, strict=True))
        return {"address": self.address, "flagged": self.match is not None, **found}

    def words(self) -> str:
        if self.error:
            return f"CANNOT SAY   {self.address}: {self.error.message}"
        if self.match is None:
            return f"not flagged  {self.address}"
        one = self.match
        facts = (f"{one.place}, {one.entry}", str(one.how), one.source, one.date, one.label)
        return f"FLAGGED      {self.address}: {'; '.join(filter(None, facts))}"


@click.command("lookup")
@click.argument("addresses", nargs=-1, metavar="[ADDRESS]...")
@click.option("--addresses", "asked_file", type=file_path, metavar="F", help="More of them, one a line.")
@click.option("--list", "list_file", type=file_path, required=True, metavar="LIST", help="Built, plain or a bundle.")
def lookup(addresses: tuple[str, ...], asked_file: Path | None, list_file: Path) -> dict[str, Json]:
    """Says of each address whether a list flags it, by which entry, and how.

    Flagged or not, the answer stands in what is told, and the exit code is 0. An address that cannot be decoded is
    never "not flagged": it fails the whole, after the others were told.
    """
    asked = [*addresses, *(_asked(asked_file) if asked_file else ())]
    if not asked:
        raise UsageError("LIST-NOTHING", "No address is named.", "ADDRESS... or --addresses F.")
    with _opened_list(list_file) as (flagged, digest):
        answers = [_answer(flagged, address) for address in asked]
        for one in answers:
            say(printable(one.words()))
    say(f"\nBy the list with SHA-256 {digest}")
    fields: dict[str, Json] = {"list": digest, "results": [one.as_json() for one in answers]}
    if failed := sum(one.error is not None for one in answers):
        message = f"{failed:,} of {len(answers):,} addresses cannot be decoded, so nobody can say that they are clean."
        raise InputError("LOOKUP-ADDRESS", message, "Copy them whole again.", details=fields)
    return fields


def _asked(file: Path) -> Iterator[str]:
    if _size(file) > MAX_ASKED_BYTES:
        raise InputError("FILE-SIZE", f"The file {file.name} is larger than {MAX_ASKED_BYTES:,} bytes.")
    with open_input(file) as octets:
        for number, line in enumerate(bounded_lines(printable(file.name), octets), 1):
            if address := read_line(number, line.removesuffix(b"\n")):
                yield address


@contextmanager
def _opened_list(file: Path) -> Iterator[tuple[FlaggedList, str]]:
    """The list, and the SHA-256 of its exact bytes. One beyond a device's bound is opened where it lies, unverified."""
    with mapped_input(file) as octets:
        if len(octets) > MAX_LIST_BYTES and octets[: len(FAMILY)] == FAMILY:
            yield FlaggedList.open(octets), hashlib.sha256(octets).hexdigest()
            return
    rules = read_rules(file, "list")
    flagged = FlaggedList.parse(rules.body)
    flagged.verify()
    yield flagged, hashlib.sha256(rules.exact).hexdigest()


def _answer(flagged: FlaggedList, address: str) -> _Answer:
    """An address of any network; a text that is none may still be listed as it is."""
    try:
        return _Answer(address, flagged.find(address, _program))
    except InputError as error:
        if not error.code.startswith("ADDRESS-"):
            raise
        return _exact(flagged, address, error)


def _program(address: str) -> Program:
    return decode_any(address).program


def _exact(flagged: FlaggedList, address: str, error: InputError) -> _Answer:
    try:
        match = flagged.find(EXACT_MARK + address, lambda text: decode_entry(text).program)
    except InputError:
        match = None
    return _Answer(address, match, None if match else error)
