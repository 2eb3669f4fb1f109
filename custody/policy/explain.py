"""A decision in words, for the officer who has to act on it."""

from custody.policy.decision import Decision, Outcome, Reason, Requirement

_PEOPLE = {"approver": "approver", "compliance": "compliance officer"}


def render(decision: Decision) -> str:
    """The decision as plain lines: what was seen and what would have passed, reason by reason, and who is asked."""
    paragraphs = [_paragraph(number, reason) for number, reason in enumerate(decision.reasons, 1)]
    asked = " and ".join(map(asks, decision.requirements))
    return "\n".join([_heading(decision), *paragraphs, *([f"The policy asks for {asked}."] if asked else [])])


def asks(requirement: Requirement) -> str:
    """``2 approvers of 2 organisations``."""
    of = f" of {requirement.organisations} organisations" if requirement.organisations > 1 else ""
    return f"{people(requirement)}{of}"


def people(requirement: Requirement) -> str:
    """``2 approvers``, ``no approver``."""
    noun = _PEOPLE.get(requirement.role, requirement.role)
    return _plural(requirement.count, noun) if requirement.count else f"no {noun}"


def _heading(decision: Decision) -> str:
    count = _plural(len(decision.reasons), "reason")
    match decision.outcome:
        case Outcome.ALLOW:
            return "ALLOW: no rule speaks against this request."
        case Outcome.NEEDS_APPROVAL:
            return f"NEEDS_APPROVAL: no rule speaks against this request, but approvals are missing, for {count}."
        case Outcome.DENY:
            return f"DENY: {count}."


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _paragraph(number: int, reason: Reason) -> str:
    lines = [f"{number}. {reason.code} (rule {reason.rule})", f"   seen:   {reason.observed}"]
    return "\n".join([*lines, f"   remedy: {reason.required}"] if reason.required else lines)
