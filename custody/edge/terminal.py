"""The officers at the terminal: they read, type the code, and give their passphrase. All of it on stderr."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO

import click

from custody import screen
from custody.ceremony import Consent
from custody.errors import Cancelled, UsageError
from custody.judgement import Judgement


@dataclass(frozen=True, slots=True)
class Terminal:
    """One officer. ``given_code`` stands for typing in a rehearsal; None asks for it."""

    officer: str
    rehearsal: bool
    given_code: str | None = None

    def confirm(self, judgement: Judgement, code: str) -> Consent:
        """Shows what will be signed, and takes the officer's code."""
        show(screen.lines(judgement, rehearsal=self.rehearsal))
        say(f"\nTo sign exactly this, {self.officer} types:  {code}")
        return Consent(self.officer, self.given_code or ask("Confirmation code"))


def show(lines: Iterable[str]) -> None:
    """Lines for people."""
    for line in lines:
        say(line)


def say(line: str = "") -> None:
    """A line for people."""
    click.echo(line, err=True)


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


def read_line(stream: BinaryIO) -> str:
    """One line of a file descriptor, without its end; a passphrase handed over by a program.

    Raises:
        Cancelled: INPUT-ENDED.
        UsageError: INPUT-TEXT.
    """
    line = stream.readline(4_097)
    if not line:
        raise Cancelled("INPUT-ENDED", "No passphrase was given.", "Nothing was signed.")
    try:
        return line.removesuffix(b"\n").decode()
    except UnicodeDecodeError:
        raise UsageError("INPUT-TEXT", "The passphrase is not UTF-8 text.") from None
