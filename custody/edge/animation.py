"""Frames on a terminal, in half blocks: over and over until Enter, or once where nobody watches."""

import select
import shutil
import sys
from itertools import cycle

import click

from custody.errors import InputError
from custody.qr import render, symbol, ur
from custody.qr.profile import Profile, default_profile, fragment_of_version, frames

_SMALLEST_VERSION = 5
_CLEAR, _HOME = "\x1b[2J", "\x1b[H"
# Bright white on black whatever the colours of the terminal, so that dark modules are dark.
_INK, _PLAIN = "\x1b[97;40m", "\x1b[0m"


def show(message: ur.Message, profile: Profile | None, parts: int | None) -> int:
    """Show a message on standard output; the number of frames.

    On a terminal the largest version that fits is taken, unless `profile` says otherwise, and the frames go on until
    Enter or Ctrl-C, once without a keyboard. Elsewhere they are printed once.

    Raises:
        InputError: SCREEN-TOO-SMALL, and what `frames` and `symbol.encode` raise.
    """
    watched = sys.stdout.isatty()
    profile = profile or (_fitting_profile(message.type) if watched else default_profile(message.type))
    matrices = symbol.encode(frames(message, profile, parts))
    pictures = [render.half_blocks(matrix) for matrix in matrices]
    if not watched:
        click.echo("\n\n".join(pictures))
    elif len(matrices[0]) > _largest_symbol():
        raise InputError("SCREEN-TOO-SMALL", "The frames are larger than the terminal.", "Take smaller fragments.")
    else:
        _animate(pictures, profile.fps)
    return len(pictures)


def _largest_symbol() -> int:
    """Modules a side: a column a module, a row for two, and a row left for the cursor."""
    columns, rows = shutil.get_terminal_size()
    return min(columns, 2 * (rows - 1)) - 2 * render.QUIET_ZONE


def _fitting_profile(message_type: str) -> Profile:
    default = default_profile(message_type)
    version = min((_largest_symbol() - 17) // 4, len(symbol.CAPACITIES))
    if version < _SMALLEST_VERSION:
        raise InputError(
            "SCREEN-TOO-SMALL",
            "The terminal is too small for QR codes.",
            "It needs 45 columns and 24 rows at least; a smaller font makes more of them.",
        )
    return Profile(min(default.fragment, fragment_of_version(version, message_type)), default.fps)


def _animate(pictures: list[str], fps: int) -> None:
    keyboard = [sys.stdin] if sys.stdin.isatty() else []
    click.echo(_CLEAR, nl=False)
    try:
        for picture in cycle(pictures) if keyboard else pictures:
            click.echo(f"{_HOME}{_INK}{picture}{_PLAIN}", nl=False)
            if select.select(keyboard, [], [], 1 / fps)[0]:
                sys.stdin.readline()
                break
    except KeyboardInterrupt:
        pass
    click.echo(f"{_PLAIN}{_CLEAR}{_HOME}", nl=False)
