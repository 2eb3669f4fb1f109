"""The judgement as a value: ALLOW, NEEDS_APPROVAL or DENY, with every reason that speaks against signing."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from custody.codec.canonical_json import Json
from custody.errors import CustodyError


class Outcome(StrEnum):
    """How a request was judged."""

    ALLOW = "ALLOW"
    NEEDS_APPROVAL = "NEEDS_APPROVAL"
    DENY = "DENY"


#: What a policy may let more people answer for, instead of a denial: the word of a `Reason.concern`.
CONCERNS = ("duplicate", "stale_list", "unknown_destination", "new_destination", "out_of_hours")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a rule says no.

    Attributes:
        code: stable word from docs/spec/codes.md.
        rule: name of the rule, as in the policy file; ``transaction`` where the review itself refuses.
        observed: what the request holds, in words.
        required: what would have passed, in words.
        fact: path of the fact that was judged, such as ``outputs[0].amount``.
        evidence: what the fact rests on, by its digest.
        concern: of `CONCERNS`, where a policy may ask more people instead; empty where nobody can answer for it.
    """

    code: str
    rule: str
    observed: str
    required: str
    fact: str = ""
    evidence: str = ""
    concern: str = ""

    @classmethod
    def from_error(cls, error: CustodyError, rule: str, fact: str) -> "Reason":
        """A refusal by a strict reader of ``fact``, told as a reason."""
        return cls(error.code, rule, error.message, error.hint, fact)

    def resting_on(self, evidence: str) -> "Reason":
        """The same, with its evidence where it names none."""
        return self if self.evidence else replace(self, evidence=evidence)

    def as_json(self) -> dict[str, Json]:
        """The reason as canonical JSON values."""
        return {
            "code": self.code,
            "evidence": self.evidence,
            "fact": self.fact,
            "observed": self.observed,
            "required": self.required,
            "rule": self.rule,
        }


@dataclass(frozen=True, slots=True, order=True)
class Requirement:
    """Whom the policy asks: ``count`` different people of a ``role``, from at least so many ``organisations``."""

    count: int
    role: str
    organisations: int

    def as_json(self) -> dict[str, Json]:
        """The requirement as canonical JSON values."""
        return {"count": self.count, "organisations": self.organisations, "role": self.role}


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules said. Made by `of` only, so that a reason can never stand beside ALLOW.

    Attributes:
        reasons: what speaks against signing, and what is missing.
        requirements: what the policy asks for, met or not; all must hold.
        concerns: what would speak against signing, had the policy not asked more people to answer for it.
    """

    outcome: Outcome
    reasons: tuple[Reason, ...]
    requirements: tuple[Requirement, ...]
    concerns: tuple[Reason, ...] = ()

    @classmethod
    def of(
        cls,
        denials: Iterable[Reason],
        requirements: Iterable[Requirement],
        missing: Iterable[Reason] = (),
        concerns: Iterable[Reason] = (),
    ) -> "Decision":
        """DENY for any denial, else NEEDS_APPROVAL for anything missing, else ALLOW; everything in a fixed order."""
        against, lacking = set(denials), set(missing)
        outcome = Outcome.DENY if against else Outcome.NEEDS_APPROVAL if lacking else Outcome.ALLOW
        return cls(outcome, ordered(against | lacking), tuple(sorted(set(requirements))), ordered(concerns))

    @property
    def allowed(self) -> bool:
        """Whether the request may be confirmed and signed."""
        return self.outcome is Outcome.ALLOW

    def as_json(self) -> dict[str, Json]:
        """The decision as canonical JSON values."""
        return {
            "concerns": [concern.as_json() for concern in self.concerns],
            "outcome": str(self.outcome),
            "reasons": [reason.as_json() for reason in self.reasons],
            "requirements": [requirement.as_json() for requirement in self.requirements],
        }


def ordered(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Each reason once. Every field takes part: two processes must put the same reasons in the same order."""
    return tuple(sorted(set(reasons), key=_order))


def _order(one: Reason) -> tuple[str, ...]:
    return one.rule, one.code, one.observed, one.required, one.fact, one.evidence, one.concern
