"""The `custody` program as scripts meet it: as a program of its own, or, where many are run, inside this process."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ceremonies
import psbts

from custody import ceremony
from custody.cli import main

PROGRAM = str(Path(sys.executable).parent / "custody")
AT = ("--at", "2026-01-01T00:00:00Z")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    exit: int
    stdout: str
    stderr: str

    @property
    def fields(self) -> dict[str, Any]:
        """The one JSON object of a command that was given --json."""
        assert self.stdout.endswith("}\n"), self.stdout
        assert self.stdout.count("\n") == 1, self.stdout
        fields: dict[str, Any] = json.loads(self.stdout)
        assert fields["ok"] == (self.exit == 0)
        assert fields["ok"] or fields["exit"] == self.exit
        return fields

    @property
    def code(self) -> str:
        """The code of a failure."""
        error = self.fields["error"]
        assert set(error) == {"code", "message", "hint"}
        assert f"{error['code']}: {error['message']}" in self.stderr
        return str(error["code"])


def program(*arguments: object, **options: Any) -> Ended:
    """Run the installed program; without a terminal, without input."""
    given = {"stdin": subprocess.DEVNULL, "start_new_session": True} | options
    if "input" in options:
        del given["stdin"]
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False, **given)
    return Ended(done.returncode, done.stdout, done.stderr)


def inside(*arguments: object) -> Ended:
    """Run the same entry point in this process: for tables of many commands."""
    stdout, stderr = io.StringIO(), io.StringIO()
    code = 0
    with redirect_stdout(stdout), redirect_stderr(stderr):
        try:
            main([*map(str, arguments)])
        except SystemExit as end:
            code = int(end.code or 0)
    return Ended(code, stdout.getvalue(), stderr.getvalue())


Runner = Callable[..., Ended]


class Desk:
    """A folder with a signer's home, a place for a coordinator's, and the files of an honest request."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.signer = ceremonies.copy_home(folder / "signer")
        self.coordinator = folder / "coordinator"
        self.secrets = ceremonies.secrets_file(folder)
        self.request = folder / "w.request"
        self.request.write_bytes(ceremonies.request().serialize())
        self.psbt = folder / "unsigned.psbt"
        self.psbt.write_bytes(psbts.serialize(psbts.honest()))
        self.record = folder / "record.json"
        self.record.write_text(json.dumps(json.loads(ceremonies.record())["records"]))

    def path(self, name: str) -> Path:
        return self.folder / name

    @property
    def code(self) -> str:
        """The confirmation code of the request as the home now stands."""
        with ceremonies.open_home(self.signer) as opened:
            _, code = ceremony.review(self.request.read_bytes(), opened, ceremonies.NOW)
        assert code is not None
        return code

    def sign(self, out: str = "answer.response", *, run: Runner = inside, **changes: object) -> Ended:
        """The ceremony, everything given as a rehearsal may."""
        given = {"confirm": None, "secrets": self.secrets, "request": self.request} | changes
        confirm = given["confirm"] or self.code
        command = ("signer", "sign", given["request"], "--out", self.path(out), "--confirm", confirm, *AT)
        return run("--home", self.signer, *command, "--secrets", given["secrets"], "--json")

    def pair(self, *, run: Runner = inside) -> Ended:
        """Shows the signer's account export to the coordinator."""
        export = self.path(f"export-{len(list(self.folder.glob('export-*')))}.account")
        shown = run("--home", self.signer, "signer", "account", "export", "--out", export, "--json")
        assert shown.exit == 0, shown.stderr
        return run("--home", self.coordinator, "coordinator", "pair", export, "--json")

    def ask(self, name: str, *, run: Runner = inside, options: Sequence[object] = ()) -> Ended:
        """A request made by the coordinator."""
        files = ("--psbt", self.psbt, "--travel-rule", self.record, "-o", self.path(name))
        command = ("coordinator", "request", "--account", "treasury", *files, *options, "--json")
        return run("--home", self.coordinator, *command)

    def receive(self, answer: object, out: str = "w.response", *, run: Runner = inside) -> Ended:
        """The answer taken in."""
        files = (answer, "--request", self.request, "-o", self.path(out))
        return run("--home", self.coordinator, "coordinator", "receive", *files, "--json")


def environment(**changes: str) -> dict[str, str]:
    """This process's environment with changes."""
    return {**os.environ, **changes}
