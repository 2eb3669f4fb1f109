"""The compliance desk: a folder with one file of each kind, and people whose keys gpg holds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import examples
import openpgp
import rosters
from desk import Ended, inside
from openpgp import key

from custody.wire.bundle import SignedBundle

FILES = {"policy": examples.POLICY, "list": examples.FLAGGED_LIST, "tokens": examples.TOKENS}


def roster_toml(**changes: Any) -> bytes:
    """The example's people; compliance and one approver with keys that exist."""
    real = ("Mori", "Kato", "Hara", "Ito")
    rows = [
        (name, role, organisation, openpgp.certificate(name) if name in real else certificate)
        for name, role, organisation, certificate in rosters.PEOPLE
    ]
    return rosters.roster_toml(rows, **changes)


class Office:
    """A folder with one file of each kind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for kind, content in {**FILES, "roster": roster_toml()}.items():
            self.path(kind).write_bytes(content)

    def path(self, name: str) -> Path:
        return self.folder / name

    def run(self, *arguments: object, by: Callable[..., Ended] = inside) -> Ended:
        """A command of the desk; names of files that are there, or end in a suffix, are of this folder."""
        given = [self.path(one) if isinstance(one, str) and "." in one and " " not in one else one for one in arguments]
        return by("compliance", *given, "--json")

    def sign(self, kind: str, file: str, *options: object, by: Callable[..., Ended] = inside) -> Ended:
        return self.run(kind, "sign", self.path(file), *options, by=by)

    def first(self, kind: str, *options: object) -> Ended:
        """The first bundle of a kind, signed by Mori unless said otherwise."""
        who = options or ("--key", key("Mori"))
        roster = ("--roster", self.path("roster"))
        return self.sign(kind, kind, "--previous", "none", *roster, *who, "-o", f"{kind}.bundle")

    def signed(self, name: str) -> SignedBundle:
        return SignedBundle.parse(self.path(name).read_bytes())
