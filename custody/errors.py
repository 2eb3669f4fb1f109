"""Every failure that a caller may meet: a stable code, a message for people, a hint on what to do.

The codes are listed in docs/spec/codes.md. No message holds a key, a mnemonic, a passphrase or a customer's name.
A refusal by policy is not an error but a value: `custody.policy.decision.Decision`.
"""

from collections.abc import Mapping
from typing import ClassVar


class CustodyError(Exception):
    """A failure with a name.

    Attributes:
        code: stable upper-case word, e.g. ``PSBT-TRUNCATED``; never reused for another meaning.
        message: one sentence, shown to people.
        hint: what to do next, may be empty.
        details: further fields of the ``--json`` answer, JSON values only.
        exit_code: what the command line exits with.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, code: str, message: str, hint: str = "", details: Mapping[str, object] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.hint = hint
        self.details = details or {}


class UsageError(CustodyError):
    """The command was called in a way it does not offer."""

    exit_code = 2


class TransactionError(CustodyError):
    """A transaction that cannot be signed, whatever the policy says. The ceremony turns it into a DENY."""

    exit_code = 3


class TransactionErrors(TransactionError):
    """Several reasons at once why a transaction cannot be signed."""

    def __init__(self, errors: "tuple[TransactionError, ...]") -> None:
        super().__init__(errors[0].code, errors[0].message, errors[0].hint)
        self.errors = errors


class InputError(CustodyError):
    """Bytes, text, frames or a file that cannot be read, met before a request digest exists."""

    exit_code = 4


class HomeError(CustodyError):
    """The home refuses: wrong passphrase, corrupt, wrong role, edited, no space."""

    exit_code = 5


class Cancelled(CustodyError):
    """A person stopped the ceremony, or gave a wrong confirmation code."""

    exit_code = 6


class EvidenceError(CustodyError):
    """A log, proof, checkpoint or answer does not hold."""

    exit_code = 7
