"""One difference between what is in force and what is proposed, in words for the officers who agree to it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from custody.codec.canonical_json import Json


@dataclass(frozen=True, slots=True)
class Change:
    """A difference.

    Attributes:
        loosens: whether it may make something possible that was not; only what provably does not is False.
        rule: what it is a change of, as the file names it.
        before: how it is. after: how it would be.
        example: one thing that is judged in another way.
    """

    loosens: bool
    rule: str
    before: str
    after: str
    example: str

    def as_json(self) -> dict[str, Json]:
        """The change as canonical JSON values."""
        return {
            "after": self.after,
            "before": self.before,
            "example": self.example,
            "loosens": self.loosens,
            "rule": self.rule,
        }


#: Tells the changes that follow from the difference in one field, from the values that hold the field.
FieldComparison = Callable[[Any, Any], Iterator[Change]]


def by_field(old: object, new: Any, comparisons: Mapping[str, FieldComparison]) -> Iterator[Change]:
    """The changes of a dataclass, field by field; a field that has no comparison loosens when it differs."""
    for field in fields(new):
        if getattr(old, field.name) == getattr(new, field.name):
            continue
        if field.name in comparisons:
            yield from comparisons[field.name](old, new)
        else:
            yield Change(True, field.name, "as it is", "another", "what this changes cannot be told")


def in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """What is newly allowed first."""
    return tuple(sorted(changes, key=lambda change: not change.loosens))


def both(words: Callable[[Any], str], old: object, new: object) -> tuple[str, str]:
    """Before and after, in the same words."""
    return words(old), words(new)


def verdict(*, loosens: bool, yes: str = "allowed", no: str = "refused") -> str:
    """``refused before, allowed now``, or the other way round."""
    return f"{no} before, {yes} now" if loosens else f"{yes} before, {no} now"
