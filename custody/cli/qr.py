"""``custody qr``: a message to frames and back, with no home and no opinion on what the message says."""

from hashlib import sha256
from pathlib import Path

import click

from custody.codec.canonical_json import Json
from custody.edge.frames import check_dest, read_source, write_dest
from custody.edge.inputs import read_input
from custody.errors import UsageError
from custody.qr import ur
from custody.qr.fountain import MAX_MESSAGE
from custody.qr.profile import Profile, default_profile, fragment_of_version


@click.group()
def qr() -> None:
    """Messages to QR codes and back."""


@qr.command()
@click.argument("file", metavar="F")
@click.option("--type", "kind", metavar="T", required=True, help="UR type, e.g. x-custody-request, psbt, bytes.")
@click.option("--out", metavar="DEST", required=True, help="screen, F.gif, F.txt, file:F, or a folder.")
@click.option("--version", metavar="V", type=int, help="Fill QR codes of this version, 5 to 40.")
@click.option("--fragment", metavar="N", type=int, help="Or: bytes in a fragment.")
@click.option("--fps", metavar="N", type=int, help="Frames a second.")
@click.option("--parts", metavar="N", type=int, help="Number of frames; twice the fragments by default.")
@click.option("--force", is_flag=True, help="Replace DEST.")
def encode(
    file: str,
    kind: str,
    out: str,
    version: int | None,
    fragment: int | None,
    fps: int | None,
    parts: int | None,
    force: bool,
) -> dict[str, Json]:
    """Shows the content of a file as frames."""
    check_dest(out, force=force)
    profile = _profile(kind, version, fragment, fps)
    message = ur.wrap(kind, read_input(Path(file), MAX_MESSAGE))
    count = write_dest(message, out, profile=profile, parts=parts, force=force)
    click.echo(f"{kind}, {len(message.payload):,} bytes, frames: {count}", err=True)
    return {"type": kind, "size": len(message.payload), "frames": count}


@qr.command()
@click.argument("source", metavar="SOURCE")
@click.option("-o", "out", metavar="F", required=True, help="File for the content of the message.")
@click.option("--force", is_flag=True, help="Replace F.")
def decode(source: str, out: str, force: bool) -> dict[str, Json]:
    """Writes the message that frames hold to a file."""
    check_dest(f"file:{out}", force=force)
    message = read_source(source)
    write_dest(message, f"file:{out}", force=force)
    content = ur.unwrap(message)
    digest = sha256(content).hexdigest()
    click.echo(f"{message.type}, {len(content):,} bytes, SHA-256 {digest}", err=True)
    return {"type": message.type, "size": len(content), "sha256": digest}


def _profile(kind: str, version: int | None, fragment: int | None, fps: int | None) -> Profile | None:
    """What was asked for; None for all defaults, so that a terminal may choose by its size."""
    if version is not None and fragment is not None:
        raise UsageError("QR-PROFILE", "Give --version or --fragment, not both.")
    if version is None and fragment is None and fps is None:
        return None
    default = default_profile(kind)
    if version is not None:
        fragment = fragment_of_version(version, kind)
    return Profile(
        fragment=default.fragment if fragment is None else fragment,
        fps=default.fps if fps is None else fps,
    )
