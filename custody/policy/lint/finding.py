"""What a policy that can be read may still have wrong with it."""

from dataclasses import dataclass
from typing import Literal

from custody.codec.canonical_json import Json
from custody.policy.amounts_in_words import contract_of
from custody.policy.chain_policy import BOUND_KEYS
from custody.policy.decision import Requirement

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class LintFinding:
    """Something to look at before a policy is signed.

    Attributes:
        code: stable word from docs/spec/codes.md.
        severity: ``error`` where a clause does nothing, or nobody can be paid; ``warning`` where it may be meant so.
        where: the place in the file, such as ``chains.bitcoin.known_above``.
        why: what comes of it, in one sentence.
    """

    code: str
    severity: Severity
    where: str
    why: str

    def as_json(self) -> dict[str, Json]:
        """The finding as canonical JSON values."""
        return {"code": self.code, "severity": self.severity, "where": self.where, "why": self.why}


def error(code: str, where: str, why: str) -> LintFinding:
    """A finding that nobody means."""
    return LintFinding(code, "error", where, why)


def warning(code: str, where: str, why: str) -> LintFinding:
    """A finding that somebody may mean."""
    return LintFinding(code, "warning", where, why)


def bound_place(alias: str, bound: str, asset_id: str, *, coin: bool) -> str:
    """Where a bound stands: ``chains.bitcoin.known_above.coin``."""
    if coin:
        return f"chains.{alias}.{BOUND_KEYS[bound]}.coin"
    return f"chains.{alias}.tokens[{contract_of(asset_id)}].{BOUND_KEYS[bound]}"


def asks_more(one: Requirement, *others: Requirement) -> bool:
    """Whether a requirement asks for anybody whom the others together do not ask for already."""
    same = [other for other in others if other.role == one.role]
    people = max((other.count for other in same), default=0)
    organisations = max((other.organisations for other in same), default=0)
    return one.count > people or one.organisations > organisations
