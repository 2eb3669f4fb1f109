"""The judgement as a value: ALLOW, NEEDS_APPROVAL or DENY, with every reason that speaks against signing."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from custody.codec.canonical_json import Json
from custody.errors import CustodyError


class Outcome(StrEnum):
    """How a request was judged."""

    ALLOW = "ALLOW"
    DENY = "DENY"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a rule says no.

    Attributes:
        code: stable word from docs/spec/codes.md.
        rule: name of the rule, as in the policy file; ``transaction`` where the review itself refuses.
        observed: what the request holds, in words.
        required: what would have passed, in words.
    """

    code: str
    rule: str
    observed: str
    required: str

    @classmethod
    def from_error(cls, error: CustodyError, rule: str) -> "Reason":
        """A refusal by a strict reader, told as a reason."""
        return cls(error.code, rule, error.message, error.hint)

    def as_json(self) -> dict[str, Json]:
        """The reason as canonical JSON values."""
        return {"code": self.code, "observed": self.observed, "required": self.required, "rule": self.rule}


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules said. Made by `allow_unless` only, so that a reason can never stand beside ALLOW."""

    outcome: Outcome
    reasons: tuple[Reason, ...]

    @classmethod
    def allow_unless(cls, reasons: Iterable[Reason]) -> "Decision":
        """ALLOW when there is no reason against it; else DENY with all of them, in a fixed order."""
        ordered = tuple(sorted(set(reasons), key=_order))
        return cls(Outcome.DENY if ordered else Outcome.ALLOW, ordered)

    @property
    def allowed(self) -> bool:
        """Whether the request may be confirmed and signed."""
        return self.outcome is Outcome.ALLOW

    def as_json(self) -> dict[str, Json]:
        """The decision as canonical JSON values."""
        return {"outcome": str(self.outcome), "reasons": [reason.as_json() for reason in self.reasons]}


def _order(reason: Reason) -> tuple[str, str, str, str]:
    """Every field takes part: two processes must put the same reasons in the same order."""
    return reason.rule, reason.code, reason.observed, reason.required
