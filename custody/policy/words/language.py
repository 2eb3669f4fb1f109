"""What one language has for policies and decisions: tables of templates, and how numbers and people are said."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from custody.policy.decision import Requirement


@dataclass(frozen=True, slots=True)
class Language:
    """The tables of a language. Every language has the same keys, and each template the same places to fill.

    Attributes:
        clauses: of what a policy says, by clause; ``UNIT.one|many`` forms are parted by a bar.
        rules: what a rule holds, by its name.
        codes: what a reason means, by its code.
        remedies: what would make a request pass, by the words of `custody.policy.remedies`.
    """

    name: str
    clauses: Mapping[str, str]
    rules: Mapping[str, str]
    codes: Mapping[str, str]
    remedies: Mapping[str, str]

    def say(self, clause: str, **given: object) -> str:
        """A clause with its places filled."""
        return self.clauses[clause].format(**given)

    def count(self, unit: str, number: int) -> str:
        """``1 day``, ``2 days``."""
        one, _, many = self.clauses[f"unit.{unit}"].partition("|")
        return (one if number == 1 or not many else many).format(count=f"{number:,}")

    def asks(self, requirement: Requirement) -> str:
        """``2 approvers of 2 organisations``."""
        who = self.people(requirement)
        if requirement.organisations < 2:
            return who
        return self.say("asks.organisations", people=who, organisations=requirement.organisations)

    def people(self, requirement: Requirement) -> str:
        """``2 approvers``, ``no approver``."""
        if not requirement.count:
            return self.say(f"nobody.{requirement.role}")
        return self.count(requirement.role, requirement.count)

    def all_of(self, phrases: Iterable[str]) -> str:
        """The phrases with this language's "and" between them."""
        return self.clauses["and"].join(phrases)
