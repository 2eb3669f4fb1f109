"""A decision in words."""

from custody.policy.decision import Decision, Reason, Requirement
from custody.policy.explain import render


def test_an_allowed_request_is_one_line() -> None:
    assert render(Decision.of([], ())) == "ALLOW: no rule speaks against this request."


def test_each_reason_says_what_was_seen_and_what_would_pass() -> None:
    decision = Decision.of(
        [Reason("B-B", "second", "a fee of 2", "at most 1"), Reason("A-A", "first", "nothing", "")], ()
    )
    assert render(decision).splitlines() == [
        "DENY: 2 reasons.",
        "1. A-A (rule first)",
        "   seen:   nothing",
        "2. B-B (rule second)",
        "   seen:   a fee of 2",
        "   remedy: at most 1",
    ]


def test_one_reason_is_not_reasons() -> None:
    assert render(Decision.of([Reason("A-A", "first", "x", "y")], ())).startswith("DENY: 1 reason.\n")


ASKED = [Requirement(1, "compliance", 1), Requirement(2, "approver", 2)]


def test_missing_approvals_are_told_with_what_the_policy_asks() -> None:
    decision = Decision.of([], ASKED, [Reason("A-A", "approvals", "1 approver", "2 approvers")])
    assert render(decision).splitlines() == [
        "NEEDS_APPROVAL: no rule speaks against this request, but approvals are missing, for 1 reason.",
        "1. A-A (rule approvals)",
        "   seen:   1 approver",
        "   remedy: 2 approvers",
        "The policy asks for 1 compliance officer and 2 approvers of 2 organisations.",
    ]


def test_what_the_policy_asks_is_told_where_it_was_met() -> None:
    assert render(Decision.of([], ASKED[:1])).splitlines() == [
        "ALLOW: no rule speaks against this request.",
        "The policy asks for 1 compliance officer.",
    ]
