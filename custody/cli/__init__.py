"""The command line: wires, no logic. One file a group, loaded when it is called.

People read stderr. With ``--json``, before or after the subcommand, stdout holds exactly one JSON object, also on
failure. The exit codes are those of docs/spec/command-line.md.
"""

import importlib
import json
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import Any

import click

from custody import __version__
from custody.errors import Cancelled, CustodyError, UsageError

_GROUPS = {
    "demo": "seven withdrawals, and what stolen keys cannot do, in throw-away homes",
    "signer": "the offline machine: keys, review, signing, log",
    "coordinator": "the online machine: builds requests, checks answers, finalises",
    "compliance": "policy, lists and rosters: check, compare, sign",
    "travel-rule": "checks who-pays-whom data (IVMS101) against a jurisdiction's demands",
    "audit": "checks the log of a signer",
    "qr": "messages to QR codes and back",
}


class _Session:
    """What the global options said."""

    def __init__(self) -> None:
        self.home: Path | None = None
        self.json = False


class _LazyGroup(click.Group):
    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(_GROUPS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _GROUPS:
            return None
        module = cmd_name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(f"custody.cli.{module}"), module)
        _add_global_options(command)
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_GROUPS.items()))


def _remember(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    if parameter.name == "home" and value:
        ctx.find_root().ensure_object(_Session).home = Path(value)
    if parameter.name == "json" and value:
        ctx.find_root().ensure_object(_Session).json = True


def _global_options() -> list[click.Option]:
    return [
        click.Option(["--home"], metavar="DIR", expose_value=False, callback=_remember, help="Home (or CUSTODY_HOME)."),
        click.Option(
            ["--json"], is_flag=True, expose_value=False, callback=_remember, help="One JSON object on stdout."
        ),
    ]


def _add_global_options(command: click.Command) -> None:
    if any(parameter.name == "json" for parameter in command.params):
        return
    command.params += _global_options()
    if isinstance(command, click.Group):
        for one in command.commands.values():
            _add_global_options(one)


root = _LazyGroup("custody", params=[*_global_options()], help="Offline key custody and signing.")
root = click.version_option(__version__, prog_name="custody")(root)


def home_folder(role: str) -> Path:
    """The home that --home, CUSTODY_HOME or the XDG data folder names, in this order."""
    session = click.get_current_context().find_root().ensure_object(_Session)
    if session.home:
        return session.home
    if named := os.environ.get("CUSTODY_HOME"):
        return Path(named)
    shared = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(shared) / "custody" / role


def for_people() -> bool:
    """Whether people read what the command shows, and no script its JSON."""
    return not click.get_current_context().find_root().ensure_object(_Session).json


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the console script: runs a command and exits with its code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        # Whatever a command shows to people, frames among it, stays out of the one JSON object.
        with redirect_stdout(sys.stderr) if "--json" in given else nullcontext():
            fields = root.main(given, prog_name="custody", standalone_mode=False) or {}
        exit_code = fields if isinstance(fields, int) else 0
        answer: dict[str, object] = {"ok": exit_code == 0, **({} if isinstance(fields, int) else fields)}
    except CustodyError as error:
        exit_code, answer = _failure(error)
    except click.UsageError as error:
        hint = f"See: {error.ctx.command_path} --help" if error.ctx else "See: custody --help"
        exit_code, answer = _failure(UsageError("USAGE", " ".join(error.format_message().split()), hint))
    except (click.Abort, KeyboardInterrupt, EOFError):
        exit_code, answer = _failure(Cancelled("CANCELLED", "Stopped before the end.", "No answer left this machine."))
    except Exception as error:
        # Exit 1 is a fault of ours. Its text may quote what must not be quoted: the kind and the place are enough.
        place = error.__traceback__
        while place and place.tb_next:
            place = place.tb_next
        where = f"{Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}" if place else "?"
        exit_code, answer = _failure(
            CustodyError("INTERNAL", f"A fault of the program: {type(error).__name__} at {where}.")
        )
    if "--json" in given:
        exit_code = max(exit_code, _tell_script(answer))
    sys.exit(exit_code)


def _tell_script(answer: dict[str, object]) -> int:
    """The one JSON object; 1 where nobody takes it, for the script must not believe that it was told."""
    try:
        click.echo(json.dumps(answer, sort_keys=True))
    except OSError as error:
        # What is still buffered would fail again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        click.echo(f"INTERNAL: Standard output takes nothing: {error.strerror}.", err=True)
        return 1
    return 0


def _failure(error: CustodyError) -> tuple[int, dict[str, object]]:
    # Text and figures need Unicode's tables, and a command that does what it should needs no screen.
    from custody.screen import printable

    click.echo(printable(f"{error.code}: {error.message}"), err=True)
    if error.hint:
        click.echo(f"  {printable(error.hint)}", err=True)
    told = {"code": error.code, "message": error.message, "hint": error.hint}
    return error.exit_code, {"ok": False, "exit": error.exit_code, **error.details, "error": told}
