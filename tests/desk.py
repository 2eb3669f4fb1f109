"""The `custody` program as scripts meet it: as a program of its own, or, where many are run, inside this process."""

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ceremonies
import councils
import psbts

from custody import ceremony
from custody.cli import main
from custody.times import rfc3339
from custody.wire.bundle import SignedBundle

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
            _, code = ceremony.review(self.request.read_bytes(), opened)
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


class CouncilDesk:
    """A signer of several officers whose house has a roster, as the program made it, and where the bundles lie."""

    def __init__(self, folder: Path, prepared: "CouncilDesk | None" = None) -> None:
        """Made anew by `init`, or a copy of one that was."""
        self.folder = folder
        self.signer = folder / "signer"
        officers = [{"name": name, "passphrase": words} for name, words in councils.PASSPHRASES.items()]
        self.secrets = ceremonies.secrets_file(folder, officers=officers, threshold=2)
        if prepared:
            shutil.copytree(prepared.signer, self.signer)
            self.device = prepared.device
        else:
            self._make()

    def _make(self) -> None:
        options = {"roster": "--roster", "policy": "--policy", "list": "--list"}
        given = [
            one for kind, signed in councils.bundles().items() for one in (options[kind], self.write(kind, signed))
        ]
        made = self.run("init", "--rehearsal", "--secrets", self.secrets, *given)
        assert (made.exit, made.fields["officers"], made.fields["threshold"]) == (0, [*councils.PASSPHRASES], 2)
        account = ("treasury", "--type", "p2wpkh", "--chain", "regtest")
        assert self.run("account", "add", *account, "--secrets", self.secrets).exit == 0
        # A command without a time would set a rehearsal's clock to today.
        with ceremonies.open_home(self.signer) as opened:
            self.device = ceremonies.export(opened)

    def write(self, name: str, signed: SignedBundle) -> Path:
        """A bundle's file."""
        path = self.folder / f"{name}.bundle"
        path.write_bytes(signed.serialize())
        return path

    def run(self, *command: object, after: int = 0, run: Runner = inside) -> Ended:
        """A signer's command, so many seconds after the home was made; it tells no secret."""
        ended = run("--home", self.signer, "signer", *command, *at(after), "--json")
        secrets = (*councils.PASSPHRASES.values(), ceremonies.WORDS)
        assert not [one for one in secrets if one in ended.stdout + ended.stderr]
        return ended

    def decide(self, *command: object, after: int = 0, confirm: str | None = None, secrets: Path | None = None,
               run: Runner = inside) -> Ended:  # fmt: skip
        """A decision, everything given as a rehearsal may; the code is the one that is shown."""
        code = confirm or self.code(*command, after=after)
        return self.run(*command, "--confirm", code, "--secrets", secrets or self.secrets, after=after, run=run)

    def code(self, *command: object, after: int = 0) -> str:
        """The confirmation code of a decision about the home as it stands."""
        fields = self.run(*command, "--show", after=after).fields
        (shown,) = fields.get("installed", [fields])
        return str(shown["confirmation"])

    def install(self, signed: SignedBundle, **options: Any) -> Ended:
        """A bundle, installed or refused."""
        return self.decide("install", self.write("given", signed), **options)

    def ask(self, after: int = 0) -> Path:
        """An honest request, with its maker's signature and two approvals."""
        made = {"created": ceremonies.NOW + after, "expires": ceremonies.NOW + after + 3_600}
        asked = ceremonies.request(self.device, policy_sequence=1, list_sequence=1, **made)
        path = self.folder / "w.request"
        path.write_bytes(councils.approved(asked).serialize())
        return path

    def sign(self, asked: Path, out: str = "answer.response", *, after: int = 0, confirm: str | None = None,
             secrets: Path | None = None, run: Runner = inside) -> Ended:  # fmt: skip
        """The ceremony, everything given as a rehearsal may; the code is the one that `review` shows."""
        code = confirm or self.run("review", asked, after=after).fields["confirmation"]
        given = ("--out", self.folder / out, "--confirm", code, "--secrets", secrets or self.secrets)
        return self.run("sign", asked, *given, after=after, run=run)

    @property
    def status(self) -> dict[str, Any]:
        """What `status` tells, on the day the home was made."""
        return self.run("status").fields

    def kinds(self, after: int = 0) -> list[str]:
        """What the log tells after the home was made and its account was added."""
        kinds = ceremonies.kinds(self.signer, ceremonies.NOW + after)
        assert kinds[:5] == ["init", "roster", "policy", "list", "account"]
        return kinds[5:]

    def last(self, after: int = 0) -> dict[str, Any]:
        """The private part of the newest entry."""
        with ceremonies.open_home(self.signer, ceremonies.NOW + after) as opened:
            return dict(opened.log.private(opened.log.size - 1))


def at(after: int) -> tuple[str, str]:
    """The option for the moment so many seconds after the prepared homes were made."""
    return "--at", rfc3339(ceremonies.NOW + after)


def environment(**changes: str) -> dict[str, str]:
    """This process's environment with changes."""
    return {**os.environ, **changes}
