"""The officers at the terminal: they read, type the code, and give their passphrase. All of it on stderr."""

import os
import sys
import termios
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from io import FileIO

import click

from custody import council_screen, screen
from custody.ceremony import Consent
from custody.errors import Cancelled, UsageError
from custody.governance.actions import Resolution
from custody.judgement import Judgement
from custody.officers.consent import Typed

#: The size of a terminal that does not tell its own: columns and rows.
_UNKNOWN = (80, 24)
# Below a page stand the question for the next one and the cursor.
_BELOW = 2
#: Rows for a code that stands under what is shown.
ROOM = 4


@dataclass(frozen=True, slots=True)
class Terminal:
    """The officers at the device, one after the other.

    Attributes:
        present: who may consent. needed: how many of them a signature takes.
        heading: lines that stand above everything shown.
        chosen: who consents, named on the command line; otherwise they are asked, where there is a choice.
        given_code: stands for typing in a rehearsal; None asks for it.
        credit: for the date of a bundle, the seconds that the clock would count as passed.
        paged: whether officers turn the pages of what a terminal cannot hold at once.
    """

    present: tuple[str, ...]
    needed: int
    heading: tuple[str, ...]
    chosen: tuple[str, ...] = ()
    given_code: str | None = None
    credit: Callable[[int], int] = lambda _: 0
    paged: bool = False

    def confirm(self, judgement: Judgement, code: str) -> Consent:
        """Shows what will be signed, and takes each officer's code."""
        return self._consent([*screen.lines(judgement, self.heading)], code, self.needed, "sign exactly this")

    def agree(self, resolution: Resolution, code: str) -> Consent:
        """Shows what will be decided about the device, and takes each officer's code."""
        credit = self.credit(resolution.stamp) if resolution.stamp else 0
        lines = [*council_screen.lines(resolution, self.heading, credit)]
        return self._consent(lines, code, resolution.needed, "decide so")

    def _consent(self, lines: list[str], code: str, needed: int, what: str) -> Consent:
        # Each officer's name and code are typed under it.
        show_pages(lines, ROOM + 2 * needed, paged=self.paged)
        names = self.names(needed)
        do = f"{' and '.join(names)} each read the screen and type" if len(names) > 1 else f"{names[0]} types"
        say(f"\nTo {what}, {do}:  {code}")
        return Consent(tuple(Typed(name, self.given_code or ask(f"Confirmation code, {name}")) for name in names))

    def names(self, needed: int) -> tuple[str, ...]:
        """Who consents. Raises UsageError OFFICER-UNKNOWN, OFFICERS-FEW."""
        if self.chosen:
            names = self.chosen
        elif needed == len(self.present):
            names = self.present
        else:
            say(f"\nOfficers: {', '.join(self.present)}. {needed} of them must consent.")
            names = tuple(ask(f"Name of officer {place} of {needed}") for place in range(1, needed + 1))
        strangers = [name for name in names if name not in self.present]
        if strangers:
            raise UsageError(
                "OFFICER-UNKNOWN",
                f"Not an officer of this device: {', '.join(strangers)}.",
                f"Its officers are {', '.join(self.present)}.",
            )
        if len(set(names)) < max(needed, len(names)):
            raise UsageError("OFFICERS-FEW", f"{needed} different officers must consent.", "One person cannot be two.")
        return names


def show(lines: Iterable[str]) -> None:
    """Lines for people."""
    for line in lines:
        say(line)


def show_pages(lines: Iterable[str], room: int = ROOM, *, paged: bool) -> None:
    """Lines that people must have read. With ``paged``, a terminal that cannot hold them, with ``room`` for what
    comes below, shows them page by page, each until Enter: a console keeps nothing of what has scrolled away.

    Raises:
        Cancelled: INPUT-ENDED.
    """
    columns, rows = _size() if paged and _at_terminal() else (0, 0)
    told = [*lines]
    if not rows or len([*screen.pages(told, columns, rows - room)]) == 1:
        show(told)
        return
    sheets = [*screen.pages(told, columns, max(1, rows - _BELOW))]
    for number, sheet in enumerate(sheets, 1):
        show(sheet)
        # A key that was pressed too long turns no page unread.
        termios.tcflush(sys.stdin, termios.TCIFLUSH)
        turn = f"-- page {number} of {len(sheets)}: Enter --"
        _asked(partial(click.prompt, turn, "", show_default=False, prompt_suffix=" ", err=True))


def _at_terminal() -> bool:
    """Whether somebody sits at a terminal, to read and to type."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def _size() -> tuple[int, int]:
    """Columns and rows of the terminal."""
    columns, rows = os.get_terminal_size(sys.stderr.fileno())
    return columns or _UNKNOWN[0], rows or _UNKNOWN[1]


def say(line: str = "") -> None:
    """A line for people."""
    click.echo(line, err=True)


def agree_to_sign(*, asked: bool) -> None:
    """A yes of the person at the terminal before a key signs what is shown: an agent that remembers the PIN asks none.

    Raises:
        Cancelled: SIGNING-DECLINED, INPUT-ENDED.
    """
    if asked and _at_terminal() and ask("To sign exactly this, type yes").strip().lower() != "yes":
        raise Cancelled("SIGNING-DECLINED", "Nothing was signed.")


def ask(question: str) -> str:
    """What a person types.

    Raises:
        Cancelled: INPUT-ENDED.
        UsageError: INPUT-TEXT.
    """
    return _asked(lambda: click.prompt(question, err=True))


def ask_secret(question: str, *, twice: bool = False) -> str:
    """What a person types unseen.

    Raises:
        Cancelled: INPUT-ENDED.
        UsageError: INPUT-TEXT.
    """
    return _asked(lambda: click.prompt(question, err=True, hide_input=True, confirmation_prompt=twice))


def _asked(prompt: Callable[[], str]) -> str:
    if sys.stdin is None:
        raise Cancelled("INPUT-ENDED", "There is nobody to ask: standard input is closed.", "Nothing was signed.")
    try:
        typed = prompt()
        typed.encode()
    except (click.Abort, EOFError) as error:
        raise Cancelled("INPUT-ENDED", "Nobody answered.", "Nothing was signed.") from error
    except UnicodeError:
        raise UsageError("INPUT-TEXT", "What was typed is not UTF-8 text.") from None
    return typed


def read_lines(descriptor: int, count: int) -> list[str]:
    """So many lines of a file descriptor, without their ends; passphrases handed over by a program.

    Raises:
        Cancelled: INPUT-ENDED.
        UsageError: PASSPHRASE-FD, INPUT-TEXT.
    """
    try:
        # Unbuffered: what follows belongs to the officers of the next decision.
        with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as stream:
            return [_read_line(stream) for _ in range(count)]
    except OSError as error:
        raise UsageError("PASSPHRASE-FD", f"Descriptor {descriptor} cannot be read.") from error


def _read_line(stream: FileIO) -> str:
    line = stream.readline(4_097)
    if not line:
        raise Cancelled("INPUT-ENDED", "No passphrase was given.", "Nothing was signed.")
    try:
        return line.removesuffix(b"\n").decode()
    except UnicodeDecodeError:
        raise UsageError("INPUT-TEXT", "The passphrase is not UTF-8 text.") from None
