"""`custody coordinator blocks`: what is too large for frames, on a stick."""

import hashlib
from pathlib import Path

import click

from custody.codec.canonical_json import Json
from custody.edge.blocks import check_blocks, write_blocks
from custody.edge.inputs import mapped_input, open_input
from custody.edge.progress import bar
from custody.edge.terminal import say
from custody.errors import InputError
from custody.screening.flagged import FlaggedList
from custody.screening.layout import FAMILY, Octets
from custody.vault import mnemonic
from custody.wire.blocks import LIMITS, Header, Kind
from custody.wire.bundle import MAX_BYTES, SignedBundle

_path = click.Path(path_type=Path)


@click.group("blocks")
def blocks() -> None:
    """Raw blocks on a stick, without a filesystem."""


@blocks.command("write")
@click.argument("file", type=_path, metavar="F")
@click.option("--out", type=_path, required=True, metavar="DEVICE_OR_FILE", help="The whole stick, never a partition.")
@click.option("--force", is_flag=True, help="Overwrite what is on it.")
def write(file: Path, out: Path, force: bool) -> dict[str, Json]:
    """Writes a built list or a signed bundle for the signer's take-in. It overwrites the stick from its first block."""
    check_blocks(out, force=force)
    with mapped_input(file) as octets:
        header = Header(_kind(octets), len(octets), hashlib.sha256(octets).digest())
    with open_input(file) as message:
        write_blocks(out, header, message, bar(), force=force)
    words = mnemonic.from_entropy(header.digest)
    say(f"On {out}: a {header.kind} of {header.length:,} bytes. SHA-256 {header.digest.hex()}")
    say(f"Tell the officers these words; the signer shows them at take-in:\n  {words}")
    return {"kind": header.kind, "bytes": header.length, "sha256": header.digest.hex(), "words": words}


def _kind(octets: Octets) -> Kind:
    """What a file is, by its first octets, once its reader has taken it. Raises InputError."""
    if octets[0 : len(FAMILY)] == FAMILY:
        FlaggedList.open(octets)
        kind: Kind = "list"
    else:
        SignedBundle.parse(octets[0 : MAX_BYTES + 1])
        kind = "bundle"
    if len(octets) > LIMITS[kind]:
        raise InputError("BLOCKS-LENGTH", f"A {kind} on a stick has 1 to {LIMITS[kind]:,} bytes.")
    return kind
