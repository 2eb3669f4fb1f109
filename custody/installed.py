"""What a home has installed: its accounts, and the files that decide; none of them secret, each known by its digest."""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

from custody.chains import chain
from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.errors import InputError
from custody.evm.tokens import TokenRegistry
from custody.families import Account, account_type, parse_account
from custody.policy.document import Policy
from custody.screening.flagged import FlaggedList

MAX_ACCOUNTS_BYTES = 262_144


class Files(NamedTuple):
    """The exact bytes of the files that decide. Absent is not empty: without a policy or a list all is denied."""

    accounts: bytes
    policy: bytes | None
    flagged: bytes | None
    tokens: bytes | None = None


@dataclass(frozen=True, slots=True)
class Installed:
    """What these files say, each with the SHA-256 of its exact bytes.

    Attributes:
        origin: origin of this device's log. rehearsal: keys for practice, on test networks only.
        tokens: the tokens that are known; none where no registry is installed.
        sequence: of policy and list; those pinned when the home was made are number 0.
    """

    origin: str
    rehearsal: bool
    accounts: tuple[Account, ...]
    policy: Policy | None
    policy_digest: bytes | None
    flagged: FlaggedList | None
    list_digest: bytes | None
    tokens: TokenRegistry
    tokens_digest: bytes | None
    sequence: int = 0

    @classmethod
    def parse(cls, origin: str, files: Files, *, rehearsal: bool) -> "Installed":
        """What these files hold.

        Raises:
            InputError: a code of the policy, list, token or account reader.
        """
        return cls(
            origin=origin,
            rehearsal=rehearsal,
            accounts=parse_accounts(files.accounts),
            policy=None if files.policy is None else Policy.parse(files.policy),
            policy_digest=file_digest(files.policy),
            flagged=None if files.flagged is None else FlaggedList.parse(files.flagged),
            list_digest=file_digest(files.flagged),
            tokens=TokenRegistry(()) if files.tokens is None else TokenRegistry.parse(files.tokens),
            tokens_digest=file_digest(files.tokens),
        )

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
