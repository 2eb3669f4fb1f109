"""``custody audit``: what an auditor runs, on any computer, without secrets."""

from pathlib import Path

import click

from custody.audit.checkpoint import MAX_NOTE, LogVerifier
from custody.audit.collect import Collection
from custody.audit.line import BadEntry
from custody.audit.verify import Report, verify
from custody.cli import home_folder
from custody.codec.canonical_json import Json
from custody.edge import blocks
from custody.edge.collected import CollectedLog
from custody.edge.disk import open_read, read_bounded
from custody.edge.places import reading
from custody.edge.progress import bar
from custody.errors import EvidenceError, InputError, UsageError
from custody.wire.increment import UR_TYPE, LogIncrement

_FAULTS = {
    "unreadable": "it cannot be read as an entry",
    "misplaced": "it carries another number: entries were removed, inserted or reordered",
    "changed": "it is not what the log signed",
    "missing": "it is missing: the log was cut",
    "surplus": "it lies beyond the checkpoint, which does not cover it",
}


@click.group()
def audit() -> None:
    """Checks the log of a signer."""


@audit.command("verify")
@click.option(
    "--log", "place", metavar="HOME_OR_EXPORT", help="A signer's home, or an exported log; --home where it is absent."
)
@click.option("--key", metavar="LOGKEY", help="The log key noted at the set-up: text, or a file that holds it.")
def verify_command(place: str | None, key: str | None) -> dict[str, Json]:
    """Holds every entry against the signed checkpoint; names the first that does not hold."""
    entries, checkpoint, own_key = _locate(Path(place) if place else home_folder("signer"))
    verifier = _verifier(key, own_key)
    with open_read(entries) as source:
        report = verify(source, read_bounded(checkpoint, MAX_NOTE), verifier)
    fields = _fields(report, pinned=key is not None)
    if report.first_bad:
        raise _bad(*report.first_bad, fields)
    _tell(report)
    return fields


def _bad(index: int, fault: str, fields: dict[str, Json]) -> EvidenceError:
    return EvidenceError(
        "LOG-ENTRY",
        f"Entry {index} of the log does not hold: {_FAULTS[fault]}.",
        "Every entry before it is as the log signed it. Keep this copy, and compare it with another.",
        details=fields,
    )


@audit.command("collect")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--log", "place", required=True, metavar="DIR", help="The auditor's own folder; made if not there.")
@click.option("--key", required=True, metavar="LOGKEY", help="The log key noted at the set-up: text, or its file.")
def collect_command(sources: tuple[str, ...], place: str, key: str) -> dict[str, Json]:
    """Puts increments of a log together, in whatever order they are named, and keeps what holds.

    A gap, a change or a fork is refused, and nothing is kept then. Afterwards: custody audit verify --log DIR
    """
    verifier = LogVerifier.parse(_key_text(key))
    increments = sorted((_increment(one) for one in sources), key=lambda one: (one.first, one.next))
    folder, collection = CollectedLog(Path(place)), Collection(verifier)
    try:
        folder.read(collection)
        before = collection.size
        added = [line for one in increments for line in collection.add(one)]
    except BadEntry as bad:
        raise _bad(bad.index, str(bad.fault), {"first_bad": {"index": bad.index, "reason": str(bad.fault)}}) from bad
    folder.append(collection, added, str(verifier))
    _tell_collected(before, collection)
    return {
        "added": len(added),
        "as_of": collection.checkpoint,
        "next": collection.size,
        "origin": verifier.origin,
        "root": collection.root.hex(),
        "size": collection.size,
    }


def _increment(source: str) -> LogIncrement:
    from custody.edge.frames import read_source

    if place := blocks.named(source):
        return LogIncrement.parse(blocks.read_blocks(place, "log", bar()))
    return LogIncrement.parse(read_source(source, expected_types={UR_TYPE}).payload)


def _tell_collected(before: int, collection: Collection) -> None:
    last = collection.size - 1
    told = f"Entries {before} to {last} hold, and were added." if last >= before else "Nothing in them is new."
    click.echo(told, err=True)
    click.echo(f"  {collection.size} entries, root {collection.root.hex()}.", err=True)


def _locate(place: Path) -> tuple[Path, Path, Path | None]:
    """Entries and checkpoint, and in a home the key that lies with them; the folder of the log, or the one around it.

    Raises:
        InputError: LOG-PATH, FILE-UNREADABLE.
    """
    with reading(place):
        for folder in (place / "log", place):
            if (folder / "entries").is_file():
                if (folder / "checkpoint").is_file():
                    return folder / "entries", folder / "checkpoint", folder / "log-key.txt"
                if (folder / "checkpoint.txt").is_file():
                    return folder / "entries", folder / "checkpoint.txt", None
    raise InputError("LOG-PATH", "There is no log at this place.", "Name a signer's home, or a folder with `entries`.")


def _verifier(key: str | None, own_key: Path | None) -> LogVerifier:
    if key is not None:
        return LogVerifier.parse(_key_text(key))
    if own_key is None:
        raise UsageError(
            "LOG-KEY-MISSING",
            "An exported log is verified against a log key.",
            "Give --key: the one noted at the set-up, not the one that came with the export.",
        )
    click.echo("WARNING: the log key was taken from the home itself.", err=True)
    click.echo("  Whoever can change the home can change that key too. Give --key as noted at the set-up.", err=True)
    return LogVerifier.parse(read_bounded(own_key, MAX_NOTE).decode(errors="replace").strip())


def _key_text(key: str) -> str:
    path = Path(key)
    if "+" in key and not path.is_file():
        return key.strip()
    if not path.is_file():
        raise InputError("LOG-KEY", "There is no such log key.", "Give the key's text, or a file that holds it.")
    return read_bounded(path, MAX_NOTE).decode(errors="replace").strip()


def _fields(report: Report, *, pinned: bool) -> dict[str, Json]:
    bad = report.first_bad
    return {
        "as_of": report.as_of,
        "first_bad": {"index": bad[0], "reason": bad[1]} if bad else None,
        "hidden": report.hidden,
        "origin": report.origin,
        "pinned": pinned,
        "root": report.root.hex(),
        "size": report.size,
    }


def _tell(report: Report) -> None:
    click.echo(f"The log {report.origin} holds. Entries: {report.size}.", err=True)
    if report.hidden:
        click.echo(f"  Without their private part, erased or not disclosed: {report.hidden}.", err=True)
    click.echo(f"  As of the checkpoint of size {report.size}, root {report.root.hex()}.", err=True)
    click.echo(
        "  A log put back to an earlier state looks the same: compare with the newest checkpoint kept.", err=True
    )
