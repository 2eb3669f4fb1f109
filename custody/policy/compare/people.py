"""Whom a new policy asks no more: approvals of every request, by amount, and where a concern is met."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from custody.policy.compare.change import Change, both, verdict
from custody.policy.decision import Requirement
from custody.policy.document import Policy
from custody.policy.explain import asks, people

#: A request of which each concern is raised.
_MET = {
    "duplicate": "a payment that repeats an earlier one",
    "stale_list": "a payment while the flagged list is too old to go without more approvals",
    "unknown_destination": "a payment to a destination that is not known",
    "new_destination": "a payment beyond the first to a payee who is new",
    "out_of_hours": "a request outside the hours",
}


def approvals(old: Policy, new: Policy) -> Iterator[Change]:
    """What is asked of every request."""
    yield from _by_role("approvals", "a request", together(old.approvals), together(new.approvals))


def escalations(old: Policy, new: Policy) -> Iterator[Change]:
    """What is asked where a concern is met; nobody may answer for one that the policy does not name."""
    for concern, met in _MET.items():
        before, after = old.answered(concern), new.answered(concern)
        if before and after:
            asked = (together([*one.approvals, *one.answered(concern)]) for one in (old, new))
            yield from _by_role(f"escalations.{concern}", met, *asked)
        elif before or after:
            example = f"{met}: {held(old, concern)} before, {held(new, concern)} now"
            yield Change(bool(after), f"escalations.{concern}", *both(_all, before, after), example)


def held(policy: Policy, concern: str) -> str:
    """How a policy holds what raises a concern: ``refused``, or ``with 2 approvers``."""
    answered = policy.answered(concern)
    return f"allowed with {_all(answered)}" if answered else "refused"


def together(requirements: Iterable[Requirement]) -> dict[str, Requirement]:
    """One requirement for each role that says what all of that role say together."""
    said: dict[str, Requirement] = {}
    for one in requirements:
        so_far = said.get(one.role, one)
        count, organisations = max(one.count, so_far.count), max(one.organisations, so_far.organisations)
        said[one.role] = Requirement(count, one.role, organisations)
    return said


def weaker(one: Requirement, other: Requirement) -> bool:
    """Whether ``one`` can be met where ``other`` is not."""
    return one.count < other.count or one.organisations < other.organisations


def nobody(role: str) -> Requirement:
    """What is asked of a role of which nobody is asked."""
    return Requirement(0, role, 0)


def approved(old: Requirement, new: Requirement) -> str:
    """Those who are enough under the weaker of two requirements, and not under the other, with the verdict."""
    loosens = weaker(new, old)
    who = new if loosens else old
    of = f" of {who.organisations} organisation{'' if who.organisations == 1 else 's'} in all" if who.count else ""
    return f"that {people(who)}{of} approved: {verdict(loosens=loosens, yes='enough', no='not enough')}"


def _by_role(rule: str, what: str, old: Mapping[str, Requirement], new: Mapping[str, Requirement]) -> Iterator[Change]:
    for role in sorted({*old, *new}):
        before, after = old.get(role, nobody(role)), new.get(role, nobody(role))
        if before != after:
            yield Change(weaker(after, before), rule, asks(before), asks(after), f"{what} {approved(before, after)}")


def _all(requirements: Sequence[Requirement]) -> str:
    return " and ".join(map(asks, requirements)) or "refused"
