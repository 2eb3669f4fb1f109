"""A decision in words, for the officer who has to act on it."""

from custody.policy.decision import Decision, Reason


def render(decision: Decision) -> str:
    """The decision as plain lines: what was seen and what would have passed, reason by reason."""
    if decision.allowed:
        return "ALLOW: no rule speaks against this request."
    count = len(decision.reasons)
    heading = f"{decision.outcome}: {count} reason{'' if count == 1 else 's'}."
    return "\n".join([heading, *(_paragraph(number, reason) for number, reason in enumerate(decision.reasons, 1))])


def _paragraph(number: int, reason: Reason) -> str:
    lines = [f"{number}. {reason.code} (rule {reason.rule})", f"   seen:   {reason.observed}"]
    return "\n".join([*lines, f"   remedy: {reason.required}"] if reason.required else lines)
