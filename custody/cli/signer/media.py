"""`custody signer take-in` and `export`: what a stick brings into the home, and the log on its way to the auditor."""

from io import BytesIO
from pathlib import Path

import click

from custody.audit.collect import increment
from custody.audit.merkle import MAX_SIZE
from custody.cli.signer.opening import at_time, open_home, replace, screen_heading
from custody.codec.canonical_json import Json
from custody.edge import blocks, inbox
from custody.edge.progress import bar
from custody.edge.terminal import ask, say, show
from custody.errors import Cancelled
from custody.qr.ur import Message
from custody.vault import mnemonic
from custody.wire.blocks import Header
from custody.wire.increment import MAX_LINES_BLOCKS, MAX_LINES_FILE, MAX_LINES_FRAMES, UR_TYPE

_TYPED = 4
_IN_A_ROW = 8


@click.command("take-in")
@click.argument("place", type=click.Path(path_type=Path), metavar="DEVICE_OR_FILE")
@click.option("--sha256", "known", metavar="HEX", help="Take exactly this, and ask nobody.")
@at_time
def take_in(place: Path, known: str | None, at: str | None) -> dict[str, Json]:
    """Copies a large list or a bundle from a stick's raw blocks. It decides nothing until it is installed."""
    with open_home(at, judging=False) as opened, blocks.opened(place, {"bundle", "list"}) as stick:
        show(screen_heading(opened))
        path = opened.take_in(stick)
        try:
            _agree(stick.header, known)
        except BaseException:
            inbox.discard(path)
            raise
        entry = opened.taken(stick.header)
    say(f"Logged as entry {entry.index}. It decides nothing yet: custody signer install")
    return {
        "kind": stick.header.kind,
        "bytes": stick.header.length,
        "sha256": stick.header.digest.hex(),
        "words": mnemonic.from_entropy(stick.header.digest),
        "entry": {"index": entry.index},
    }


def _agree(header: Header, known: str | None) -> None:
    """A person at the console compares what was copied with what compliance has told him."""
    digest = header.digest.hex()
    say(f"\nTaken from the stick: a {header.kind} of {header.length:,} bytes. SHA-256 of the copy:\n")
    for start in range(0, len(digest), 32):
        say("  " + " ".join(digest[at : at + 8] for at in range(start, start + 32, 8)))
    words = mnemonic.from_entropy(header.digest).split()
    for start in range(0, len(words), _IN_A_ROW):
        say("  " + " ".join(words[start : start + _IN_A_ROW]))
    say()
    typed = known if known is not None else ask(f"To keep it, type the last {_TYPED} digits of its SHA-256")
    if typed.strip().lower() != (digest if known is not None else digest[-_TYPED:]):
        raise Cancelled("TAKE-IN-UNCONFIRMED", "This is not its SHA-256.", "Nothing was kept.")


@click.command("export")
@click.option("--since", type=click.IntRange(0, MAX_SIZE), required=True, metavar="N", help="The first entry.")
@click.option(
    "--out",
    required=True,
    metavar="DEST",
    help="screen, F.gif, F.txt, F.increment, a folder, or blocks:DEVICE_OR_FILE.",
)
@replace
@at_time
def export(since: int, out: str, force: bool, at: str | None) -> dict[str, Json]:
    """Gives the log to the auditor, entry N and those after it, as many as fit: no private part, no secret."""
    from custody.edge.frames import FILE_TYPES, check_dest, write_dest

    place = blocks.named(out)
    if place is None:
        check_dest(out, force=force)
    else:
        blocks.check_blocks(place, force=force)
    whole = out.startswith("file:") or Path(out).suffix in FILE_TYPES
    limit = MAX_LINES_BLOCKS if place else MAX_LINES_FILE if whole else MAX_LINES_FRAMES
    with open_home(at, judging=False) as opened:
        made, size = increment(opened.log, since, limit), opened.log.size
    message = made.serialize()
    frames = 1
    if place:
        blocks.write_blocks(place, Header.of("log", message), BytesIO(message), bar(), force=force)
    else:
        frames = write_dest(Message(UR_TYPE, message), out, force=force)
    say(f"Entries {since} to {made.next - 1} of {size}.{_more(made.next, size)}")
    return {"first": since, "next": made.next, "size": size, "frames": frames}


def _more(following: int, size: int) -> str:
    return f" The next ones: custody signer export --since {following}" if following < size else ""
