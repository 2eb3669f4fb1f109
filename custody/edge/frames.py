"""Where messages come from and go to: SOURCE and DEST of the command line (docs/spec/qr.md).

SOURCE: ``camera:``, ``images:F_OR_DIR``, ``text:F``, ``file:F``, or a bare path taken by its suffix. DEST: ``screen``,
``F.gif``, ``F.txt``, ``file:F``, or a folder.
"""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import click

from custody.edge import camera
from custody.edge.decoder import JailedDecoder
from custody.edge.decoder_child import MAX_IMAGE
from custody.edge.disk import write_atomic
from custody.edge.inputs import read_input
from custody.edge.places import reading, writing
from custody.errors import InputError, UsageError
from custody.qr import ur
from custody.qr.collector import Outcome, Scan
from custody.qr.fountain import MAX_MESSAGE
from custody.qr.profile import Profile, default_profile, frames

MAX_PICTURES = 10_000
MAX_LINES = 10_000
MAX_TEXT_FILE = 33_554_432

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp")
FILE_TYPES = {
    ".request": "x-custody-request",
    ".response": "x-custody-response",
    ".bundle": "x-custody-bundle",
    ".account": "x-custody-account",
    ".psbt": "psbt",
    ".increment": "x-custody-log",
}
_SOURCES = (
    "A source is camera:, images:F_OR_DIR, text:F or file:F, or a path that ends in .png .jpg .jpeg .gif .bmp, .txt, "
    ".request .response .account .bundle .psbt .increment, or a folder of images."
)
_DESTS = (
    "A destination is screen, F.gif, F.txt, file:F, a path that ends in .request .response .account .bundle .psbt "
    ".increment, or a folder without a suffix for frame-0001.png and so on."
)
_FRAME_NAME = "frame-{:04}.png"


class Decoder(Protocol):
    """What turns a picture into texts: `JailedDecoder`, or a stand-in in tests."""

    def decode(self, image: bytes) -> Iterator[list[str]]:
        """The texts of each frame. Raises InputError for a picture that cannot be read."""


DecoderFactory = Callable[[], AbstractContextManager[Decoder]]


def read_source(
    source: str, *, expected_types: AbstractSet[str] | None = None, decoder_factory: DecoderFactory = JailedDecoder
) -> ur.Message:
    """The message that a SOURCE holds.

    Args:
        source: where to read.
        expected_types: UR types that are welcome, None for any. A file whose suffix names no type is of the one
            expected type.
        decoder_factory: how pictures are decoded.

    Raises:
        UsageError: SOURCE-FORM.
        InputError: SOURCE-MISSING, SOURCE-TOO-LARGE, SOURCE-TYPE, SCAN-INCOMPLETE, DECODER-EXHAUSTED, and what
            `read_input` and `camera.pictures` raise.
        HomeError: JAIL-UNAVAILABLE.
    """
    form, path = _source_form(source)
    if form == "file":
        return _read_message(path, expected_types)
    scan = Scan(expected_types)
    with _progress(scan) as tick:
        if form == "text":
            _scan_texts(scan, _lines(path), tick)
        else:
            seen = camera.pictures(path) if form == "camera" else _pictures(path)
            with decoder_factory() as decoder:
                _scan_pictures(scan, seen, decoder, tick)
    return scan.result()


def shows_frames(source: str) -> bool:
    """Whether a place holds frames, and is no file to be taken as it lies; a bare ``.txt`` is such a file."""
    prefix, _ = _prefix(source)
    if prefix:
        return prefix in ("camera", "images", "text")
    with reading(path := Path(source)):
        return path.suffix.lower() in IMAGE_SUFFIXES or path.is_dir()


def check_dest(dest: str, *, force: bool = False) -> None:
    """Refuse a DEST before work is done for it.

    Raises:
        UsageError: DEST-FORM, DEST-EXISTS when it exists and `force` is not given, or is a folder that holds anything
            but frames.
        InputError: DEST-UNWRITABLE when its folder is not there.
    """
    form, path = _dest_form(dest)
    if form == "screen":
        return
    with writing(path):
        parent, taken = path.absolute().parent.is_dir(), path.exists() or path.is_symlink()
    if not parent:
        raise InputError("DEST-UNWRITABLE", f"The folder of {path.name} does not exist.")
    if not taken:
        return
    if not force:
        raise UsageError("DEST-EXISTS", f"{path.name} exists.", "Choose another name, or add --force to replace it.")
    if path.is_dir() != (form == "folder") or (form == "folder" and not _holds_only_frames(path)):
        raise UsageError("DEST-EXISTS", f"{path.name} exists and is something else than would replace it.")


def write_dest(
    message: ur.Message,
    dest: str,
    *,
    profile: Profile | None = None,
    parts: int | None = None,
    force: bool = False,
) -> int:
    """Write a message to a DEST, whole or not at all; the number of frames, 1 for a file.

    Args:
        message: what to write.
        dest: where to.
        profile: size and pace of frames; None for the default of the message's type.
        parts: number of frames, if not that of `custody.qr.profile.frames`.
        force: replace what exists.

    Raises:
        UsageError: DEST-FORM, DEST-EXISTS, QR-PARTS.
        InputError: DEST-UNWRITABLE, UR-LIMIT, QR-CAPACITY, SCREEN-TOO-SMALL.
        HomeError: HOME-NO-SPACE.
    """
    check_dest(dest, force=force)
    form, path = _dest_form(dest)
    if form == "file":
        with writing(path):
            write_atomic(path, ur.unwrap(message))
        return 1
    if form == "screen":
        from custody.edge.animation import show

        return show(message, profile, parts)
    profile = profile or default_profile(message.type)
    texts = frames(message, profile, parts)
    if form == "text":
        with writing(path):
            write_atomic(path, "\n".join([*texts, ""]).encode())
        return len(texts)
    from custody.qr import render, symbol

    matrices = symbol.encode(texts)
    if form == "gif":
        with writing(path):
            write_atomic(path, render.gif(matrices, profile.fps))
    else:
        _replace_folder(path, map(render.png, matrices))
    return len(texts)


def _source_form(source: str) -> tuple[str, Path]:
    prefix, rest = _prefix(source)
    path, suffix = Path(rest), Path(rest).suffix.lower()
    if prefix == "camera" and (not rest or path.is_absolute()):
        return prefix, path if rest else camera.DEFAULT
    if rest and prefix in ("images", "text", "file"):
        return prefix, path
    if rest and not prefix:
        if suffix == ".txt":
            return "text", path
        if suffix in FILE_TYPES:
            return "file", path
        with reading(path):
            if suffix in IMAGE_SUFFIXES or path.is_dir():
                return "images", path
    raise UsageError("SOURCE-FORM", "This is no source of a message.", _SOURCES)


def _dest_form(dest: str) -> tuple[str, Path]:
    prefix, rest = _prefix(dest)
    path, suffix = Path(rest), Path(rest).suffix.lower()
    if dest == "screen" or (prefix == "file" and path.name):
        return prefix or "screen", path
    if path.name and not prefix:
        if suffix in FILE_TYPES:
            return "file", path
        if suffix in (".gif", ".txt"):
            return "gif" if suffix == ".gif" else "text", path
        with writing(path):
            if not suffix or path.is_dir():
                return "folder", path
    raise UsageError("DEST-FORM", "This is no destination for a message.", _DESTS)


def _prefix(place: str) -> tuple[str, str]:
    """What stands before the colon, if it is a word; a path may hold colons as well, but not after a bare word."""
    word, colon, rest = place.partition(":")
    return (word, rest) if colon and word.isalpha() else ("", place)


def _read_message(path: Path, expected_types: AbstractSet[str] | None) -> ur.Message:
    kind = FILE_TYPES.get(path.suffix.lower())
    if kind is None and expected_types is not None and len(expected_types) == 1:
        (kind,) = expected_types
    if kind is None or (expected_types is not None and kind not in expected_types):
        raise InputError("SOURCE-TYPE", f"{path.name} does not hold what is asked for, judged by its suffix.", _SOURCES)
    return ur.wrap(kind, read_input(path, MAX_MESSAGE))


def _lines(path: Path) -> Iterable[str]:
    lines = read_input(path, MAX_TEXT_FILE).decode("ascii", "replace").splitlines()
    if len(lines) > MAX_LINES:
        raise InputError("SOURCE-TOO-LARGE", f"{path.name} holds more than {MAX_LINES:,} lines.")
    return filter(None, map(str.strip, lines))


def _pictures(path: Path) -> list[Path]:
    with reading(path):
        if not path.is_dir():
            if not path.is_file():
                raise InputError("SOURCE-MISSING", f"There is no file or folder {path.name}.")
            return [path]
        pictures = sorted(entry for entry in path.iterdir() if entry.suffix.lower() in IMAGE_SUFFIXES)
    if not pictures:
        raise InputError("SOURCE-MISSING", f"The folder {path.name} holds no image.", _SOURCES)
    if len(pictures) > MAX_PICTURES:
        raise InputError("SOURCE-TOO-LARGE", f"The folder {path.name} holds more than {MAX_PICTURES:,} images.")
    return pictures


def _scan_texts(scan: Scan, texts: Iterable[str], tick: Callable[[], None]) -> None:
    for text in texts:
        scan.accept(text)
        tick()
        if scan.message:
            return


def _scan_pictures(scan: Scan, pictures: Iterable[Path | bytes], decoder: Decoder, tick: Callable[[], None]) -> None:
    for picture in pictures:
        try:
            for texts in decoder.decode(picture if isinstance(picture, bytes) else read_input(picture, MAX_IMAGE)):
                if not texts:
                    scan.miss(Outcome.EMPTY)
                    tick()
                _scan_texts(scan, texts, tick)
                if scan.message:
                    return
        except InputError as error:
            if error.code == "DECODER-EXHAUSTED":
                raise
            # One bad picture among many is no reason to stop; the count of them is told.
            scan.miss(Outcome.UNREADABLE)


@contextmanager
def _progress(scan: Scan) -> Iterator[Callable[[], None]]:
    if not sys.stderr.isatty():
        yield lambda: None
        return

    def tick() -> None:
        progress = scan.progress
        seen = sum(progress.frames.values())
        click.echo(f"\r{progress.rank} of {progress.needed or '?'} parts, {seen} frames ", err=True, nl=False)

    try:
        yield tick
    finally:
        click.echo(err=True)


def _replace_folder(path: Path, pictures: Iterable[bytes]) -> None:
    with writing(path):
        temporary = Path(tempfile.mkdtemp(dir=path.absolute().parent, prefix="."))
        try:
            made = temporary / "made"
            made.mkdir()
            for number, picture in enumerate(pictures, start=1):
                (made / _FRAME_NAME.format(number)).write_bytes(picture)
            if path.exists():
                path.rename(temporary / "replaced")
            made.rename(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _holds_only_frames(folder: Path) -> bool:
    return all(entry.name.startswith("frame-") and entry.suffix == ".png" for entry in folder.iterdir())
