"""What the signer's commands share: their options, and how a home and its key are opened."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from custody.cli import home_folder
from custody.edge import founding, home
from custody.edge.clock import parse_time, unix_time
from custody.edge.founding import Founders
from custody.edge.home import SignerHome
from custody.edge.inputs import read_input
from custody.edge.key_process import KeyProcess
from custody.edge.terminal import ask_secret, read_line
from custody.errors import UsageError

at_time = click.option("--at", metavar="TIME", help="Rehearsal homes only: the time, as 2026-11-23T09:30:00Z.")
passphrase_descriptor = click.option(
    "--passphrase-fd", type=click.IntRange(0, 2**31 - 1), metavar="N", help="Read the passphrase from descriptor N."
)
secrets_file = click.option(
    "--secrets", type=click.Path(path_type=Path), help="Rehearsal homes only: words and officers."
)
destination = click.option("--out", required=True, metavar="DEST", help="screen, F.gif, F.txt, file:F or a folder.")
replace = click.option("--force", is_flag=True, help="Replace what is at the destination.")


@contextmanager
def open_home(at: str | None, *practice: object) -> Iterator[SignerHome]:
    """The home that the command is about; a time, or anything else of a rehearsal, opens no other home.

    Raises:
        HomeError: what `custody.edge.home.opened` raises.
    """
    given = any(one is not None for one in (at, *practice))
    with home.opened(home_folder("signer"), now(at), practice=given) as opened:
        yield opened


def unlock(opened: SignerHome, *, secrets: Path | None, passphrase_fd: int | None) -> KeyProcess:
    """The key process, opened with the officer's passphrase; ``secrets`` is given for rehearsal homes only."""
    if secrets:
        passphrase = Founders.parse(read_input(secrets, founding.MAX_SECRETS)).passphrase
    else:
        passphrase = ask_passphrase(passphrase_fd, f"Passphrase of {opened.officers[0]}")
    return KeyProcess(opened.sealed_seed, passphrase)


def ask_passphrase(descriptor: int | None, question: str, *, twice: bool = False) -> str:
    """The passphrase, from a prompt or a descriptor.

    Raises:
        UsageError: PASSPHRASE-FD.
        Cancelled: INPUT-ENDED.
    """
    if descriptor is None:
        return ask_secret(question, twice=twice)
    try:
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return read_line(stream)
    except OSError as error:
        raise UsageError("PASSPHRASE-FD", f"Descriptor {descriptor} cannot be read.") from error


def now(at: str | None) -> int:
    """The time given, else this machine's."""
    return parse_time(at) if at else unix_time()
