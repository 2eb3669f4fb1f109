"""What a home has installed: its accounts, and the files that decide; none of them secret, each known by its digest."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from custody.chains import chain
from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.errors import InputError
from custody.evm.tokens import TokenRegistry
from custody.families import Account, account_type, parse_account
from custody.governance.contents import Content
from custody.governance.state import KINDS, Held
from custody.officers.roster import Roster
from custody.policy.document import Policy
from custody.screening.flagged import FlaggedList
from custody.screening.large import NONE, Lists
from custody.travel_rule.vasp_keys import VaspKeys

MAX_ACCOUNTS_BYTES = 262_144


class Files(NamedTuple):
    """The exact bytes of the files that decide. Absent is not empty: without a policy or a list all is denied."""

    accounts: bytes
    policy: bytes | None = None
    flagged: bytes | None = None
    tokens: bytes | None = None
    roster: bytes | None = None
    vasps: bytes | None = None

    @property
    def by_kind(self) -> dict[str, bytes]:
        """What is there of the kinds that bundles bring."""
        named = zip(KINDS, self[1:], strict=True)
        return {kind: content for kind, content in named if content is not None}

    @classmethod
    def of(cls, accounts: bytes, files: Mapping[str, bytes]) -> "Files":
        """From the files by kind."""
        return cls(accounts, *(files.get(kind) for kind in KINDS))


@dataclass(frozen=True, slots=True)
class Installed:
    """What these files say, each with the SHA-256 of its exact bytes.

    Attributes:
        origin: origin of this device's log. rehearsal: keys for practice, on test networks only.
        contents: by kind, the files that decide.
        tokens: the tokens that are known; none where no registry is installed.
        roster: None in a rehearsal home that was made without one.
        vasps: the keys of counterparties; None where no file of them is installed.
    """

    origin: str
    rehearsal: bool
    accounts: tuple[Account, ...]
    contents: Mapping[str, Content]
    policy: Policy | None
    flagged: FlaggedList | None
    tokens: TokenRegistry
    roster: Roster | None
    vasps: VaspKeys | None = None

    @classmethod
    def parse(cls, origin: str, files: Files, *, rehearsal: bool, lists: Lists = NONE) -> "Installed":
        """What these files hold, and of a list that is named there what ``lists`` hold.

        Raises:
            InputError: a code of the policy, list, token, roster, VASP-keys, bundle or account reader.
        """
        contents = {kind: Content.read(kind, exact) for kind, exact in files.by_kind.items()}
        bodies = {kind: content.body for kind, content in contents.items()}
        return cls(
            origin=origin,
            rehearsal=rehearsal,
            accounts=parse_accounts(files.accounts),
            contents=contents,
            policy=Policy.parse(bodies["policy"]) if "policy" in bodies else None,
            flagged=FlaggedList.parse(bodies["list"], lists) if "list" in bodies else None,
            tokens=TokenRegistry.parse(bodies["tokens"]) if "tokens" in bodies else TokenRegistry(()),
            roster=Roster.parse(bodies["roster"]) if "roster" in bodies else None,
            vasps=VaspKeys.parse(bodies["vasps"]) if "vasps" in bodies else None,
        )

    @property
    def held(self) -> dict[str, Held]:
        """By kind, how a state names what is installed."""
        return {kind: content.held for kind, content in self.contents.items()}

    @property
    def spans(self) -> dict[str, int]:
        """By kind, for how many seconds the bundles among them are valid."""
        return {kind: content.header.span for kind, content in self.contents.items() if content.header}

    def sequence(self, kind: str) -> int:
        """Sequence of the file of this kind; 0 for one that was pinned without a header, or is not there."""
        return self.contents[kind].sequence if kind in self.contents else 0

    def account(self, name: str) -> Account | None:
        """The registered account of this name."""
        return next((account for account in self.accounts if account.name == name), None)


def serialize_accounts(accounts: tuple[Account, ...]) -> bytes:
    """The file of registered accounts: canonical JSON."""
    rows: list[Json] = [
        {"chain": one.chain.chain_id, "descriptor": one.descriptor, "name": one.name, "type": account_type(one.chain)}
        for one in accounts
    ]
    return canonical_json.dumps({"accounts": rows, "version": 1})


def parse_accounts(text: bytes) -> tuple[Account, ...]:
    """The registered accounts in a file that `serialize_accounts` wrote.

    Raises:
        InputError: ACCOUNTS-FORM, or a code of the JSON or descriptor reader.
    """
    match canonical_json.loads(text, limit=MAX_ACCOUNTS_BYTES):
        case {"accounts": list(rows), "version": 1}:
            accounts = tuple(_account(row) for row in rows)
            if serialize_accounts(accounts) == text and len({one.name for one in accounts}) == len(accounts):
                return accounts
    raise InputError("ACCOUNTS-FORM", "The file of registered accounts is not in its form.")


def _account(row: Json) -> Account:
    match row:
        case {"chain": str(chain_id), "descriptor": str(descriptor), "name": str(name)}:
            return parse_account(name, chain(chain_id), descriptor)
    raise InputError("ACCOUNTS-FORM", "The file of registered accounts is not in its form.")


def file_digest(content: bytes | None) -> bytes | None:
    """SHA-256 of a file's exact bytes; none for a file that is absent."""
    return None if content is None else hashlib.sha256(content).digest()
