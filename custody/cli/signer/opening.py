"""What the signer's commands share: their options, and how a home and its key are opened."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click

from custody.ceremony import Consent
from custody.cli import for_people, home_folder
from custody.council_screen import heading
from custody.edge import founding, home, interfaces
from custody.edge.clock import parse_time
from custody.edge.founding import Founders
from custody.edge.home import SignerHome
from custody.edge.inputs import read_input
from custody.edge.key_process import KeyProcess
from custody.edge.terminal import Terminal, ask_secret, read_lines

at_time = click.option("--at", metavar="TIME", help="Rehearsal homes only: the time, as 2026-11-23T09:30:00Z.")
passphrase_descriptor = click.option(
    "--passphrase-fd",
    type=click.IntRange(0, 2**31 - 1),
    metavar="N",
    help="Read passphrases from descriptor N, one line an officer.",
)
secrets_file = click.option(
    "--secrets", type=click.Path(path_type=Path), help="Rehearsal homes only: words and officers."
)
confirm_code = click.option("--confirm", metavar="CODE", help="Rehearsal homes only: the confirmation code.")
consenting = click.option(
    "--officer", "chosen", multiple=True, metavar="NAME", help="Who consents; given once for each. Asked otherwise."
)
destination = click.option("--out", required=True, metavar="DEST", help="screen, F.gif, F.txt, file:F or a folder.")
replace = click.option("--force", is_flag=True, help="Replace what is at the destination.")


@contextmanager
def open_home(at: str | None, *practice: object, judging: bool = True) -> Iterator[SignerHome]:
    """The home that the command is about; a time, or anything else of a rehearsal, opens no other home.

    ``judging`` is False for commands that judge nothing (see `custody.edge.home.opened`).

    Raises:
        HomeError: what `custody.edge.home.opened` raises.
    """
    given = any(one is not None for one in (at, *practice))
    with home.opened(home_folder("signer"), moment(at), practice=given, judging=judging) as opened:
        yield opened


def screen_heading(opened: SignerHome) -> tuple[str, ...]:
    """What stands above every screen of this home."""
    rows = heading(opened.state, opened.times, rehearsal=opened.header.rehearsal)
    network = interfaces.warning()
    return (network, "", *rows) if network else rows


def terminal(opened: SignerHome, secrets: Path | None, chosen: Sequence[str], confirm: str | None = None) -> Terminal:
    """The officers of this home at the terminal; in a rehearsal with a secrets file, the first that it names."""
    names = tuple(chosen)
    if secrets and not names:
        known = [name for name in _founders(secrets).officers if name in opened.present]
        names = tuple(known[: opened.quorum])
    credit = partial(opened.clock.credit, reading=opened.reading)
    paged = for_people() and confirm is None
    return Terminal(opened.present, opened.quorum, screen_heading(opened), names, confirm, credit, paged)


def unlock(opened: SignerHome, consent: Consent, **unlocking: Any) -> KeyProcess:
    """The key process, opened by the officers who consented."""
    names = [one.officer for one in consent.typed]
    return KeyProcess(opened.sealed, passphrases(names, **unlocking), opened.lists)


def passphrases(names: Sequence[str], *, secrets: Path | None, passphrase_fd: int | None) -> dict[str, str]:
    """Each officer's passphrase; ``secrets`` is given for rehearsal homes only.

    Raises:
        UsageError: PASSPHRASE-FD.
        Cancelled: INPUT-ENDED.
    """
    if secrets:
        known = _founders(secrets).officers
        return {name: known.get(name, "") for name in names}
    if passphrase_fd is not None:
        return dict(zip(names, read_lines(passphrase_fd, len(names)), strict=True))
    return {name: ask_secret(f"Passphrase of {name}") for name in names}


def _founders(secrets: Path) -> Founders:
    return Founders.parse(read_input(secrets, founding.MAX_SECRETS))


def moment(at: str | None) -> int | None:
    """The time given, Unix seconds; None for this machine's."""
    return parse_time(at) if at else None
