"""A decision in words."""

from custody.policy.decision import Decision, Reason
from custody.policy.explain import render


def test_an_allowed_request_is_one_line() -> None:
    assert render(Decision.allow_unless([])) == "ALLOW: no rule speaks against this request."


def test_each_reason_says_what_was_seen_and_what_would_pass() -> None:
    decision = Decision.allow_unless(
        [Reason("B-B", "second", "a fee of 2", "at most 1"), Reason("A-A", "first", "nothing", "")]
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
    assert render(Decision.allow_unless([Reason("A-A", "first", "x", "y")])).startswith("DENY: 1 reason.\n")
