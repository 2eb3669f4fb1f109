"""`custody signer install`, `veto`, `freeze` and `thaw`: what the officers decide about the device itself."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from custody import council, council_screen
from custody.cli import for_people, home_folder
from custody.cli.signer.opening import (
    at_time,
    confirm_code,
    consenting,
    open_home,
    passphrase_descriptor,
    screen_heading,
    secrets_file,
    terminal,
    unlock,
)
from custody.codec.canonical_json import Json
from custody.council import Decided
from custody.edge.inbox import taken_bundle
from custody.edge.terminal import say, show_pages
from custody.errors import CustodyError
from custody.governance.actions import Action, Freeze, Install, Resolution, Thaw, Veto
from custody.governance.state import KINDS
from custody.wire.bundle import UR_TYPE, SignedBundle

_show = click.option(
    "--show", "only_show", is_flag=True, help="Show what would be decided, and its code; change and log nothing."
)


#: What people are told of a bundle that was taken in.
_OUTCOMES: dict[object, str] = {None: "", "waiting": " It waits: custody signer status", "in force": " It is in force."}


def _deciding(command: Any) -> Any:
    """The options of every decision."""
    for option in (at_time, passphrase_descriptor, secrets_file, consenting, confirm_code, _show):
        command = option(command)
    return command


@click.command("install")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@_deciding
def install(sources: tuple[str, ...], **options: Any) -> dict[str, Json]:
    """Takes in signed bundles: policy, list, tokens, roster or vasps.

    SOURCE inbox: is the bundle that was taken in from a stick. Shows what each would newly allow. What loosens
    nothing is in force at once; the rest waits, and any officer can veto it.
    """
    # All are read before officers are asked for the first.
    signed = [_signed(one) for one in sources]
    done: list[Json] = []
    for one in signed:
        try:
            done.append(_told(Install(one), **options))
        except CustodyError as error:
            error.details = {**error.details, "installed": done}
            raise
    return {"installed": done}


def _signed(source: str) -> SignedBundle:
    from custody.edge.frames import read_source

    if source == "inbox:":
        return taken_bundle(home_folder("signer"))
    return SignedBundle.parse(read_source(source, expected_types={UR_TYPE}).payload)


@click.command("veto")
@click.argument("kind", type=click.Choice(KINDS))
@_deciding
def veto(kind: str, **options: Any) -> dict[str, Json]:
    """Throws out what waits to come into force. One officer is enough."""
    return _told(Veto(kind), **options)


@click.command("freeze")
@_deciding
def freeze(**options: Any) -> dict[str, Json]:
    """Signs nothing from now on. One officer is enough."""
    return _told(Freeze(), **options)


@click.command("thaw")
@_deciding
def thaw(**options: Any) -> dict[str, Json]:
    """Signs again after the delay. Takes the quorum."""
    return _told(Thaw(), **options)


def _told(action: Action, *, only_show: bool, at: str | None, **options: Any) -> dict[str, Json]:
    """What was decided, or would be, for scripts."""
    if only_show:
        return _shown(action, at)
    decided = _decide(action, at, **options)
    fields: dict[str, Json] = {**decided.resolution.agreed, "entry": {"index": decided.entry.index}}
    return fields | _when(decided.resolution)


def _shown(action: Action, at: str | None) -> dict[str, Json]:
    with open_home(at) as opened:
        resolution, code = council.review(action, opened)
        credit = opened.clock.credit(resolution.stamp, opened.reading) if resolution.stamp else 0
        lines = [*council_screen.lines(resolution, screen_heading(opened), credit)]
    show_pages(lines, paged=for_people())
    say(f"\nTo decide so, {resolution.needed} officer(s) each type:  {code}")
    return {**resolution.agreed, "confirmation": code, "needed": resolution.needed} | _when(resolution)


def _when(resolution: Resolution) -> dict[str, Json]:
    """Of a bundle, whether it is in force at once."""
    if resolution.proposal is None:
        return {}
    return {"status": "waiting" if resolution.proposal.delay else "in force"}


def _decide(
    action: Action,
    at: str | None,
    *,
    confirm: str | None,
    chosen: tuple[str, ...],
    secrets: Path | None,
    passphrase_fd: int | None,
) -> Decided:
    with open_home(at, confirm, secrets) as opened:
        officers = terminal(opened, secrets, chosen, confirm)
        opening = partial(unlock, opened, secrets=secrets, passphrase_fd=passphrase_fd)
        decided = council.decide(action, opened, officers, opening)
    say(f"Logged as entry {decided.entry.index}.{_OUTCOMES[_when(decided.resolution).get('status')]}")
    return decided
